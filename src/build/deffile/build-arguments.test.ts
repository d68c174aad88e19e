import { expect, test } from "bun:test";
import { readBuildArguments, refuseUnusedArguments } from "./build-arguments.ts";

test("readBuildArguments() lets words win over the file, and the last over others", () => {
  const { values } = readBuildArguments(["a=1", "b = two words ", "a=2", "c="], "a=file\nd=file\n");
  expect([...values]).toEqual([
    ["a", "2"],
    ["d", "file"],
    ["b", "two words"],
    ["c", ""],
  ]);
});

test("readBuildArguments() keeps quotes and later signs of equality, and skips lines that are no pair", () => {
  const { values, skipped } = readBuildArguments([], '# comment\n\nq="a b"\nx=a=b\nplain\n=value\r\n');
  expect([...values]).toEqual([
    ["q", '"a b"'],
    ["x", "a=b"],
  ]);
  expect(skipped.map((line) => line.number)).toEqual([5, 6]);
});

test("readBuildArguments() refuses a word that is no pair", () => {
  for (const word of ["plain", "=value", ""])
    expect(() => readBuildArguments([word])).toThrow(
      expect.objectContaining({ code: "build-argument-invalid" }),
    );
});

test("refuseUnusedArguments() names all of them", () => {
  const given = readBuildArguments(["a=1", "b=2", "c=3"]).values;
  expect(() => refuseUnusedArguments(given, new Set(["b"]), [])).toThrow('the build arguments "a", "c"');
  expect(() => refuseUnusedArguments(given, new Set(["a", "b", "c"]), [])).not.toThrow();
});
