import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "#host";
import { readJunit } from "./junit.mjs";
import { missingPrograms, programsOfTests, programsOfVial } from "./setup.mjs";

describe("programsOfVial()", () => {
  test("reads the table of src/host/program/needs.ts whole", () => {
    const table = needs.map((need) => ({ program: need.program, package: need.package, use: need.use }));
    expect(programsOfVial()).toEqual(table);
  });
});

describe("missingPrograms()", () => {
  test("names what is not on this machine, and nothing that is", () => {
    const list = [
      { program: "sh", package: "dash", use: "is there" },
      { program: "no-such-program-of-vial", package: "none", use: "is not" },
    ];
    expect(missingPrograms(list).map((entry: { program: string }) => entry.program)).toEqual([
      "no-such-program-of-vial",
    ]);
    expect(programsOfTests.length).toBeGreaterThan(5);
  });
});

describe("readJunit()", () => {
  test("takes the counts of the outermost element", () => {
    const folder = mkdtempSync(join(tmpdir(), "vial-junit-"));
    try {
      const path = join(folder, "report.xml");
      writeFileSync(
        path,
        '<?xml version="1.0"?>\n<testsuites name="bun test" tests="9" assertions="1" failures="2" skipped="3" time="0.1">\n<testsuite tests="1" failures="1" skipped="0"/></testsuites>',
      );
      expect(readJunit(path)).toEqual({ passed: 4, failed: 2, skipped: 3 });
      writeFileSync(path, "<nothing/>");
      expect(() => readJunit(path)).toThrow("no JUnit report");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
