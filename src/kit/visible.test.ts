import { expect, test } from "bun:test";
import { showControls } from "./visible.ts";

test("showControls() shows escape codes and leaves other text alone", () => {
  expect(showControls("\x1b[2Jé日\x00\x9b\n")).toBe("\\x1b[2Jé日\\x00\\x9b\\x0a");
  expect(showControls("a\n\tb\r", "\n\t")).toBe("a\n\tb\\x0d");
});
