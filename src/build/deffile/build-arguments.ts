import { nearest } from "#kit";
import { readSourceLines } from "../dockerfile/source-line.ts";
import { trimSpace } from "../dockerfile/white-space.ts";
import { buildArgumentInvalid, buildArgumentsUnused } from "./error.ts";
import type { StageLine } from "./line.ts";

/** Values by name. */
export type BuildArguments = ReadonlyMap<string, string>;

/** Lines that are no NAME=VALUE: they are skipped, and somebody should be told. */
export interface ReadArguments {
  readonly values: BuildArguments;
  readonly skipped: readonly StageLine[];
}

/** The words behind `--build-arg`, and the text of the `--build-arg-file`. A word wins over the file, the last over others. */
export function readBuildArguments(words: readonly string[], fileText = ""): ReadArguments {
  const { values, skipped } = readPairLines(readSourceLines(fileText));
  const given = words.map((word) => {
    const pair = cutPair(word);
    if (pair === undefined) throw buildArgumentInvalid(word);
    return pair;
  });
  return { values: new Map([...values, ...given]), skipped };
}

/** The lines of a `%arguments` or of a file. Quotes are part of the value. */
export function readPairLines(lines: readonly StageLine[]): ReadArguments {
  const values = new Map<string, string>();
  const skipped: StageLine[] = [];
  for (const line of lines) {
    const text = trimSpace(line.text);
    if (text === "" || text.startsWith("#")) continue;
    const pair = cutPair(text);
    if (pair === undefined) skipped.push(line);
    else values.set(...pair);
  }
  return { values, skipped };
}

/** Refuses names that no place of the recipe took. */
export function refuseUnusedArguments(
  given: BuildArguments,
  used: ReadonlySet<string>,
  known: readonly string[],
): void {
  const unused = [...given.keys()].filter((name) => !used.has(name));
  const [first] = unused;
  if (first === undefined) return;
  const open = known.filter((name) => !given.has(name));
  throw buildArgumentsUnused(unused, unused.length === 1 ? nearest(first, open) : undefined);
}

function cutPair(text: string): readonly [string, string] | undefined {
  const equals = text.indexOf("=");
  const name = trimSpace(text.slice(0, Math.max(0, equals)));
  return name === "" ? undefined : [name, trimSpace(text.slice(equals + 1))];
}
