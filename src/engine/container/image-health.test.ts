import { expect, test } from "bun:test";
import type { Healthcheck } from "#spec";
import { soundHealth } from "./image-health.ts";

test.each([
  null,
  { Test: ["NONE"] },
  { Test: ["CMD", "true"], Interval: 0, Timeout: 30e9, StartPeriod: 1e6, Retries: 3 },
])("soundHealth() takes %p as it is", (health) => expect(soundHealth(health)).toBe(health));

test.each([
  [{ Test: "true" }, "its Test is no list of words"],
  [{ Test: ["CMD", 1] }, "its Test is no list of words"],
  [{ Interval: 1 }, "its Interval is 1, and no number of nanoseconds from 1000000"],
  [{ Timeout: -5 }, "its Timeout is -5, and no number of nanoseconds from 1000000"],
  [{ StartPeriod: "1s" }, 'its StartPeriod is "1s", and no number of nanoseconds from 1000000'],
  [{ Retries: 1.5 }, "its Retries is 1.5, and no number from 0"],
])("soundHealth() refuses %p", (health, why) => {
  expect(() => soundHealth(health as unknown as Healthcheck)).toThrow(
    expect.objectContaining({ code: "health-invalid", why }),
  );
});
