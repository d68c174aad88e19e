import { expect, test } from "bun:test";
import { run } from "./run.ts";

test("run() keeps as much of the output as asked for, and waits for the end", async () => {
  const script = "head -c 3000000 /dev/zero; echo error >&2; exit 3";
  const { stdout, stderr, exitCode } = await run("sh", ["-c", script], { keepOutput: 5 });
  expect([stdout, stderr, exitCode]).toEqual(["\0".repeat(5), "error", 3]);
});
