// A %post that is run in steps does what it does in one run: sixty scripts, by every shell that is here.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCarriedState } from "../src/build/deffile/steps/carry.ts";
import {
  type Case,
  compareWays,
  findShells,
  runBothWays,
} from "../src/build/deffile/steps/testing/both-ways.ts";
import { aboutState, scripts } from "../src/build/deffile/steps/testing/scripts.ts";

const folder = mkdtempSync(join(tmpdir(), "vial-steps-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

for (const shell of findShells(folder))
  describe(`A script in steps does what one run of ${shell.name} does`, () => {
    const chosen = scripts.filter(([, , , only], index) =>
      only === undefined
        ? index < aboutState || shell.name === "dash" || shell.name === "bash"
        : only === shell.name,
    );
    let cases: readonly Case[] = [];
    beforeAll(async () => {
      cases = await runBothWays(
        shell,
        chosen.map(([, , text]) => text),
        folder,
      );
    }, 120_000);
    chosen.forEach(([name, steps, text], index) => {
      test(name, () => {
        const one = cases[index]!;
        if (one.split.kind === "whole") {
          expect(steps, one.split.reason).toBe(0);
          return;
        }
        expect(one.count).toBeGreaterThanOrEqual(Math.max(2, steps));
        expect(readCarriedState(one.steps.read("state of it")).kind).not.toBe("hindered");
        const { seen, wanted } = compareWays(one, text);
        expect(seen).toEqual(wanted);
      });
    });
  });
