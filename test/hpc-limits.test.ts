import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The profile `hpc`: what a program may use, and what stands between it and who started it.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: limits of the profile hpc, because ${why}`);
// On version 2 the same options write other files, which the unit tests know; the numbers are looked at on version 1.
const isV1 = existsSync("/sys/fs/cgroup/memory/cgroup.procs") && process.getuid?.() === 0;

let vial: TestVial;
let person: Person;
let box: string;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  person = openPerson(vial, "viallim");
  box = `${vial.folder}/box`;
  writeFileSync(`${vial.folder}/x.def`, "Bootstrap: docker\nFrom: busybox\n");
  await vial.ok("build", "-q", "--sandbox", box, `${vial.folder}/x.def`);
}, setupTimeout);

afterAll(async () => {
  if (vial === undefined) return;
  await person.asRoot(["instance", "stop", "--all", "--force"]);
  await person.asUser(["instance", "stop", "--all", "--force"]);
  person.close();
  await vial.close();
}, setupTimeout);

const controllers = ["cpu", "cpuset", "memory", "pids", "blkio"];

/** The folder of this test's own group in a hierarchy of version 1. */
function place(controller: string, text = readFileSync("/proc/self/cgroup", "utf8")): string {
  const path = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m").exec(text)?.[1] ?? "/";
  return `/sys/fs/cgroup/${controller}${path === "/" ? "" : path}`;
}

/** The groups of programs, by their folders. */
function groups(): readonly string[] {
  return controllers.flatMap((controller) =>
    readdirSync(place(controller))
      .filter((name) => name.startsWith("vial-hpc-"))
      .map((name) => `${place(controller)}/${name}`),
  );
}

describe.skipIf(why !== undefined || !isV1)("limits", () => {
  /** What the kernel has for a program with these flags, file by file. */
  async function limitsOf(flags: readonly string[], files: readonly (readonly [string, string])[]) {
    const ready = `${person.home}/ready`;
    const look = `echo > ${ready}; while [ -e ${ready} ]; do sleep 0.1; done`;
    const run = vial.command([person.program, "exec", ...flags, box, "sh", "-c", look], {
      env: { HOME: person.home },
      cwd: person.home,
      timeout: 60_000,
    });
    await vial.until("it runs", () => existsSync(ready));
    const pid = groups()
      .flatMap((folder) => readFileSync(`${folder}/cgroup.procs`, "utf8").split("\n"))
      .find((line) => line !== "");
    const text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
    const found = files.map(([controller, file]) =>
      readFileSync(`${place(controller, text)}/${file}`, "utf8").trim(),
    );
    Bun.spawnSync(["rm", ready]);
    expect(await run).toMatchObject({ code: 0 });
    return found;
  }

  test("are what the kernel holds the program to, in every hierarchy", async () => {
    const flags = ["--memory", "64m", "--memory-swap", "96m", "--memory-reservation", "32m"];
    flags.push("--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--cpuset-mems", "0");
    flags.push("--pids-limit", "20", "--oom-kill-disable");
    expect(
      await limitsOf(flags, [
        ["memory", "memory.limit_in_bytes"],
        ["memory", "memory.memsw.limit_in_bytes"],
        ["memory", "memory.soft_limit_in_bytes"],
        ["cpu", "cpu.cfs_quota_us"],
        ["cpu", "cpu.shares"],
        ["cpuset", "cpuset.cpus"],
        ["cpuset", "cpuset.mems"],
        ["pids", "pids.max"],
      ]),
    ).toEqual(["67108864", "100663296", "33554432", "50000", "512", "0", "0", "20"]);
  });

  test("act: memory ends the program, and no process more is started than there may be", async () => {
    const hog = await person.asRoot([
      "exec",
      "--memory",
      "64m",
      box,
      "dd",
      "if=/dev/zero",
      "of=/dev/null",
      "bs=200M",
    ]);
    expect(hog.code).toBe(137);
    const fork = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait";
    const forks = await person.asRoot(["exec", "--pids-limit", "5", box, "sh", "-c", fork]);
    expect(forks.err).toContain("can't fork");
    const pids = await person.asRoot(["exec", "-C", "--pids-limit", "5", box, "sh", "-c", fork]);
    expect(pids.err).toContain("can't fork");
  });

  test("by a file, by a variable, and by Apptainer's name", async () => {
    const path = `${vial.folder}/limits.toml`;
    writeFileSync(path, "[memory]\nlimit = 67108864\n[pids]\nlimit = 50\n");
    const look = "grep -E ':(memory|pids):' /proc/self/cgroup | grep -c vial-hpc";
    const words = ["exec", "--apply-cgroups", path, box, "sh", "-c", look];
    expect((await person.asRoot(words)).out).toBe("2\n");
    const by = await person.asRoot(["exec", box, "sh", "-c", look], { env: { APPTAINER_PIDS_LIMIT: "9" } });
    expect(by.out).toBe("1\n");
    const apptainer = `${vial.folder}/apptainer`;
    Bun.spawnSync(["ln", "-sf", "vial", apptainer]);
    const called = await vial.command([apptainer, ...words], { cwd: vial.folder, timeout: 60_000 });
    expect(called).toMatchObject({ code: 0, out: "2\n" });
  });

  test("what the kernel does not take is refused, and leaves no group", async () => {
    const odd = await person.asRoot(["exec", "--cpuset-cpus", "4000", "--pids-limit", "9", box, "true"]);
    expect(odd).toMatchObject({ code: 125, err: expect.stringContaining("Cannot set --cpuset-cpus") });
    const file = `${vial.folder}/unified.toml`;
    writeFileSync(file, '[unified]\n"memory.high" = "60M"\n');
    const newer = await person.asRoot(["exec", "--apply-cgroups", file, box, "true"]);
    expect(newer).toMatchObject({ code: 125, err: expect.stringContaining("version 1 of control groups") });
    const missing = await person.asRoot(["exec", "--memory", "64m", box, "no-such-program"]);
    expect(missing.code).toBe(127);
    const unbound = await person.asRoot(["exec", "--memory", "64m", "--bind", "/no/such:/x", box, "true"]);
    expect(unbound.code).toBe(125);
    // Of those that ran, the next one removes what is left.
    await person.asRoot(["exec", "--pids-limit", "9", box, "true"]);
    const last = await person.asRoot(["exec", "--pids-limit", "9", "--bind", "/no/such:/x", box, "true"]);
    expect(last.code).toBe(125);
    expect(groups()).toEqual([]);
  });

  test("a user is refused with the way out, or gets them in a group of his own", async () => {
    const closed = await person.asUser(["exec", "--pids-limit", "20", box, "true"]);
    expect(closed.code).toBe(125);
    expect(closed.err).toContain("Cannot set --pids-limit");
    expect(closed.err).toContain("[next: ");
    const own = `${place("pids")}/vial-test-${process.pid}`;
    mkdirSync(own);
    try {
      Bun.spawnSync(["chown", "-R", person.user, own]);
      const start = ["sh", "-c", `echo 0 > ${own}/cgroup.procs && exec "$@"`, "sh"];
      const user = ["setpriv", "--reuid", person.user, "--regid", person.user, "--init-groups"];
      const look = ["exec", "--pids-limit", "20", box, "grep", ":pids:", "/proc/self/cgroup"];
      const run = async () =>
        await vial.command([...start, ...user, person.program, ...look], {
          env: { HOME: person.home, VIAL_ROOT: "" },
          cwd: person.home,
          timeout: 60_000,
        });
      expect((await run()).out).toMatch(/\/vial-test-\d+\/vial-hpc-\d+-\d+\n$/);
    } finally {
      for (const name of readdirSync(own).filter((entry) => entry.startsWith("vial-")))
        rmdirSync(`${own}/${name}`);
      rmdirSync(own);
    }
  });

  test("of an instance hold for what comes later, and go with it", async () => {
    const started = await person.asRoot(["instance", "start", "--pids-limit", "30", box, "lim"]);
    expect(started.code).toBe(0);
    const group = groups().find((folder) => folder.startsWith(place("pids"))) ?? "";
    expect(readFileSync(`${group}/pids.max`, "utf8")).toBe("30\n");
    const { out } = await person.asRoot(["exec", "instance://lim", "grep", ":pids:", "/proc/self/cgroup"]);
    expect(group.endsWith(out.trim().replace(/^.*:/, "").replace(/^.*\//, "/"))).toBe(true);
    expect((await person.asRoot(["instance", "stop", "lim"])).code).toBe(0);
    expect(existsSync(group)).toBe(false);
  });
});

describe.skipIf(why !== undefined)("process ids of its own", () => {
  const start = (way: "root" | "user", words: readonly string[]) => {
    const user = ["setpriv", "--reuid", person.user, "--regid", person.user, "--init-groups"];
    return Bun.spawn([...(way === "root" ? [] : user), person.program, ...words], {
      env: { ...vial.environment(), HOME: person.home, ...(way === "root" ? {} : { VIAL_ROOT: "" }) },
      cwd: person.home,
      stdio: ["ignore", "pipe", "pipe"],
    });
  };
  /** The process of the host whose command line is this. */
  const find = (line: string) =>
    readdirSync("/proc").find((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8") === line;
      } catch {
        return false;
      }
    });
  const sleeping = (seconds: string) => find(`sleep\0${seconds}\0`);

  describe.each(["root", "user"] as const)("as %s", (way) => {
    test("SIGTERM ends a program that has no handler for it, and SIGKILL of its parent all inside", async () => {
      const seconds = way === "root" ? "7101" : "7102";
      for (const [signal, code] of [
        ["SIGTERM", 143],
        ["SIGKILL", 137],
      ] as const) {
        const child = start(way, ["exec", "--pid", box, "sleep", seconds]);
        await vial.until("it sleeps", () => sleeping(seconds) !== undefined);
        child.kill(signal);
        expect(await child.exited).toBe(code);
        await vial.until("nothing goes on", () => sleeping(seconds) === undefined);
      }
    });

    test("the program gets the signal itself, and its code comes out", async () => {
      const script = `trap "exit 7" USR1; echo > ${person.home}/told; while :; do sleep 0.1; done`;
      for (const flags of [["--pid"], ["--pid", "--no-init"], ["-C", "--bind", person.home]]) {
        const child = start(way, ["exec", ...flags, box, "sh", "-c", script]);
        await vial.until("it is ready", () => existsSync(`${person.home}/told`));
        child.kill("SIGUSR1");
        expect(await child.exited).toBe(7);
        Bun.spawnSync(["rm", `${person.home}/told`]);
      }
    });

    test("what nohup(1) has it ignore, it ignores; orphans are cleared up after", async () => {
      const nohup = ["nohup", person.program, "exec", "--pid", box, "grep", "SigIgn", "/proc/self/status"];
      const user = ["setpriv", "--reuid", person.user, "--regid", person.user, "--init-groups"];
      const said = await vial.command(way === "root" ? nohup : [...user, ...nohup], {
        env: { HOME: person.home, VIAL_ROOT: "" },
        cwd: person.home,
        timeout: 60_000,
      });
      expect(Number.parseInt(said.out.replace("SigIgn:", "").trim(), 16) & 1).toBe(1);
      const orphan = "(sleep 0.1 &); sleep 0.5; grep -l 'State:.Z' /proc/[0-9]*/status | wc -l";
      const run = way === "root" ? person.asRoot : person.asUser;
      expect((await run(["exec", "--pid", box, "sh", "-c", orphan])).out).toBe("0\n");
    });

    test("process 1 is in the container's root, and the program in the caller's folder", async () => {
      const run = way === "root" ? person.asRoot : person.asUser;
      const { out } = await run(["exec", "--pid", box, "sh", "-c", "pwd; ls -l /proc/1/root /proc/1/cwd"]);
      expect(out.split("\n")[0]).toBe(person.home);
      expect(out).not.toContain("-> /tmp");
      if (way === "root")
        expect((await run(["exec", "-C", box, "ls", `/proc/1/root${vial.folder}`])).code).not.toBe(0);
    });

    test("SIGTERM reaches a program in an instance", async () => {
      const seconds = way === "root" ? "7103" : "7104";
      const name = `told-${way}`;
      const run = way === "root" ? person.asRoot : person.asUser;
      const env = { HOME: person.home };
      expect((await run(["instance", "start", box, name], { env })).code).toBe(0);
      const child = start(way, ["exec", `instance://${name}`, "sleep", seconds]);
      await vial.until("it sleeps", () => sleeping(seconds) !== undefined);
      child.kill("SIGTERM");
      expect(await child.exited).toBe(143);
      await vial.until("nothing goes on", () => sleeping(seconds) === undefined);
      expect((await run(["instance", "stop", name], { env })).code).toBe(0);
    });
  });
});
