import { expect, test } from "bun:test";
import { inheritedSockets } from "./inherited.ts";

const handed = { LISTEN_PID: "7", LISTEN_FDS: "2", LISTEN_FDNAMES: "vial.socket:other.socket" };

test.each([
  ["", [3, 4]],
  ["4", [4]],
  ["vial.socket", [3]],
])("inheritedSockets() finds fd://%s", (which, descriptors) => {
  expect(inheritedSockets({ kind: "fd", which }, handed, 7)).toEqual(descriptors);
});

test("inheritedSockets() takes nothing that was handed to another process", () => {
  expect(() => inheritedSockets({ kind: "fd", which: "" }, handed, 8)).toThrow("handed over no such socket");
  expect(() => inheritedSockets({ kind: "fd", which: "x" }, handed, 7)).toThrow("handed over no such socket");
});
