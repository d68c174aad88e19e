import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { expectError, expectNothingLeft, processesOf } from "./traces.ts";
import { openVial, type Outcome, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Bad input and bad luck around containers: each ends in an error that says what, why and what next, and leaves nothing.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: bad luck of containers, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);
afterEach(async () => {
  if (why !== undefined) return;
  const ids = vial.containerIds();
  if (ids.length > 0) await vial.ok("rm", "-f", ...ids);
  await expectNothingLeft(vial);
}, setupTimeout);

/** The three ways of a start: directly under the runtime, attached under conmon, detached under conmon. */
const ways = ["--rm", "--interactive", "--detach"];

/** Runs a command where these programs of the host are hidden, in mounts of its own. */
async function without(programs: readonly string[], ...words: readonly string[]): Promise<Outcome> {
  const hidden = programs.map((program) => `mount --bind /dev/null "${Bun.which(program)}"`);
  const script = `${hidden.join(" && ")} && exec "$@"`;
  return await vial.command(["unshare", "-m", "sh", "-c", script, "sh", vial.program, ...words]);
}

suite("a program that cannot be started", () => {
  const missing = (container: string | RegExp, command: string) => ({
    what: new RegExp(`^Cannot run "${command}": the container "${container}" has no such program$`),
    why: "it is neither a path in the container nor in a folder of its PATH",
    next: "look with `vial run --rm IMAGE ls /usr/bin`, or give the full path",
  });
  const refused = (command: string, why: string) => ({
    what: new RegExp(`^Cannot run "${command}": in the container "[a-z0-9_]+" it cannot be executed$`),
    why,
    next: "give a program file, or make it executable in the image by `chmod +x`",
  });

  for (const way of ways) {
    test(`run ${way} ends with 127 when there is no such program`, async () => {
      for (const command of ["nosuch", "/bin/nosuch", "/bin/sh/nosuch"])
        expectError(await vial.run("run", way, "busybox", command), 127, missing("[a-z0-9_]+", command));
    });

    test(`run ${way} ends with 126 when it cannot be executed`, async () => {
      const plain = 'the mode of "/opt/not-executable" is 0644, without the right to execute for the user 0';
      const run = async (command: string) => await vial.run("run", way, "busybox", command);
      expectError(await run("/opt/not-executable"), 126, refused("/opt/not-executable", plain));
      expectError(await run("/etc"), 126, refused("/etc", '"/etc" is a folder'));
    });
  }

  // That nothing is left is looked at after each test.
  for (const way of ways)
    test(`run ${way} that fails in the control group leaves none behind`, async () => {
      const { code, err } = await vial.run("run", way, "--cpuset-cpus", "4000", "busybox", "true");
      expect([code, err]).toEqual([125, expect.stringContaining("Cannot start the container")]);
    });

  test("the exit code is kept with the container", async () => {
    await vial.run("run", "--name", "lost", "busybox", "nosuch");
    expect(await vial.inspect("lost", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 127");
  });

  test("exec ends with 127 and 126", async () => {
    await vial.ok("run", "-d", "--name", "up", "busybox", "sleep", "60");
    expectError(await vial.run("exec", "up", "nosuch"), 127, missing("up", "nosuch"));
    expectError(await vial.run("exec", "up", "/etc"), 126, refused("/etc", '"/etc" is a folder'));
    expectError(await vial.run("exec", "gone", "true"), 125, {
      what: 'Cannot find the container "gone"',
      why: "no container has this name or an id that begins so",
      next: "vial ps -a",
    });
  });
});

suite("a runtime that is not there", () => {
  for (const way of ways) {
    test(`run ${way} with an unknown runtime makes no container`, async () => {
      expectError(await vial.run("run", way, "--runtime", "nonsense", "busybox", "true"), 125, {
        what: 'Cannot use the runtime "nonsense"',
        why: 'Vial knows "crun" and "runc"',
        next: "--runtime crun",
      });
      expect(vial.containerIds()).toEqual([]);
    });

    test(`run ${way} without crun on the machine`, async () => {
      expectError(await without(["crun"], "run", way, "busybox", "true"), 125, {
        what: 'Cannot find the runtime "crun"',
        why: "it starts the containers, and it is not on this machine's PATH",
        next: "apt-get install crun",
      });
      expect(vial.containerIds()).toHaveLength(way === "--rm" ? 0 : 1);
    });
  }

  for (const way of ways.slice(1)) {
    test(`run ${way} without conmon on the machine`, async () => {
      expectError(await without(["conmon"], "run", "--name", "alone", way, "busybox", "true"), 125, {
        what: 'Cannot find the program "conmon"',
        why: "it watches detached containers and keeps their logs, and it is not on this machine's PATH",
        next: "apt-get install conmon",
      });
      expect(await vial.inspect("alone", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 125");
    });
  }

  test("a container whose runtime has gone can be removed", async () => {
    await vial.ok("create", "--name", "orphan", "busybox");
    expect((await without(["crun"], "rm", "orphan")).code).toBe(0);
  });
});

suite("names", () => {
  test("a name that is taken is refused, and the error names its holder", async () => {
    const id = await vial.ok("create", "--name", "mine", "busybox");
    for (const words of [["create"], ["run", "--rm"], ["run", "-d"]]) {
      expectError(await vial.run(...words, "--name", "mine", "busybox", "true"), 125, {
        what: `Cannot use the name "mine": the container ${id.slice(0, 12)} has it`,
        why: `its id is ${id}`,
        next: "remove it by `vial rm mine`, rename it by `vial rename mine NEW`, or choose another name",
      });
    }
    expect(vial.containerIds()).toEqual([id]);
  });

  test("a name that is none is refused", async () => {
    expectError(await vial.run("create", "--name", "a b", "busybox"), 125, {
      what: 'Cannot use "a b" as a container name',
      why: 'a name is two or more letters, digits, "_", "." and "-", and begins with a letter or digit',
      next: 'write it like "web-1"',
    });
  });

  test("of many that want one name at once, one gets it", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, async () => await vial.run("create", "--name", "one", "busybox")),
    );
    const winners = outcomes.filter(({ code }) => code === 0).map(({ out }) => out.trim());
    expect(winners).toHaveLength(1);
    expect(vial.containerIds()).toEqual(winners);
    for (const outcome of outcomes.filter(({ code }) => code !== 0))
      expectError(outcome, 125, {
        what: `Cannot use the name "one": the container ${winners[0]?.slice(0, 12)} has it`,
        why: `its id is ${winners[0]}`,
        next: /^remove it by `vial rm one`/,
      });
  });

  test("of many that want the name of a container that is gone, one gets it", async () => {
    for (let round = 0; round < 3; round++) {
      symlinkSync("0".repeat(64), `${vial.root}/names/stale`);
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async () => await vial.run("create", "--name", "stale", "busybox")),
      );
      const winners = outcomes.filter(({ code }) => code === 0).map(({ out }) => out.trim());
      expect(winners).toHaveLength(1);
      expect(await vial.inspect("stale", "{{.Id}}")).toBe(winners[0] ?? "");
      await vial.ok("rm", "stale");
    }
  });
});

suite("many at once", () => {
  test("50 times run --rm", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        vial.call(["run", "--rm", "busybox", "sh", "-c", `echo ${index}; exit ${index}`], {
          timeout: 60_000,
        }),
      ),
    );
    expect(outcomes).toEqual(outcomes.map((_, index) => ({ code: index, out: `${index}\n`, err: "" })));
  }, 60_000);

  test("20 times run -d, then rm -f", async () => {
    const started = await Promise.all(
      Array.from({ length: 20 }, async () =>
        vial.call(["run", "-d", "busybox", "sleep", "300"], { timeout: 60_000 }),
      ),
    );
    expect(started.map(({ code, err }) => ({ code, err }))).toEqual(
      started.map(() => ({ code: 0, err: "" })),
    );
    const ids = started.map(({ out }) => out.trim());
    expect(processesOf(vial).length).toBeGreaterThanOrEqual(20);
    const removed = await Promise.all(
      ids.map(async (id) => await vial.call(["rm", "-f", id], { timeout: 60_000 })),
    );
    expect(removed).toEqual(ids.map((id) => ({ code: 0, out: `${id}\n`, err: "" })));
  }, 60_000);

  test("10 times rm -f of the same container", async () => {
    const id = await vial.ok("run", "-d", "busybox", "sleep", "300");
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, async () => await vial.run("rm", "-f", id)),
    );
    for (const { err } of outcomes) expect(err).not.toContain("bug in Vial");
    expect(outcomes.some(({ code }) => code === 0)).toBe(true);
  });
});
