// testdata/CASE/: `Singularity`, perhaps `build-args` (words of --build-arg, one per line), and what is read, in `expect`.
// With UPDATE_GOLDEN=1 the files are written anew; read the difference before it is kept.

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isVialError } from "#spec";
import { printSourceLines } from "../source-error.ts";
import { readBuildArguments, refuseUnusedArguments } from "./build-arguments.ts";
import { type DeffileStage, readDeffile } from "./deffile.ts";
import type { FilePair } from "./file-pair.ts";
import { parseDeffile } from "./parse.ts";
import type { Script } from "./script.ts";

const folder = join(import.meta.dir, "testdata");

for (const name of readdirSync(folder).sort())
  test(`readDeffile() reads testdata/${name} as expected`, () => {
    const at = (file: string) => join(folder, name, file);
    const words = existsSync(at("build-args"))
      ? readFileSync(at("build-args"), "utf8").trimEnd().split("\n")
      : [];
    const seen = describeText(readFileSync(at("Singularity"), "utf8"), words);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(at("expect"), seen);
    expect(seen).toBe(readFileSync(at("expect"), "utf8"));
  });

function describeText(text: string, words: readonly string[]): string {
  try {
    const { values } = readBuildArguments(words);
    const parsed = parseDeffile(text, "Singularity", values);
    refuseUnusedArguments(values, parsed.usedArguments, parsed.knownArguments);
    return readDeffile(parsed).stages.map(describeStage).join("\n");
  } catch (error) {
    if (!isVialError(error)) throw error;
    const lines = [
      `error ${error.code}`,
      error.message,
      ...(error.why === undefined ? [] : [`why:  ${error.why}`]),
      ...(error.next === undefined ? [] : [`next: ${error.next}`]),
    ];
    return `${lines.join("\n")}\n${error.where === undefined ? "" : printSourceLines(error.where, text)}`;
  }
}

function describeStage(stage: DeffileStage): string {
  const { range, header, bootstrap, files, labels, apps } = stage;
  const lines = [
    `stage ${stage.index}${stage.name === undefined ? "" : ` "${stage.name}"`}, lines ${range.from}-${range.to}`,
    ...[...header.values()].map(({ keyword, value }) => `header ${keyword}: ${JSON.stringify(value)}`),
    `begins from ${JSON.stringify(bootstrap)}`,
    ...files.flatMap(({ from, pairs }) => [
      from === undefined ? "files" : `files from ${from.index} "${from.name}"`,
      ...pairs.map(describePair),
    ]),
    ...["pre", "setup", "post", "environment", "runscript", "startscript", "test", "help"].flatMap((name) =>
      describeScript(name, stage[name as "post"]),
    ),
    ...[...labels].map(([key, value]) => `label ${key}=${value}`),
    ...apps.flatMap((app) => [
      `app ${app.name}`,
      ...app.files.map(describePair),
      ...["install", "environment", "run", "start", "test", "help"].flatMap((name) =>
        describeScript(name, app[name as "install"]),
      ),
      ...[...app.labels].map(([key, value]) => `label ${key}=${value}`),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function describePair({ source, destination }: FilePair): string {
  return `  "${source}"${destination === undefined ? "" : ` -> "${destination}"`}`;
}

function describeScript(name: string, script: Script | undefined): readonly string[] {
  if (script === undefined) return [];
  const lines = script.text.split("\n").slice(0, -1);
  return [
    `${name}${script.arguments === "" ? "" : ` (${script.arguments})`}`,
    ...lines.map((line, index) => `${String(script.lineNumbers[index]).padStart(4)} |${line}`),
  ];
}
