import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSteps, readCarriedState } from "./carry.ts";
import { splitScript } from "./split.ts";
import { around, type Case, compareWays, findShells, runBothWays } from "./testing/both-ways.ts";
import { aboutState, scripts } from "./testing/scripts.ts";

const folder = mkdtempSync(join(tmpdir(), "vial-steps-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const shells = findShells(folder);

// All scripts in all shells are run by test/definition-steps.test.ts: starting so many shells takes its time.
for (const shell of shells.filter(({ name }) => name === "dash" || name === "bash"))
  describe(`makeSteps() does what one run of ${shell.name} does`, () => {
    const chosen = scripts.filter(([, , , only], index) =>
      shell.name === "bash" ? only === "bash" : index < aboutState,
    );
    let cases: readonly Case[] = [];
    beforeAll(async () => {
      cases = await runBothWays(
        shell,
        chosen.map(([, , text]) => text),
        folder,
      );
    }, 60_000);
    chosen.forEach(([name, steps, text], index) => {
      test(name, () => {
        const one = cases[index]!;
        expect(one.count).toBeGreaterThanOrEqual(Math.max(2, steps));
        const { seen, wanted } = compareWays(one, text);
        expect(seen).toEqual(wanted);
      });
    });
  });

describe("makeSteps() notices what cannot be carried while it runs", () => {
  const canUnshare = Bun.spawnSync(["unshare", "-fp", "--mount-proc", "true"]).exitCode === 0;
  const cases: readonly (readonly [text: string, reason: string, own?: "processes"])[] = [
    ['f() { "$@"; }\nf trap "echo bye" EXIT\necho b\n', "a trap is set"],
    ['f() { "$@"; }\nf alias a=b\necho b\n', "an alias is set"],
    ["mkdir d\ncd d && rmdir ../d\necho b\n", "the working folder is gone"],
    ["(setsid sleep 100 <&- >&- 2>&- &)\n:\n", "", "processes"],
    ["sh -c 'sleep 100 <&- >&- 2>&- &'\n:\n", "a process still runs", "processes"],
    ["true\n:\n", "", "processes"],
  ];
  for (const [text, reason, own] of cases)
    for (const shell of shells.filter(({ name }) => own === undefined || name === "dash"))
      test.skipIf(own !== undefined && !canUnshare)(
        `${JSON.stringify(text)} in ${shell.name}${own === undefined ? "" : " (skipped where no namespace can be made)"}`,
        async () => {
          const split = await splitScript(text, shell.shell);
          const place = mkdtempSync(join(folder, "hindered-"));
          const statePath = join(place, "state");
          const steps =
            split.kind === "whole"
              ? []
              : makeSteps(split.commands, { shell: shell.shell, statePath, ownProcesses: own !== undefined });
          const [first] = steps.slice(own === undefined ? -2 : 0);
          for (const step of steps.slice(0, steps.indexOf(first!) + 1)) {
            writeFileSync(join(place, "step"), step.text);
            const prefix = own === undefined ? [] : ["unshare", "-fp", "--mount-proc"];
            Bun.spawnSync([...prefix, ...shell.argv, join(place, "step")], { cwd: place, env: around });
          }
          const state = steps.length === 0 ? undefined : readCarriedState(readFileSync(statePath, "utf8"));
          if (state === undefined) expect(split).toMatchObject({ kind: "whole" });
          else expect(state).toEqual(reason === "" ? { kind: "carried" } : { kind: "hindered", reason });
        },
      );
});

test("readCarriedState() takes no half of a state", () => {
  expect(readCarriedState("# carried\nset -- '/'\nA='# end\n").kind).toBe("hindered");
  expect(readCarriedState("# carried\nset -- '/'\n# end\n").kind).toBe("carried");
  expect(readCarriedState("").kind).toBe("ended");
});

test("makeSteps() says so when the state cannot be written", async () => {
  const shell = shells[0]!;
  const split = await splitScript("a=1\n:\n", shell.shell);
  const steps = makeSteps(split.kind === "steps" ? split.commands : [], {
    shell: shell.shell,
    statePath: join(folder, "no/such/folder"),
  });
  writeFileSync(join(folder, "step"), steps[0]!.text);
  const { exitCode, stderr } = Bun.spawnSync([...shell.argv, join(folder, "step")], { env: around });
  expect(exitCode).not.toBe(0);
  expect(stderr.toString()).toContain("no/such/folder");
});
