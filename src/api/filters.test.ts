import { expect, test } from "bun:test";
import { parseFilters } from "./filters.ts";

const read = (text: string | undefined) => Object.fromEntries(parseFilters(text, ["label", "until"]));

test("parseFilters() takes lists and Docker's own objects", () => {
  expect(read(undefined)).toEqual({});
  expect(read("")).toEqual({});
  expect(read("null")).toEqual({});
  expect(read('{"label":["a=b","c"]}')).toEqual({ label: ["a=b", "c"] });
  expect(read('{"label":{"a=b":true,"c":false},"until":{"1h":true}}')).toEqual({
    label: ["a=b"],
    until: ["1h"],
  });
});

test("parseFilters() refuses what it does not know", () => {
  for (const text of [
    "{",
    "[]",
    "7",
    '{"colour":["red"]}',
    '{"__proto__":["x"]}',
    '{"label":"a"}',
    '{"label":[1]}',
    '{"label":{"a":"true"}}',
  ])
    expect(() => read(text)).toThrow("invalid filter");
});
