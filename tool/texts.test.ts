import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printApiTable } from "./api-table.ts";
import { printPersonaTable } from "./apptainer-table.ts";
import { printDockerTable } from "./docker-table.ts";
import { readTable } from "./docs.ts";
import { codesInSource, errorFiles, listErrors, printErrors } from "./errors.ts";
import { projectFolder, readSource, sourceFiles } from "./map.ts";

const { errors, faults } = await listErrors();
/** Each text that a person may see, with the place it comes from. */
const texts = errors.flatMap(({ file, maker, error, shortest }) =>
  [error, shortest].map((shown) => ({ at: `${file} ${maker}()`, shown })),
);

function complain(fault: (shown: (typeof texts)[number]["shown"]) => boolean): string[] {
  return [
    ...new Set(
      texts
        .filter(({ shown }) => fault(shown))
        .map(({ at, shown }) => `${at}: ${[shown.message, shown.why, shown.next].join(" | ")}`),
    ),
  ];
}

/** Errors about which a person can do nothing by a command: each with the reason. */
const withoutNext: Readonly<Record<string, string>> = {
  "document-invalid": "somebody else wrote the document; who reads it adds what to do",
};

describe("the errors of all rooms", () => {
  test("there are some, and each maker can be called", () => {
    expect(faults).toEqual([]);
    expect(errors.length).toBeGreaterThan(20);
  });

  test("every code in the source was reached, and no other", () => {
    expect([...new Set(errors.map(({ error }) => error.code))].sort()).toEqual([...new Set(codesInSource())]);
  });

  test("a code is written in one place, and is kebab-case", () => {
    const codes = codesInSource();
    expect(codes.filter((code, index) => codes[index - 1] === code)).toEqual([]);
    expect(codes.filter((code) => !/^[a-z]+(-[a-z0-9]+)*$/.test(code))).toEqual([]);
  });

  test('say what failed: "Cannot ..."', () => {
    expect(complain((shown) => !shown.message.startsWith("Cannot "))).toEqual([]);
  });

  test("end without a full stop", () => {
    const ends = (text: string | undefined) => text !== undefined && /(^|[^.])\.$/.test(text.trim());
    expect(complain((shown) => ends(shown.message) || ends(shown.why) || ends(shown.next))).toEqual([]);
  });

  test("have no contractions", () => {
    const contraction = /\b\w+n't\b|\b(it|that|there|what|who|here)'s\b|\b\w+'(re|ve|ll|d|m)\b/i;
    expect(
      complain((shown) => contraction.test(`${shown.message} ${shown.why ?? ""} ${shown.next ?? ""}`)),
    ).toEqual([]);
  });

  test("hold no placeholder that was forgotten", () => {
    const forgotten = /\bundefined\b|\bNaN\b|\[object |\bnull\b/;
    expect(
      complain((shown) => forgotten.test(`${shown.message} ${shown.why ?? ""} ${shown.next ?? ""}`)),
    ).toEqual([]);
  });

  test("say the next step whenever the person can act", () => {
    const bystander = new Set(["internal", "data-loss", "canceled", "not-modified", "deadline-exceeded"]);
    expect(
      complain(
        (shown) =>
          shown.next === undefined && !bystander.has(shown.kind) && withoutNext[shown.code] === undefined,
      ),
    ).toEqual([]);
  });

  test("are made in the error files alone", () => {
    // Beside them the class itself, which copies an error with its place.
    const allowed = new Set([...errorFiles(), "src/spec/error.ts"]);
    const faulty = sourceFiles().filter(
      (file) =>
        !allowed.has(file) && !file.endsWith(".test.ts") && /\bnew VialError\(/.test(readSource(file)),
    );
    expect(faulty).toEqual([]);
  });

  test("docs/api.md has the paths as they are: run `npm run docs`", () => {
    expect(readTable("docs/api.md", "paths")).toBe(printApiTable());
  });

  test("docs/apptainer.md has the table of commands and options as it is: run `npm run docs`", () => {
    expect(readTable("docs/apptainer.md", "commands")).toBe(printPersonaTable());
  });

  test("docs/docker.md has the table of commands and options as it is: run `npm run docs`", async () => {
    expect(readTable("docs/docker.md", "commands")).toBe(await printDockerTable());
  });

  test("are listed in docs/errors.md as they are: run `npm run docs`", () => {
    expect(readFileSync(join(projectFolder, "docs/errors.md"), "utf8")).toBe(printErrors(errors));
  });
});

describe("texts", () => {
  test("the version of the program is that of package.json", () => {
    const { version } = JSON.parse(readSource("package.json")) as { version: string };
    expect(readSource("src/cli/version.ts")).toContain(`"${version}"`);
  });
});
