import { expect, test } from "bun:test";
import { fitLine, printBar, Speed } from "./progress-line.ts";

test("printBar() fills from the left, with a head until it is full", () => {
  expect(printBar(0, 10)).toBe("[          ]");
  expect(printBar(0.5, 10)).toBe("[====>     ]");
  expect(printBar(1, 10)).toBe("[==========]");
  expect(printBar(7, 4)).toBe("[====]");
});

test("fitLine() cuts by columns, not by characters", () => {
  expect(fitLine("abcdef", 6)).toBe("abcdef");
  expect(fitLine("abcdefg", 6)).toBe("abcde…");
  expect(fitLine("日本語", 5)).toBe("日本…");
});

test("Speed follows the last three seconds", () => {
  const speed = new Speed();
  speed.sample(0, 0);
  speed.sample(100, 50);
  expect(speed.perSecond()).toBeUndefined();
  for (let at = 200; at <= 1000; at += 10) speed.sample(at, at);
  expect(speed.perSecond()).toBe(1000);
  for (let at = 1100; at <= 10_000; at += 100) speed.sample(at, 1000);
  expect(speed.perSecond()).toBe(0);
});
