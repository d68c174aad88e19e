import { describe, expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

describe("nearest()", () => {
  const known = ["run", "rm", "inspect", "stop", "start"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["rnu", "run"],
    ["ru", "run"],
    ["inspcet", "inspect"],
    ["isnpcet", "inspect"],
    ["strat", "start"],
    ["xyz", undefined],
    ["", undefined],
  ];
  for (const [word, wanted] of cases)
    test(`${word} is meant as ${wanted}`, () => {
      expect(nearest(word, known)).toBe(wanted);
    });
});
