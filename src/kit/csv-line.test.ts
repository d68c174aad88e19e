import { expect, test } from "bun:test";
import { splitCsvLine } from "./csv-line.ts";

const cases: readonly (readonly [line: string, fields: readonly string[] | undefined])[] = [
  ["a", ["a"]],
  ["", [""]],
  ["a,b,,c", ["a", "b", "", "c"]],
  ['"a,b",c', ["a,b", "c"]],
  ['x,"a ""b"""', ["x", 'a "b"']],
  ['"a",', ["a", ""]],
  ['"a', undefined],
  ['a"b', undefined],
  ['"a"b', undefined],
];

for (const [line, fields] of cases)
  test(`splitCsvLine(${JSON.stringify(line)})`, () => expect(splitCsvLine(line)).toEqual(fields));
