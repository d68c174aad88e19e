import { expect, test } from "bun:test";
import { parseDetachKeys } from "./detach-keys.ts";

test("parseDetachKeys() reads control keys and letters, and knows Docker's default", () => {
  expect([...parseDetachKeys("ctrl-p,q")]).toEqual([16, 113]);
  expect([...parseDetachKeys("")]).toEqual([16, 17]);
  expect([...parseDetachKeys("ctrl-@,ctrl-[,ctrl-_")]).toEqual([0, 27, 31]);
});

test("parseDetachKeys() refuses what no terminal sends", () => {
  expect(() => parseDetachKeys("ctrl-1")).toThrow("Unknown character: 'ctrl-1'");
});
