// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
// Whatever stands in a file, the answer is a Deffile or a VialError, and it comes soon. A script that was split is still
// whole: no line is lost, and none is in two commands.

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isVialError } from "#spec";
import { printSourceLines } from "../source-error.ts";
import { makeRandom, mutate } from "../testing/fuzz.ts";
import { readBuildArguments } from "./build-arguments.ts";
import { readDeffile } from "./deffile.ts";
import { finishSingularityFiles, prepareSingularityFiles } from "./image/singularity-files.ts";
import { parseDeffile } from "./parse.ts";
import { postScripts } from "./post.ts";
import { makeSteps } from "./steps/carry.ts";
import { readShell } from "./steps/shell.ts";
import { splitScript } from "./steps/split.ts";
import { scripts } from "./steps/testing/scripts.ts";

const folder = join(import.meta.dir, "testdata");
const files = readdirSync(folder).map((name) => readFileSync(join(folder, name, "Singularity"), "utf8"));
const { values } = readBuildArguments(["base=debian:12", "x={{ y }}", "y=a\nb"]);

const snippets = [
  ..."%#:{}\\\"'\n\r\t $`()<>&;|=",
  "\n%post\n",
  "\n%files from build\n",
  "\nBootstrap: docker\nFrom: a\n",
  "\nStage: build\n",
  "\n%apprun a\n",
  "{{ x }}",
  "{{base}}",
  "%%",
  "<<EOF\n",
  "\nEOF\n",
  "$(",
  "f() {",
  "case x in a)",
  "esac",
  "\u0000",
  "\u0085",
  "\uD800",
  "\uFEFF",
  "é",
  "\\\n",
];

function readWhole(text: string): void {
  try {
    const { stages, definition } = readDeffile(parseDeffile(text, "Singularity", values));
    for (const stage of stages) {
      prepareSingularityFiles(stage);
      finishSingularityFiles({ stage, definition, labels: stage.labels });
      postScripts(stage);
    }
  } catch (error) {
    if (!isVialError(error)) throw new Error(`${String(error)} at ${JSON.stringify(text)}`, { cause: error });
    expect(printSourceLines(error.where ?? { file: "x", from: 1, to: 1 }, text)).toBeString();
  }
}

const shells = [readShell(""), readShell("-c bash -eu")];

async function splitWhole(text: string): Promise<void> {
  for (const shell of shells) {
    const split = await splitScript(text, shell);
    if (split.kind === "whole") continue;
    let next = 1;
    const lines = text.split("\n");
    for (const command of split.commands) {
      expect(command.from).toBeGreaterThanOrEqual(next);
      const wanted = lines.slice(command.from - 1, command.to).join("\n");
      expect(command.text.replace(/\n$/, "")).toBe(wanted.replace(/\n$/, ""));
      next = command.to + 1;
    }
    makeSteps(split.commands, { shell, statePath: "/run/state" });
  }
}

test("parseDeffile() withstands random changes of real files", () => {
  const random = makeRandom(20261125);
  for (let round = 0; round < 4000; round++)
    readWhole(mutate(files[random(files.length)]!, snippets, random));
});

test("splitScript() loses no line of randomly changed scripts", async () => {
  const random = makeRandom(3);
  for (let round = 0; round < 1500; round++)
    await splitWhole(mutate(scripts[random(scripts.length)]![2], snippets, random));
});

const hostile: Readonly<Record<string, string>> = {
  "long runs of blanks": `Bootstrap: docker${" ".repeat(200_000)}\nFrom:${"\t".repeat(200_000)}a`,
  "a section of blanks": `Bootstrap: scratch\n%${" ".repeat(200_000)}x`,
  "many percent signs": `Bootstrap: scratch\n${"%".repeat(200_000)}`,
  "many sections": `Bootstrap: scratch\n${"%post\na\n".repeat(20_000)}`,
  "many sections of files": `Bootstrap: scratch\n${"%files\na b\n".repeat(20_000)}`,
  "many stages": "Bootstrap: scratch\n".repeat(5000),
  "many named stages": Array.from({ length: 3000 }, (_, n) => `Bootstrap: scratch\nStage: s${n}\n`).join(""),
  "a long header value": `Bootstrap: scratch\nInclude: ${"a\\\n".repeat(50_000)}`,
  "many placeholders": `Bootstrap: scratch\n%post\n${"{{ x }} ".repeat(20_000)}`,
  "placeholders in a comment": `Bootstrap: scratch\n%post\n# c ${"{{ x }} ".repeat(50_000)}`,
  "half placeholders": `Bootstrap: scratch\n%post\n${"{{ ".repeat(100_000)}`,
  "values that grow": `Bootstrap: scratch\n%arguments\na=${"{{ b }}".repeat(5000)}\nb=${"x".repeat(5000)}\n%post\n${"{{ a }}".repeat(1000)}`,
  "many names of packages": `Bootstrap: debootstrap\nOSVersion: a\nInclude: ${"a ".repeat(100_000)}`,
  "a long name": `Bootstrap: ${"x".repeat(200_000)}`,
  "an odd agent": "Bootstrap: constructor",
  "another odd agent": "Bootstrap: __proto__\nFrom: a",
  "odd sections": "Bootstrap: scratch\n%__proto__\n%constructor",
  "quotes without an end": `Bootstrap: scratch\n%files\n${'"a '.repeat(50_000)}`,
};

for (const [name, text] of Object.entries(hostile))
  test(`parseDeffile() is done soon with ${name}`, () => {
    const started = performance.now();
    readWhole(text);
    expect(performance.now() - started).toBeLessThan(5000);
  });

const hostileScripts: Readonly<Record<string, string>> = {
  "nested substitutions": `a\necho ${"$(".repeat(20_000)}`,
  "closed nested substitutions": `a\necho ${"$(a ".repeat(2000)}${")".repeat(2000)}`,
  "nested quotes": `a\necho ${'"$('.repeat(5000)}`,
  "nested groups": `a\n${"{ ".repeat(20_000)}`,
  "nested subshells": `a\n${"(".repeat(50_000)}`,
  "nested arithmetic": `a\necho $((${"(".repeat(50_000)}`,
  "nested braces": `a\necho ${"${a:-".repeat(20_000)}`,
  "many ifs": `a\n${"if a; then\n".repeat(10_000)}`,
  "many commands": "a b c\n".repeat(50_000),
  "a long line of commands": "a; ".repeat(50_000),
  "many heredocs": `${"cat <<E\nx\nE\n".repeat(5000)}`,
  "many open heredocs": `cat ${"<<E ".repeat(5000)}\n`,
  "many continued lines": "a \\\n".repeat(50_000),
  backticks: `a\n${"`".repeat(20_001)}`,
  "escaped backticks": `a\n${"`\\`".repeat(5000)}`,
  "a long pipe": `a\n${"b | ".repeat(20_000)}c`,
  "brace expansions": `a\necho ${"{a,b}".repeat(10_000)}`,
  "open brackets": `a\necho ${"[".repeat(50_000)}`,
  globs: `a\ncase x in ${"@(a|".repeat(5000)}`,
};

for (const [name, text] of Object.entries(hostileScripts))
  test(`splitScript() is done soon with ${name}`, async () => {
    const started = performance.now();
    await splitWhole(text);
    expect(performance.now() - started).toBeLessThan(5000);
  });
