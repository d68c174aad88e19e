import { expect, test } from "bun:test";
import { findProgram } from "./find.ts";

test("findProgram() passes by what is on PATH and cannot be looked into", () => {
  const path = process.env.PATH;
  // A file is no folder: ENOTDIR. A folder of somebody else gives EACCES in the same way.
  process.env.PATH = "/etc/passwd:/usr/bin:/bin";
  try {
    expect(findProgram("tac")).toMatch(/^(\/usr)?\/bin\/tac$/);
  } finally {
    process.env.PATH = path;
  }
});
