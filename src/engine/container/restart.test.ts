import { expect, test } from "bun:test";
import { restartDelay } from "./end.ts";

const started = "2026-01-01T00:00:00Z";
const soon = Date.parse(started) + 500;
const policy = (name: "no" | "always" | "on-failure" | "unless-stopped", maximumRetries = 0) => ({
  restart: { name, maximumRetries },
});

test.each([
  ["no", policy("no"), 1, 0, undefined],
  ["always, first", policy("always"), 0, 0, 0.1],
  ["always, fourth", policy("always"), 0, 3, 0.8],
  ["always, after many", policy("always"), 1, 30, 60],
  ["on-failure after success", policy("on-failure"), 0, 0, undefined],
  ["on-failure", policy("on-failure"), 1, 0, 0.1],
  ["on-failure, used up", policy("on-failure", 2), 1, 2, undefined],
  ["unless-stopped", policy("unless-stopped"), 0, 1, 0.2],
] as const)("restartDelay() of %s", (_, spec, exitCode, restarts, expected) => {
  expect(restartDelay(spec, exitCode, { startedAt: started, restarts }, soon)).toBe(expected);
});

test("restartDelay() begins anew after ten seconds of good life", () => {
  expect(
    restartDelay(policy("always"), 1, { startedAt: started, restarts: 9 }, Date.parse(started) + 11_000),
  ).toBe(0.1);
});
