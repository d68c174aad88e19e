// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
// Whatever stands in a file, the answer is a Dockerfile or a VialError, and it comes soon.

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isVialError } from "#spec";
import { printSourceLines } from "../source-error.ts";
import { makeRandom, mutate } from "../testing/fuzz.ts";
import { parseDockerfile } from "./parse.ts";
import { readStages } from "./stages.ts";

const shared = join(import.meta.dir, "../../../../shared/testdata/dockerfile");
const files = existsSync(shared)
  ? readdirSync(shared, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.startsWith("Dockerfile"))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
  : ["FROM a AS b\nRUN --mount=type=cache,target=/x <<EOF\na\nEOF\nCOPY --from=b x y\n"];

const snippets = [
  ..."\\`\"'$<>{}[]#=,-:\n\r\t ",
  "<<EOF\n",
  "<<-'E'",
  "${a:-",
  "${a/b/c}",
  "--mount=",
  "--from=0",
  "--from=b ",
  "\nFROM b AS c\n",
  "ONBUILD ",
  "HEALTHCHECK CMD ",
  "ENV a=",
  "\u0000",
  "\u0085",
  "\uD800",
  "\uFEFF",
  "é",
  "# escape=`\n",
  "\\\n",
  "\\\n#\n",
  '["',
];

function readWhole(text: string): void {
  try {
    readStages(parseDockerfile(text));
  } catch (error) {
    if (!isVialError(error)) throw new Error(`${String(error)} at ${JSON.stringify(text)}`, { cause: error });
    expect(printSourceLines(error.where ?? { file: "x", from: 1, to: 1 }, text)).toBeString();
  }
}

test("parseDockerfile() withstands random changes of real files", () => {
  const random = makeRandom(20261125);
  for (let round = 0; round < 6000; round++)
    readWhole(mutate(files[random(files.length)]!, snippets, random));
});

const hostile: Readonly<Record<string, string>> = {
  "long runs of blanks": `FROM a${" ".repeat(200_000)}\nRUN ${"\t".repeat(200_000)}x`,
  "a directive of blanks": `# escape=${" ".repeat(200_000)}x\nFROM a`,
  "many continued lines": `FROM a\nRUN x${"\\\n y".repeat(50_000)}`,
  backslashes: `FROM a\nRUN ${"\\".repeat(200_000)}`,
  "backslashes with blanks": `FROM a\nRUN ${"\\ ".repeat(100_000)}`,
  "nested JSON": `FROM a\nRUN ${"[".repeat(200_000)}`,
  "nested ONBUILD": `FROM a\n${"ONBUILD ".repeat(100_000)}`,
  "many heredocs": `FROM a\nCOPY ${"<<a ".repeat(5000)} /x`,
  "a long word": `FROM a\n${"x".repeat(500_000)} y`,
  "many flags": `FROM a\nCOPY ${"--exclude=a ".repeat(50_000)} b c`,
  "many quotes": `FROM a\nENV ${"a='\"' ".repeat(50_000)}`,
  "deep variables": `FROM ${"${a:-".repeat(100_000)}`,
  "many variables": `${"ARG a=$a$a\n".repeat(10)}FROM ${"$a".repeat(1000)}x`,
  "many stages": Array.from({ length: 5000 }, (_, n) => `FROM a AS s${n}\nCOPY --from=${n} a b`).join("\n"),
  "a mount of commas": `FROM a\nRUN --mount=${",".repeat(100_000)} x`,
};

for (const [name, text] of Object.entries(hostile))
  test(`parseDockerfile() is done soon with ${name}`, () => {
    const started = performance.now();
    readWhole(text);
    expect(performance.now() - started).toBeLessThan(5000);
  });
