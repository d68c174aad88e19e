import { expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
  ftruncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { copySparse } from "./copy-sparse.ts";

test("copySparse() copies data to its place and leaves holes, also one at the end", () => {
  const folder = mkdtempSync(`${tmpdir()}/vial-sparse-`);
  const from = openSync(`${folder}/from`, "w+");
  const to = openSync(`${folder}/to`, "w+");
  try {
    writeSync(from, "head", 0);
    writeSync(from, "middle", 8 << 20);
    const size = 2 ** 40;
    ftruncateSync(from, size);
    let told = 0;
    copySparse(from, to, size, (bytes) => {
      told += bytes;
    });
    const info = statSync(`${folder}/to`);
    expect(info.size).toBe(size);
    expect(info.blocks * 512).toBeLessThan(1 << 20);
    expect(told).toBeLessThan(1 << 20);
    ftruncateSync(to, (8 << 20) + 6);
    const bytes = readFileSync(`${folder}/to`);
    expect(bytes.toString("latin1", 0, 4)).toBe("head");
    expect(bytes.toString("latin1", 8 << 20)).toBe("middle");
  } finally {
    closeSync(from);
    closeSync(to);
    rmSync(folder, { recursive: true });
  }
});
