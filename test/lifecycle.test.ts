import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The life of a container from create to rm, by every verb, and what a kill -9 in between leaves behind.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the life of containers, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;

beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

// One that failed leaves nothing to the next one.
afterEach(async () => {
  const ids = vial?.containerIds() ?? [];
  if (ids.length > 0) await vial.run("rm", "-f", ...ids);
});

async function sleeper(...flags: readonly string[]): Promise<string> {
  return await vial.ok("run", "-d", ...flags, "busybox", "sleep", "1000");
}

/** Starts a shell script in the background, and waits until it has set its traps and said "ready". */
async function trapper(script: string): Promise<string> {
  const id = await vial.ok("run", "-d", "busybox", "sh", "-c", script.replace("; ", "; echo ready; "));
  await untilReady(id);
  return id;
}

async function untilReady(id: string, times = 1): Promise<void> {
  const log = `${vial.root}/containers/${id}/log`;
  await vial.until("ready", () => readFileSync(log, "utf8").split("F ready\n").length > times);
}

async function status(container: string): Promise<string> {
  return await vial.inspect(container, "{{.State.Status}}");
}

async function monitorOf(id: string): Promise<number> {
  return Number(readFileSync(`${vial.root}/run/c/${id.slice(0, 16)}/conmon.pid`, "utf8"));
}

function names(): readonly string[] {
  return readdirSync(`${vial.root}/names`).sort();
}

async function gone(pid: number): Promise<void> {
  await vial.until(`process ${pid} is gone`, () => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.startsWith("Z") === true;
    } catch {
      return true;
    }
  });
}

suite("create and start", () => {
  test("create prints the id and starts nothing; start prints what it was given", async () => {
    const id = await vial.ok("create", "--name", "made", "busybox", "sh", "-c", "echo run; exit 5");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await vial.inspect("made", "{{.State.Status}} {{.State.Pid}} {{.State.StartedAt}}")).toBe(
      "created 0 0001-01-01T00:00:00Z",
    );
    expect(await vial.ok("start", "made")).toBe("made");
    expect(await vial.ok("wait", id.slice(0, 10))).toBe("5");
    expect(await vial.ok("logs", "made")).toBe("run");
    await vial.ok("rm", "made");
  });

  test("start -a follows the output and ends with the program's code; -i gives it our input", async () => {
    await vial.ok("create", "--name", "attached", "-i", "busybox", "sh", "-c", "cat; echo err >&2; exit 6");
    const { code, out, err } = await vial.call(["start", "-a", "-i", "attached"], { input: "typed\n" });
    expect([code, out, err]).toEqual([6, "typed\n", "err\n"]);
    // Once more: nothing of the run before is in the way.
    expect((await vial.call(["start", "-ai", "attached"], { input: "again\n" })).out).toBe("again\n");
    await vial.ok("rm", "attached");
  });

  test("start of a running container changes nothing; of several, each is started, and errors name theirs", async () => {
    const one = await sleeper();
    const before = await vial.inspect(one, "{{.State.Pid}} {{.State.StartedAt}}");
    expect((await vial.run("start", one)).code).toBe(0);
    expect(await vial.inspect(one, "{{.State.Pid}} {{.State.StartedAt}}")).toBe(before);
    const two = await vial.ok("create", "busybox", "sleep", "1000");
    const three = await vial.ok("create", "busybox", "sleep", "1000");
    const { code, out, err } = await vial.run("start", two, "no-such-one", three);
    expect([code, out]).toEqual([1, `${two}\n${three}\n`]);
    expect(err).toContain('"no-such-one"');
    expect(await Promise.all([two, three].map(status))).toEqual(["running", "running"]);
    expect(await vial.ok("exec", two, "cat", "/etc/hostname")).toBe(two.slice(0, 12));
    await vial.ok("rm", "-f", one, two, three);
  });

  test("two starters at once: one starts it, and both are content", async () => {
    const id = await vial.ok("create", "busybox", "sleep", "1000");
    const both = await Promise.all([1, 2, 3].map(() => vial.run("start", id)));
    expect(both.map(({ code, err }) => `${code}${err}`)).toEqual(["0", "0", "0"]);
    expect(await status(id)).toBe("running");
    const events = await vial.ok("events", "--since", "1h", "--until", "0s", "--filter", `container=${id}`);
    expect(events.split("\n").filter((line) => line.includes(" start "))).toHaveLength(1);
    await vial.ok("rm", "-f", id);
  });

  test("start gives Docker's codes for a program that is not there or cannot be run", async () => {
    const missing = await vial.ok("create", "busybox", "no-such-program");
    expect((await vial.run("start", missing)).code).not.toBe(0);
    expect(await vial.inspect(missing, "{{.State.ExitCode}}")).toBe("127");
    const refused = await vial.run("run", "busybox", "/opt/not-executable");
    expect(refused.code).toBe(126);
    expect((await vial.run("run", "busybox", "no-such-program")).code).toBe(127);
    expect((await vial.run("run", "--rm", "busybox", "no-such-program")).code).toBe(127);
  });

  test("a start clears what a lost run left: bundle, runtime state, exit file", async () => {
    const id = await sleeper("--name", "lost");
    process.kill(await monitorOf(id), "SIGKILL");
    const pid = Number(await vial.inspect(id, "{{.State.Pid}}"));
    process.kill(pid, "SIGKILL");
    await gone(pid);
    expect(existsSync(`${vial.root}/run/crun/${id}`)).toBe(true);
    expect(await vial.ok("start", "lost")).toBe("lost");
    expect(await status(id)).toBe("running");
    await vial.ok("rm", "-f", id);
  });

  test("WORKDIR that is not there is made inside the root, never through a link to the host", async () => {
    const id = await vial.ok("create", "-w", "/deep/down", "busybox", "pwd");
    expect((await vial.run("start", "-a", id)).out).toBe("/deep/down\n");
    const outside = `${vial.folder}/outside`;
    mkdirSync(outside);
    const bad = await vial.ok("create", "-w", "/way/out/here", "busybox", "pwd");
    mkdirSync(`${vial.root}/containers/${bad}/rw/upper/way`);
    symlinkSync(outside, `${vial.root}/containers/${bad}/rw/upper/way/out`);
    await vial.run("start", "-a", bad);
    expect(readdirSync(outside)).toEqual([]);
    await vial.ok("rm", id, bad);
  });
});

suite("stop, kill, restart, pause, wait", () => {
  test("stop: 143 by the signal, 137 by force, several side by side", async () => {
    const soft = await vial.ok("run", "-d", "--init", "busybox", "sleep", "1000");
    const hard = await Promise.all([1, 2, 3].map(() => trapper("trap '' TERM; while :; do sleep 0.1; done")));
    const started = performance.now();
    await vial.ok("stop", "-t", "1", soft, ...hard);
    expect(performance.now() - started).toBeLessThan(2500);
    expect(await vial.inspect(soft, "{{.State.ExitCode}}")).toBe("143");
    for (const id of hard)
      expect(await vial.inspect(id, "{{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}")).toBe(
        "137 false 0",
      );
    // Of one that does not run: nothing happens.
    expect((await vial.run("stop", soft)).code).toBe(0);
    await vial.ok("rm", soft, ...hard);
  });

  test("stop -s, --time and --timeout", async () => {
    const id = await trapper("trap 'exit 9' HUP; while :; do sleep 0.05; done");
    await vial.ok("stop", "-s", "HUP", "--timeout", "5", id);
    expect(await vial.inspect(id, "{{.State.ExitCode}}")).toBe("9");
    await vial.ok("start", id);
    await untilReady(id, 2);
    await vial.ok("stop", "--time=0", id);
    expect(await vial.inspect(id, "{{.State.ExitCode}}")).toBe("137");
    await vial.ok("rm", id);
  });

  test("kill: SIGKILL by default, any signal by -s, an error for one that does not run", async () => {
    const id = await trapper("trap 'exit 8' USR2; while :; do sleep 0.05; done");
    await vial.ok("kill", "-s", "SIGUSR2", id);
    expect(await vial.ok("wait", id)).toBe("8");
    const { code, err } = await vial.run("kill", id);
    expect([code, err.includes("not running")]).toEqual([1, true]);
    await vial.ok("start", id);
    await vial.ok("kill", id);
    expect(await vial.ok("wait", id)).toBe("137");
    await vial.ok("rm", id);
  });

  test("restart: a new process, and the count of restarts stays 0", async () => {
    const id = await sleeper();
    const before = await vial.inspect(id, "{{.State.Pid}}");
    await vial.ok("restart", "-t", "0", id);
    expect(await vial.inspect(id, "{{.State.Status}} {{.RestartCount}}")).toBe("running 0");
    expect(await vial.inspect(id, "{{.State.Pid}}")).not.toBe(before);
    await vial.ok("stop", "-t", "0", id);
    await vial.ok("restart", id);
    expect(await status(id)).toBe("running");
    await vial.ok("rm", "-f", id);
  });

  test("pause freezes, unpause thaws; exec is refused meanwhile; stop and rm -f work on a paused one", async () => {
    const id = await vial.ok("run", "-d", "busybox", "sh", "-c", "while :; do echo tick; sleep 0.02; done");
    await vial.ok("pause", id);
    expect(await vial.inspect(id, "{{.State.Status}} {{.State.Paused}} {{.State.Running}}")).toBe(
      "paused true true",
    );
    expect(await vial.ok("ps", "--filter", `id=${id}`, "--format", "{{.Status}}")).toContain("(Paused)");
    const log = `${vial.root}/containers/${id}/log`;
    await Bun.sleep(50);
    const size = readFileSync(log).length;
    await Bun.sleep(150);
    expect(readFileSync(log).length).toBe(size);
    expect((await vial.run("pause", id)).code).toBe(1);
    expect((await vial.run("exec", id, "true")).err).toContain("vial unpause");
    await vial.ok("unpause", id);
    expect((await vial.run("unpause", id)).err).toContain("it is not paused");
    await vial.until("ticks again", () => readFileSync(log).length > size);
    await vial.ok("pause", id);
    await vial.ok("stop", "-t", "0", id);
    expect(await status(id)).toBe("exited");
    await vial.ok("start", id);
    await vial.ok("pause", id);
    expect((await vial.run("start", id)).err).toContain("vial unpause");
    await vial.ok("kill", id);
    expect(await vial.ok("wait", id)).toBe("137");
    await vial.ok("start", id);
    await vial.ok("pause", id);
    await vial.ok("rm", "-f", id);
    expect((await vial.run("pause", id)).code).toBe(1);
  });

  test("wait: prints the codes in order, at once for the ended, later for the running", async () => {
    const ended = await vial.ok("run", "-d", "busybox", "sh", "-c", "exit 3");
    const running = await vial.ok("run", "-d", "busybox", "sh", "-c", "sleep 0.3; exit 4");
    expect(await vial.ok("wait", running, ended)).toBe("4\n3");
    const started = performance.now();
    expect(await vial.ok("wait", ended)).toBe("3");
    expect(performance.now() - started).toBeLessThan(1000);
    await vial.ok("rm", ended, running);
  });

  test("wait gives the code of a container that is removed at its end, or by rm -f", async () => {
    const self = await vial.ok("run", "-d", "--rm", "busybox", "sh", "-c", "sleep 2; exit 7");
    const forced = await sleeper();
    const waits = [vial.ok("wait", self), vial.ok("wait", forced)];
    await Bun.sleep(1000);
    await vial.ok("rm", "-f", forced);
    expect(await Promise.all(waits)).toEqual(["7", "137"]);
  });

  test("wait works on a foreground run, of both kinds", async () => {
    for (const flags of [["--rm"], []]) {
      const run = vial.start([
        "run",
        ...flags,
        "--name",
        "front",
        "busybox",
        "sh",
        "-c",
        "sleep 0.4; exit 2",
      ]);
      await vial.until(
        "it runs",
        async () => (await vial.run("inspect", "-f", "{{.State.Running}}", "front")).out === "true\n",
      );
      expect(await vial.ok("wait", "front")).toBe("2");
      expect(await run.exited).toBe(2);
      await vial.run("rm", "front");
    }
  });

  test("wait sees an end that nobody recorded, because conmon was killed", async () => {
    const id = await sleeper();
    const waiting = vial.run("wait", id);
    const pid = Number(await vial.inspect(id, "{{.State.Pid}}"));
    process.kill(await monitorOf(id), "SIGKILL");
    expect(await status(id)).toBe("running");
    process.kill(pid, "SIGTERM");
    process.kill(pid, "SIGKILL");
    expect((await waiting).out).toBe("255\n");
    expect(await vial.inspect(id, "{{.State.Error}}")).toContain("not seen");
    await vial.ok("rm", id);
  });
});

suite("rm, rename, update, prune", () => {
  test("rm: refuses a running one with the way out; -f kills; an unknown one is an error without -f", async () => {
    const id = await sleeper();
    const { code, err } = await vial.run("rm", id);
    expect([code, err.includes("vial rm -f")]).toEqual([1, true]);
    expect(await vial.ok("rm", "-fv", id)).toBe(id);
    expect((await vial.run("inspect", id)).code).toBe(1);
    expect((await vial.run("rm", id)).code).toBe(1);
    expect((await vial.run("rm", "-f", id)).code).toBe(0);
    expect(vial.containerIds()).not.toContain(id);
  });

  test("rm -f of a foreground run ends that run with 137, of each kind", async () => {
    for (const flags of [["--rm"], [], ["-t"], ["--restart", "always"]]) {
      const script = "echo up; exec sleep 1000";
      const run = vial.start(["run", ...flags, "--name", "front", "busybox", "sh", "-c", script]);
      await run.stdout.getReader().read();
      await vial.ok("rm", "-f", "front");
      expect(`${flags.join(" ")} ${await run.exited}`).toBe(`${flags.join(" ")} 137`);
    }
    expect(names()).not.toContain("front");
  });

  test("rm of twenty at once, by several commands that overlap", async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => sleeper()));
    const results = await Promise.all([1, 2, 3].map(() => vial.run("rm", "-f", ...ids)));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    // One that another command has just removed is said to be gone, and nothing else is.
    const lines = results.flatMap(({ err }) => err.split("\n")).filter((line) => line !== "");
    expect(lines.filter((line) => !line.startsWith("vial: Cannot find the container "))).toEqual([]);
    expect(vial.containerIds().filter((id) => ids.includes(id))).toEqual([]);
  });

  test("rename: by both names, taken and odd names are refused, the old one is free", async () => {
    const id = await vial.ok("create", "--name", "old", "busybox");
    await vial.ok("create", "--name", "taken", "busybox");
    expect((await vial.run("rename", "old", "taken")).err).toContain("taken");
    expect((await vial.run("rename", "old", "a/b")).code).not.toBe(0);
    await vial.ok("rename", "old", "new");
    expect(await vial.inspect("new", "{{.Id}} {{.Name}}")).toBe(`${id} /new`);
    expect((await vial.run("inspect", "old")).code).toBe(1);
    await vial.ok("create", "--name", "old", "busybox");
    await vial.ok("rm", "old", "new", "taken");
  });

  test("update: limits of a running container at once, of a stopped one at its next start", async () => {
    const id = await sleeper("-m", "64m");
    await vial.ok(
      "update",
      "-m",
      "128m",
      "--memory-swap",
      "256m",
      "--pids-limit",
      "77",
      "--cpus",
      "0.25",
      id,
    );
    await vial.ok("update", "--cpu-shares", "300", "--cpuset-cpus", "0", id);
    const limits = () => [
      vial.cgroupFile(id, "memory", "memory.limit_in_bytes"),
      vial.cgroupFile(id, "pids", "pids.max"),
      vial.cgroupFile(id, "cpu", "cpu.cfs_quota_us"),
      vial.cgroupFile(id, "cpu", "cpu.shares"),
      vial.cgroupFile(id, "cpuset", "cpuset.cpus"),
    ];
    const wanted = [String(128 << 20), "77", "25000", "300", "0"];
    if (existsSync("/sys/fs/cgroup/memory")) expect(limits()).toEqual(wanted);
    expect(
      await vial.inspect(id, "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}"),
    ).toBe(`${128 << 20} 250000000 77`);
    await vial.ok("restart", "-t", "0", id);
    if (existsSync("/sys/fs/cgroup/memory")) expect(limits()).toEqual(wanted);
    await vial.ok("stop", "-t", "0", id);
    await vial.ok("update", "--pids-limit", "78", "--restart", "on-failure:4", id);
    await vial.ok("start", id);
    if (existsSync("/sys/fs/cgroup/pids")) expect(vial.cgroupFile(id, "pids", "pids.max")).toBe("78");
    expect(
      await vial.inspect(
        id,
        "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}",
      ),
    ).toBe("on-failure 4");
    expect((await vial.run("update", id)).code).not.toBe(0);
    await vial.ok("update", "--memory-swap", "512m", id);
    expect((await vial.run("update", "--memory", "1g", id)).err).toContain("--memory-swap");
    await vial.ok("update", "--cpu-quota", "30000", "--pids-limit", "-1", id);
    if (existsSync("/sys/fs/cgroup/cpu")) {
      expect(vial.cgroupFile(id, "cpu", "cpu.cfs_quota_us")).toBe("30000");
      expect(vial.cgroupFile(id, "pids", "pids.max")).toBe("4194304");
    }
    await vial.ok("update", "--cpus", "0.75", id);
    if (existsSync("/sys/fs/cgroup/cpu"))
      expect(vial.cgroupFile(id, "cpu", "cpu.cfs_quota_us")).toBe("75000");
    const transient = await sleeper("--rm");
    expect((await vial.run("update", "--restart", "always", transient)).err).toContain("--rm");
    await vial.ok("rm", "-f", id);
  });

  test("container prune: what does not run and fits; it asks first", async () => {
    const running = await sleeper();
    const labelled = await vial.ok("create", "-l", "keep", "busybox");
    const ended = await vial.ok("run", "-d", "busybox", "sh", "-c", "head -c 100000 /dev/urandom > /big");
    await vial.ok("wait", ended);
    expect((await vial.call(["container", "prune"], { input: "n\n" })).out).toContain("[y/N]");
    expect(vial.containerIds()).toContain(ended);
    expect(await vial.ok("container", "prune", "-f", "--filter", "until=1h")).toBe(
      "Total reclaimed space: 0B",
    );
    const said = await vial.ok("container", "prune", "-f", "--filter", "label!=keep");
    expect(said).toContain(`Deleted Containers:\n`);
    expect(said).toContain(ended);
    expect(said).toMatch(/Total reclaimed space: 1\d\dkB$/);
    expect([vial.containerIds().includes(labelled), vial.containerIds().includes(running)]).toEqual([
      true,
      true,
    ]);
    expect((await vial.call(["container", "prune"], { input: "y\n" })).out).toContain(labelled);
    await vial.ok("rm", "-f", running);
  });

  test("port prints nothing, and refuses a port", async () => {
    const id = await vial.ok("create", "busybox");
    expect(await vial.ok("port", id)).toBe("");
    expect((await vial.run("port", id, "80")).code).toBe(1);
    await vial.ok("rm", id);
  });
});

suite("restart policies", () => {
  test("always brings it back with growing pauses, and a stop ends it", async () => {
    const id = await vial.ok(
      "run",
      "-d",
      "--restart",
      "always",
      "busybox",
      "sh",
      "-c",
      "echo run; sleep 0.05",
    );
    await vial.until("three runs", async () => Number(await vial.inspect(id, "{{.RestartCount}}")) >= 2);
    await vial.ok("stop", "-t", "0", id);
    const runs = (await vial.ok("logs", id)).split("\n").length;
    await Bun.sleep(1200);
    expect((await vial.ok("logs", id)).split("\n")).toHaveLength(runs);
    expect(await status(id)).toBe("exited");
    await vial.ok("start", id);
    await vial.until("it runs", async () => (await vial.run("kill", id)).code === 0);
    await Bun.sleep(400);
    expect(await status(id)).toBe("exited");
    // A person's start counts from nothing again.
    await vial.ok("start", id);
    expect(Number(await vial.inspect(id, "{{.RestartCount}}"))).toBe(0);
    await vial.ok("rm", "-f", id);
  }, 20_000);

  test("between two runs it is restarting; rm -f, start and update work there", async () => {
    const make = () => vial.ok("run", "-d", "--restart", "always", "busybox", "sh", "-c", "echo run; exit 3");
    const isRestarting = async (id: string) => (await status(id)) === "restarting";
    const id = await make();
    // The pauses double, so that there is time to see one.
    await vial.until(
      "fourth pause",
      async () => Number(await vial.inspect(id, "{{.RestartCount}}")) >= 3 && (await isRestarting(id)),
    );
    expect(await vial.ok("ps", "--filter", "status=restarting", "--format", "{{.ID}} {{.Status}}")).toMatch(
      new RegExp(`^${id.slice(0, 12)} Restarting \\(3\\) .* ago$`),
    );
    await vial.ok("update", "--restart", "no", id);
    await vial.until("it stays down", async () => (await status(id)) === "exited");
    await vial.ok("rm", id);
    const other = await make();
    await vial.until("a pause", async () => await isRestarting(other));
    await vial.ok("rm", "-f", other);
    await Bun.sleep(500);
    expect(vial.containerIds()).not.toContain(other);
  }, 20_000);

  test("on-failure leaves a good end alone; unless-stopped comes back", async () => {
    const good = await vial.ok("run", "-d", "--restart", "on-failure", "busybox", "true");
    const back = await vial.ok(
      "run",
      "-d",
      "--restart",
      "unless-stopped",
      "busybox",
      "sh",
      "-c",
      "echo run; sleep 0.05",
    );
    await vial.until("a restart", async () => Number(await vial.inspect(back, "{{.RestartCount}}")) >= 1);
    expect(await vial.inspect(good, "{{.RestartCount}} {{.State.Status}}")).toBe("0 exited");
    await vial.ok("rm", "-f", good, back);
  });
});

suite("what a kill -9 leaves", () => {
  test("the end of a container whose conmon died is recorded by the next ps; a dead --rm one disappears", async () => {
    const kept = await sleeper();
    const transient = await sleeper("--rm", "--name", "transient");
    for (const id of [kept, transient]) {
      const pid = Number(await vial.inspect(id, "{{.State.Pid}}"));
      process.kill(await monitorOf(id), "SIGKILL");
      process.kill(pid, "SIGKILL");
      await gone(pid);
    }
    const listed = await vial.ok("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}} {{.Status}}");
    expect(listed).toMatch(new RegExp(`^${kept} exited Exited \\(255\\) `, "m"));
    expect(listed).not.toContain(transient);
    expect(names()).not.toContain("transient");
    for (const id of [kept, transient]) {
      expect(existsSync(`${vial.root}/run/c/${id.slice(0, 16)}`)).toBe(false);
      expect(existsSync(`${vial.root}/run/crun/${id}`)).toBe(false);
    }
    await vial.ok("rm", kept);
  });

  test("a container with a policy comes back, though conmon and program were killed", async () => {
    const id = await sleeper("--restart", "always");
    const pid = Number(await vial.inspect(id, "{{.State.Pid}}"));
    process.kill(await monitorOf(id), "SIGKILL");
    process.kill(pid, "SIGKILL");
    await gone(pid);
    await vial.until("back", async () => {
      await vial.ok("ps");
      return (await status(id)) === "running";
    });
    await vial.ok("rm", "-f", id);
  });

  test("a foreground run that is killed: its container is seen, and cleared at its end", async () => {
    const run = vial.start(["run", "--rm", "--name", "orphan", "busybox", "sleep", "1000"]);
    await vial.until(
      "it runs",
      async () => (await vial.run("inspect", "-f", "{{.State.Running}}", "orphan")).out === "true\n",
    );
    run.kill("SIGKILL");
    await run.exited;
    expect(await vial.ok("ps", "--filter", "name=orphan", "--format", "{{.Names}}")).toBe("orphan");
    await vial.ok("kill", "orphan");
    await vial.until("cleared", async () => (await vial.ok("ps", "-aq", "--filter", "name=orphan")) === "");
    expect(names()).not.toContain("orphan");
  });

  test("half-made folders, names and bundles of nobody are swept, and nothing else", async () => {
    const living = await sleeper("--name", "living");
    const half = "ab".repeat(32);
    mkdirSync(`${vial.root}/containers/${half}/rw`, { recursive: true });
    symlinkSync(half, `${vial.root}/names/half`);
    symlinkSync(living, `${vial.root}/names/former`);
    mkdirSync(`${vial.root}/run/c/${"cd".repeat(8)}/etc`, { recursive: true });
    writeFileSync(`${vial.root}/run/c/${"cd".repeat(8)}/config.json`, "{}");
    await vial.ok("ps");
    expect(existsSync(`${vial.root}/containers/${half}`)).toBe(false);
    expect(existsSync(`${vial.root}/run/c/${"cd".repeat(8)}`)).toBe(false);
    expect(names()).toEqual(["living"]);
    expect(await vial.ok("exec", "living", "echo", "well")).toBe("well");
    await vial.ok("rm", "-f", living);
  });

  test("sweeping beside twenty starts and ends breaks none of them", async () => {
    let busy = true;
    const sweeper = (async () => {
      while (busy) await vial.ok("ps", "-a");
    })();
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        vial.run(
          "run",
          ...(index % 2 === 0 ? ["--rm"] : ["-m", "64m"]),
          "busybox",
          "sh",
          "-c",
          `exit ${index}`,
        ),
      ),
    );
    busy = false;
    await sweeper;
    expect(runs.map(({ code, err }) => `${code}${err}`)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(index)),
    );
    await vial.ok("container", "prune", "-f");
  });
});

suite("ps and inspect", () => {
  test("ps: Docker's columns, -a, -n, -l, -q, -s, --no-trunc", async () => {
    const first = await vial.ok("create", "--name", "first", "busybox", "sh", "-c", "echo a long command");
    const second = await sleeper("--name", "second");
    const lines = (await vial.ok("ps", "-a")).split("\n");
    expect(lines[0]).toMatch(/^CONTAINER ID {3}IMAGE {5}COMMAND {18}CREATED {10,}STATUS {3,}PORTS {5}NAMES$/);
    expect(lines[1]).toMatch(
      new RegExp(`^${second.slice(0, 12)} {3}busybox {3}"sleep 1000" +.* ago +Up .* +second$`),
    );
    expect(lines[2]).toMatch(
      new RegExp(`^${first.slice(0, 12)} {3}busybox {3}"sh -c 'echo a long …" +.* ago +Created +first$`),
    );
    expect(lines).toHaveLength(3);
    expect(await vial.ok("ps", "-q", "--no-trunc")).toBe(second);
    expect(await vial.ok("ps", "-lq", "--no-trunc")).toBe(second);
    expect(await vial.ok("ps", "-n", "2", "-q", "--no-trunc")).toBe(`${second}\n${first}`);
    expect(await vial.ok("ps", "-as", "--no-trunc")).toMatch(
      /"sh -c 'echo a long command'".*0B \(virtual 2.*MB\)/,
    );
    expect(JSON.parse(await vial.ok("ps", "--format", "json"))).toMatchObject({
      ID: second.slice(0, 12),
      State: "running",
    });
    expect(await vial.ok("ps", "--format", "{{.Names}}\t{{.Image}}")).toBe("second\tbusybox");
    await vial.ok("rm", "-f", first, second);
  });

  test("ps --filter by each key", async () => {
    const a = await vial.ok("run", "-d", "--name", "fa", "-l", "tier=web", "busybox", "sh", "-c", "exit 3");
    await vial.ok("wait", a);
    const b = await sleeper("--name", "fb", "-l", "tier=db", "-v", `${vial.folder}:/data`);
    const c = await vial.ok("create", "--name", "fc", "busybox");
    const rows: readonly (readonly [filter: string, expected: readonly string[]])[] = [
      ["status=exited", ["fa"]],
      ["status=running", ["fb"]],
      ["status=created", ["fc"]],
      ["exited=3", ["fa"]],
      ["exited=0", []],
      ["name=f[ab]", ["fb", "fa"]],
      [`id=${c.slice(0, 8)}`, ["fc"]],
      ["label=tier", ["fb", "fa"]],
      ["label=tier=db", ["fb"]],
      ["ancestor=busybox", ["fc", "fb", "fa"]],
      ["ancestor=none", []],
      ["before=fb", ["fa"]],
      ["since=fb", ["fc"]],
      ["health=none", ["fc", "fb", "fa"]],
      ["health=healthy", []],
      ["network=bridge", ["fc", "fb", "fa"]],
      ["network=host", []],
      ["volume=/data", ["fb"]],
      [`volume=${vial.folder}`, ["fb"]],
    ];
    for (const [filter, expected] of rows) {
      const shown = await vial.ok("ps", "-a", "--filter", filter, "--format", "{{.Names}}");
      expect([filter, shown]).toEqual([filter, expected.join("\n")]);
    }
    expect(
      await vial.ok(
        "ps",
        "-a",
        "-f",
        "name=f",
        "-f",
        "status=exited",
        "-f",
        "status=created",
        "--format",
        "{{.Names}}",
      ),
    ).toBe("fc\nfa");
    expect((await vial.run("ps", "-f", "status=odd")).code).toBe(2);
    expect((await vial.run("ps", "-f", "colour=red")).code).toBe(2);
    await vial.ok("rm", "-f", a, b, c);
  });

  test("inspect: Docker's shape, containers and images by one verb, --type, --format, -s", async () => {
    const id = await sleeper("--name", "seen", "-e", "A=1", "-v", `${vial.folder}:/data:ro`, "-w", "/tmp");
    const [document] = JSON.parse(await vial.ok("inspect", "-s", "seen"));
    expect(document).toMatchObject({
      Id: id,
      Name: "/seen",
      Path: "sleep",
      Args: ["1000"],
      RestartCount: 0,
      Platform: "linux",
      State: {
        Status: "running",
        Running: true,
        Paused: false,
        Restarting: false,
        OOMKilled: false,
        Dead: false,
        ExitCode: 0,
        Error: "",
      },
      Mounts: [{ Type: "bind", Source: vial.folder, Destination: "/data", RW: false }],
      Config: { Image: "busybox", WorkingDir: "/tmp", Cmd: ["sleep", "1000"], Tty: false },
      HostConfig: {
        NetworkMode: "bridge",
        RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        AutoRemove: false,
      },
      NetworkSettings: {
        Ports: {},
        IPAddress: expect.stringMatching(/^10\./),
        Networks: { bridge: { Gateway: expect.stringMatching(/^10\..*\.1$/) } },
      },
    });
    // What scripts ask for, and what Docker gives when there is nothing.
    for (const field of ["CapAdd", "CapDrop", "ExtraHosts", "GroupAdd", "SecurityOpt", "VolumesFrom"])
      expect([field, document.HostConfig[field]]).toEqual([field, null]);
    expect(document.Config.Env).toContain("A=1");
    expect(document.Image).toMatch(/^sha256:/);
    expect([typeof document.SizeRw, typeof document.SizeRootFs]).toEqual(["number", "number"]);
    expect(Date.parse(document.State.StartedAt)).toBeGreaterThan(Date.now() - 60_000);
    expect(document.State.FinishedAt).toBe("0001-01-01T00:00:00Z");
    expect(await vial.ok("inspect", "-f", "{{.Id}}", "busybox")).toBe(document.Image);
    expect((await vial.run("inspect", "--type", "image", "seen")).code).toBe(1);
    expect(await vial.ok("container", "inspect", "-f", "{{.Id}}", "seen")).toBe(id);
    expect((await vial.run("container", "inspect", "busybox")).code).toBe(1);
    const { code, out } = await vial.run("inspect", "--format", "{{.Name}}", "seen", "nobody");
    expect([code, out]).toEqual([1, "/seen\n"]);
    await vial.ok("rm", "-f", id);
  });
});
