import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "#host";
import { failures } from "./failures.mjs";
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

describe("failures()", () => {
  test("keeps each failed test with what was printed before it, and nothing of the others", () => {
    const text =
      "noise\n(pass) one [1ms]\nexpected 1\ngot 2\n(fail) two [2ms]\n(pass) three\n 2 pass\n 1 fail\n";
    expect(failures(text)).toBe("expected 1\ngot 2\n(fail) two [2ms]");
  });

  test("gives the last lines of a run that died before any test failed", () => {
    expect(failures("(pass) one\nkilled")).toBe("(pass) one\nkilled");
  });
});
