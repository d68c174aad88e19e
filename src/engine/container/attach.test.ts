import { expect, test } from "bun:test";
import { KeySequence } from "./attach.ts";

const keys = Uint8Array.of(16, 17);
const feed = (sequence: KeySequence, ...bytes: number[]) => {
  const { pass, complete } = sequence.feed(Uint8Array.from(bytes));
  return [[...pass], complete];
};

test("KeySequence passes what is typed and holds the beginning of the keys back", () => {
  const sequence = new KeySequence(keys);
  expect(feed(sequence, 65, 66)).toEqual([[65, 66], false]);
  expect(feed(sequence, 67, 16)).toEqual([[67], false]);
  expect(feed(sequence, 17)).toEqual([[], true]);
});

test("KeySequence gives back what turned out to be no beginning", () => {
  const sequence = new KeySequence(keys);
  expect(feed(sequence, 16)).toEqual([[], false]);
  expect(feed(sequence, 16, 65)).toEqual([[16, 16, 65], false]);
});
