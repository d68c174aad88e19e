// The cases of BuildKit's own parser: shared/testdata/dockerfile.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expand } from "./expand.ts";
import { parseDockerfile } from "./parse.ts";
import { readStatements, type Statement } from "./statement.ts";

const shared = join(import.meta.dir, "../../../../shared/testdata/dockerfile");
const present = existsSync(shared);
const cases = (folder: string) => (present ? readdirSync(join(shared, folder)) : []);
const read = (...path: string[]) => readFileSync(join(shared, ...path), "utf8");

/** A tree as BuildKit prints it. */
function dump(statement: Statement): string {
  const flags =
    statement.flags.length === 0
      ? []
      : [`[${statement.flags.map((flag) => JSON.stringify(flag)).join(" ")}]`];
  const pairs = statement.pairs.flatMap((pair) => [pair.name, pair.value, pair.separator]);
  const words = [...statement.args, ...pairs].map((word) => JSON.stringify(word));
  const child = statement.child === undefined ? [] : [dump(statement.child)];
  return `(${[statement.keyword.toLowerCase(), ...flags, ...words, ...child].join(" ")})`;
}

describe.skipIf(!present)(
  "readStatements() makes the trees of BuildKit (skipped without the shared test data)",
  () => {
    for (const name of cases("parse"))
      test(name, () => {
        const { statements } = readStatements(read("parse", name, "Dockerfile"), "Dockerfile");
        expect(statements.map(dump).join("\n")).toBe(read("parse", name, "result").trim());
      });
  },
);

describe.skipIf(!present)("parseDockerfile() refuses what BuildKit refuses", () => {
  for (const name of cases("parse-negative"))
    test(name, () => {
      expect(() => parseDockerfile(read("parse-negative", name, "Dockerfile"))).toThrow(
        expect.objectContaining({ name: "VialError", where: expect.anything() }),
      );
    });
});

describe.skipIf(!present)("parseDockerfile() reads every Dockerfile that is built later", () => {
  const files = present
    ? (readdirSync(join(shared, "build"), { recursive: true, withFileTypes: true }) ?? [])
        .filter((entry) => entry.isFile() && entry.name.startsWith("Dockerfile"))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
  for (const file of files)
    test(file.slice(shared.length + 1), () => {
      expect(parseDockerfile(readFileSync(file, "utf8")).instructions.length).toBeGreaterThan(0);
    });
});

function result(make: () => string): string {
  try {
    return make();
  } catch (error) {
    expect(error).toMatchObject({ name: "VialError" });
    return "error";
  }
}

describe.skipIf(!present)("expand() agrees with BuildKit's shell cases", () => {
  const variables = new Map([
    ["PWD", "/home"],
    ["SHELL", "bash"],
    ["KOREAN", "한국어"],
    ["NULL", ""],
  ]);
  const lines = present ? read("shell", "envVarTest").split("\n") : [];
  lines.forEach((line, index) => {
    // "W" is for Windows.
    if (line.startsWith("#") || line.trim() === "" || line.startsWith("W")) return;
    const [, text = "", wanted = ""] = line.split("|").map((part) => part.trim());
    test(`envVarTest line ${index + 1}: ${text}`, () => {
      expect(result(() => expand(text, variables, { escape: "\\" }).text)).toBe(wanted);
    });
  });
});

describe.skipIf(!present)("expand() cuts words as BuildKit does", () => {
  const variables = new Map<string, string>();
  const lines = present ? read("shell", "wordsTest").split("\n") : [];
  lines.forEach((line, index) => {
    if (line.startsWith("#") || line === "") return;
    const setting = /^ENV +([^=]*)=(.*)$/.exec(line);
    if (setting !== null) {
      variables.set(setting[1] ?? "", setting[2] ?? "");
      return;
    }
    const [text = "", wanted = ""] = line.split("|");
    const here = new Map(variables);
    test(`wordsTest line ${index + 1}: ${text}`, () => {
      const words = result(() => expand(text.trim(), here, { escape: "\\" }).words.join(","));
      expect(words).toBe(wanted.replace(/^ +/, ""));
    });
  });
});
