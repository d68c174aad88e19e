import { expect, test } from "bun:test";
import { stopSignalOf } from "./signal.ts";

test.each([
  ["SIGQUIT", 3],
  ["rtmin+3", 37],
  ["SIGNONE", 15],
  ["-1", 15],
  ["65", 15],
  ["", 15],
])("stopSignalOf() takes %p for %d", (stopSignal, number) => {
  expect(stopSignalOf({ stopSignal })).toBe(number);
});
