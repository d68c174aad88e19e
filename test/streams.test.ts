import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// What goes in and out of containers: streams, logs, attach, exec, events, health.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the streams of containers, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

/** The two ways to run: directly under the runtime, and under conmon. */
const ways = [
  ["directly", ["--rm"]],
  ["under conmon", []],
] as const;

suite.each(ways)("run %s", (_, flags) => {
  test("keeps stdout and stderr apart and gives the program's code", async () => {
    const outcome = await vial.run("run", ...flags, "busybox", "sh", "-c", "echo o; echo e >&2; exit 7");
    expect(outcome).toEqual({ code: 7, out: "o\n", err: "e\n" });
  });

  test("-i gives it this stdin and its end", async () => {
    const outcome = await vial.call(["run", "-i", ...flags, "busybox", "cat"], { input: "one\ntwo" });
    expect(outcome).toEqual({ code: 0, out: "one\ntwo", err: "" });
  });

  test("without -i the program reads nothing", async () => {
    const outcome = await vial.call(["run", ...flags, "busybox", "cat"], { input: "lost" });
    expect(outcome).toEqual({ code: 0, out: "", err: "" });
  });

  test("loses nothing of 50 MB", async () => {
    const { code, out } = await vial.run(
      "run",
      ...flags,
      "busybox",
      "sh",
      "-c",
      "yes 0123456 | head -c 50000000 | tee /dev/stderr 2>/dev/null | wc -c; yes 0123456 | head -c 50000000",
    );
    expect(code).toBe(0);
    expect(out.length).toBe("50000000\n".length + 50_000_000);
  }, 60_000);

  test("a program killed by a signal gives 128 and its number", async () => {
    expect((await vial.run("run", ...flags, "busybox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?")).code).toBe(
      137,
    );
  });

  test("a command that is not there is 127, one that cannot be executed 126, and said once", async () => {
    const missing = await vial.run("run", ...flags, "busybox", "nope");
    expect(missing.code).toBe(127);
    expect(missing.err).toStartWith('vial: Cannot run "nope"');
    expect(missing.err.trim().split("\n")).toHaveLength(1);
    expect((await vial.run("run", ...flags, "busybox", "/etc")).code).toBe(126);
    expect((await vial.run("run", ...flags, "busybox", "/opt/not-executable")).code).toBe(126);
  });

  test("passes SIGTERM on", async () => {
    const child = vial.start([
      "run",
      ...flags,
      "--name",
      "signalled",
      "busybox",
      "sh",
      "-c",
      "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done",
    ]);
    await vial.until("it runs", async () => (await vial.run("exec", "signalled", "true")).code === 0);
    await Bun.sleep(100);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(9);
    await vial.run("rm", "-f", "signalled");
  });
});

suite("logs", () => {
  test("gives both streams, the last lines, times, and what a killed container printed", async () => {
    await vial.ok(
      "run",
      "--name",
      "logged",
      "busybox",
      "sh",
      "-c",
      "for i in 1 2 3 4; do echo line $i; done; echo bad >&2; printf partial",
    );
    expect(await vial.run("logs", "logged")).toEqual({
      code: 0,
      out: "line 1\nline 2\nline 3\nline 4\npartial",
      err: "bad\n",
    });
    expect((await vial.run("logs", "--tail", "2", "logged")).out).toBe("partial");
    expect((await vial.run("logs", "-t", "--tail", "6", "logged")).out).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+\S* line 1\n/,
    );
    expect((await vial.run("logs", "--since", "1h", "logged")).out).toContain("line 1");
    expect((await vial.run("logs", "--until", "1h", "logged")).out).toBe("");
  });

  test("-f goes on until the container has ended", async () => {
    await vial.ok(
      "run",
      "-d",
      "--name",
      "followed",
      "busybox",
      "sh",
      "-c",
      "for i in 1 2 3; do echo $i; sleep 0.2; done",
    );
    expect(await vial.run("logs", "-f", "followed")).toEqual({ code: 0, out: "1\n2\n3\n", err: "" });
  });

  test("says why there is none", async () => {
    await vial.ok("run", "--name", "silent", "--log-driver", "none", "busybox", "echo", "hi");
    const outcome = await vial.run("logs", "silent");
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain("none is kept");
  });
});

suite("exec", () => {
  beforeAll(
    async () =>
      void (await vial.ok("run", "-d", "--name", "host-of-exec", "-e", "A=1", "busybox", "sleep", "1000")),
    setupTimeout,
  );

  test.each([
    ["gives the code", ["host-of-exec", "sh", "-c", "exit 5"], 5, ""],
    ["has the container's environment", ["host-of-exec", "sh", "-c", "echo $A"], 0, "1\n"],
    ["-e", ["-e", "B=2", "host-of-exec", "sh", "-c", "echo $A$B"], 0, "12\n"],
    ["-w", ["-w", "/tmp", "host-of-exec", "pwd"], 0, "/tmp\n"],
    [
      "-u",
      ["-u", "alice", "host-of-exec", "sh", "-c", "id -u; id -g; echo $HOME"],
      0,
      "1000\n1000\n/home/alice\n",
    ],
    ["127", ["host-of-exec", "nope"], 127, ""],
    ["126", ["host-of-exec", "/opt/not-executable"], 126, ""],
    [
      "leaves no signal ignored",
      ["host-of-exec", "grep", "SigIgn", "/proc/self/status"],
      0,
      "SigIgn:\t0000000000000000\n",
    ],
  ] as const)("%s", async (_, words, code, out) => {
    const outcome = await vial.run("exec", ...words);
    expect([outcome.code, outcome.out]).toEqual([code, out]);
  });

  test("runs as the container's user, in its folder, with its groups and limits", async () => {
    const recipe = `${vial.folder}/exec-recipe`;
    mkdirSync(recipe);
    writeFileSync(`${recipe}/Dockerfile`, "FROM busybox\nWORKDIR /srv/app\nUSER 10001:10002\nENV B=2\n");
    await vial.ok("build", "-q", "-t", "other-user", recipe);
    const own = ["--ulimit", "nofile=100:200", "--security-opt", "no-new-privileges", "--group-add", "77"];
    await vial.ok("run", "-d", "--name", "others", ...own, "other-user", "sleep", "1000");
    const look =
      "id -u; id -g; id -G; pwd; ulimit -n; grep -E '^(NoNewPrivs|CapEff)' /proc/self/status; echo $B";
    const said = [
      "10001",
      "10002",
      "10002 77",
      "/srv/app",
      "100",
      "CapEff:\t0000000000000000",
      "NoNewPrivs:\t1",
      "2",
    ];
    expect((await vial.ok("exec", "others", "sh", "-c", look)).split("\n")).toEqual(said);
    expect(await vial.ok("exec", "-u", "0", "others", "id", "-u")).toBe("0");
    await vial.ok("rm", "-f", "others");
    // The same for root elsewhere than at the top.
    await vial.ok("run", "-d", "--name", "others", "-w", "/tmp", "busybox", "sleep", "1000");
    expect(await vial.ok("exec", "others", "pwd")).toBe("/tmp");
    await vial.ok("rm", "-f", "others");
    const check = ["--health-cmd", "id -u; pwd", "--health-interval", "100ms"];
    await vial.ok("run", "-d", "--name", "others", ...check, "other-user", "sleep", "1000");
    const health = async () => await vial.inspect("others", "{{json .State.Health}}");
    await vial.until("a health check runs as that user, there", async () =>
      (await health()).includes("10001\\n/srv/app\\n"),
    );
    await vial.ok("rm", "-f", "others");
  });

  test("-i gives it this stdin", async () => {
    expect((await vial.call(["exec", "-i", "host-of-exec", "cat"], { input: "in" })).out).toBe("in");
    expect((await vial.call(["exec", "host-of-exec", "cat"], { input: "in" })).out).toBe("");
  });

  test("-t without a terminal here gives the program one of its own; -it is refused", async () => {
    const script =
      "test -t 0 && test -t 1 && i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; exit 3";
    const { code, out } = await vial.run("exec", "-t", "host-of-exec", "sh", "-c", script);
    expect(code).toBe(3);
    expect(out.split("\r\n").length).toBe(2001);
    expect((await vial.run("exec", "-it", "host-of-exec", "true")).err).toContain("leave out");
  });

  test("-d runs in the background", async () => {
    await vial.ok("exec", "-d", "host-of-exec", "touch", "/tmp/done");
    await vial.until(
      "it is done",
      async () => (await vial.run("exec", "host-of-exec", "test", "-e", "/tmp/done")).code === 0,
    );
  });

  test("is filtered by seccomp like the container itself", async () => {
    expect(await vial.ok("exec", "host-of-exec", "grep", "Seccomp:", "/proc/self/status")).toBe(
      "Seccomp:\t2",
    );
  });

  test("is refused where nothing runs", async () => {
    await vial.ok("create", "--name", "idle", "busybox");
    const outcome = await vial.run("exec", "idle", "true");
    expect(outcome.err).toContain("it is not running");
    await vial.ok("pause", "host-of-exec");
    expect((await vial.run("exec", "host-of-exec", "true")).err).toContain("it is paused");
    await vial.ok("unpause", "host-of-exec");
  });
});

suite("attach", () => {
  test("joins a running container and ends with its code", async () => {
    await vial.ok(
      "run",
      "-d",
      "-i",
      "--name",
      "joined",
      "busybox",
      "sh",
      "-c",
      "read line; echo got $line; exit 3",
    );
    const outcome = await vial.call(["attach", "joined"], { input: "word\n" });
    expect(outcome).toEqual({ code: 3, out: "got word\n", err: "" });
  });

  test("start -a follows a container that was created", async () => {
    await vial.ok("create", "--name", "made", "busybox", "sh", "-c", "echo started; exit 4");
    expect(await vial.run("start", "-a", "made")).toEqual({ code: 4, out: "started\n", err: "" });
  });
});

suite("top, stats and events", () => {
  test("top lists the processes as the host sees them", async () => {
    await vial.ok("run", "-d", "--name", "watched", "busybox", "sleep", "1000");
    const text = await vial.ok("top", "watched");
    expect(text).toMatch(/^UID +PID +PPID/);
    expect(text).toContain("sleep 1000");
    expect(await vial.ok("top", "watched", "aux")).toMatch(
      /^USER +PID +%CPU +%MEM +VSZ +RSS +TTY +STAT +START +TIME +COMMAND\nroot +\d+ +\d+\.\d +\d+\.\d /,
    );
    expect(await vial.ok("top", "watched", "-o", "pid,args")).toMatch(/^PID +COMMAND\n\d+ +sleep 1000$/);
  });

  test("stats shows what a container uses", async () => {
    const line = JSON.parse(await vial.ok("stats", "--no-stream", "--format", "json", "watched")) as Record<
      string,
      string
    >;
    expect(line.Name).toBe("watched");
    expect(line.Container).toBe("watched");
    const other = await vial.ok("run", "-d", "--name", "newer", "busybox", "sleep", "1000");
    for (const order of [
      ["watched", "newer"],
      ["newer", "watched"],
    ])
      expect(await vial.ok("stats", "--no-stream", "--format", "{{.Name}}", ...order)).toBe(order.join("\n"));
    await vial.ok("rm", "-f", other);
    expect(line.PIDs).toBe("1");
    expect(line.MemUsage).toMatch(/^[\d.]+(B|KiB|MiB) \/ [\d.]+GiB$/);
  });

  test("events tells what happened, filtered", async () => {
    const text = await vial.ok(
      "events",
      "--since",
      "10m",
      "--until",
      "0s",
      "--filter",
      "container=watched",
      "--format",
      "{{.Action}}",
    );
    expect(text.split("\n").slice(0, 2)).toEqual(["create", "start"]);
    // A key that one event has and another has not.
    const flags = [
      "--since",
      "10m",
      "--until",
      "0s",
      "--filter",
      "container=watched",
      "--filter",
      "event=create",
    ];
    const format = "{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}";
    expect(await vial.ok("events", ...flags, "--format", format)).toBe("watched <no value>");
  });
});

suite("health", () => {
  test("a check that passes makes the container healthy, one that fails unhealthy", async () => {
    const flags = ["--health-interval", "100ms", "--health-retries", "2", "--health-timeout", "5s"];
    await vial.ok(
      "run",
      "-d",
      "--name",
      "well",
      "--health-cmd",
      "true",
      ...flags,
      "busybox",
      "sleep",
      "1000",
    );
    await vial.ok(
      "run",
      "-d",
      "--name",
      "ill",
      "--health-cmd",
      "echo broken; exit 1",
      ...flags,
      "busybox",
      "sleep",
      "1000",
    );
    await vial.until(
      "well is healthy",
      async () => (await vial.inspect("well", "{{.State.Health.Status}}")) === "healthy",
    );
    await vial.until(
      "ill is unhealthy",
      async () => (await vial.inspect("ill", "{{.State.Health.Status}}")) === "unhealthy",
    );
    expect(await vial.inspect("ill", "{{(index .State.Health.Log 0).Output}}")).toBe("broken");
    expect(await vial.ok("ps", "--filter", "health=healthy", "--format", "{{.Names}}")).toBe("well");
    await vial.ok("rm", "-f", "well", "ill");
  }, 30_000);
});
