import { describe, expect, test } from "bun:test";
import { lackOf } from "./full-disk.ts";

const gigabyte = 2 ** 30;
const roomy = { bytes: 50 * gigabyte, totalBytes: 100 * gigabyte, files: 5000, totalFiles: 10_000 };

describe("lackOf()", () => {
  test("says nothing of a disk with room, or without a fixed number of files", () => {
    expect(lackOf(roomy)).toBeUndefined();
    expect(lackOf({ ...roomy, files: 0, totalFiles: 0 })).toBeUndefined();
    // 2 % of a large disk is room.
    expect(lackOf({ ...roomy, bytes: gigabyte })).toBeUndefined();
  });

  test("speaks of bytes, and of files", () => {
    expect(lackOf({ ...roomy, bytes: 100e6 })).toContain("100 MB of");
    expect(lackOf({ bytes: 0, totalBytes: 24e6, files: 9, totalFiles: 10 })).toContain(
      "0 MB of 24 MB are free",
    );
    expect(lackOf({ ...roomy, files: 3 })).toContain("only 3 of 10000 files");
  });
});
