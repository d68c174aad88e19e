// The instructions that only set something in the image's config.

import { argumentsInvalid } from "../error.ts";
import type {
  ArgInstruction,
  EnvInstruction,
  ExposeInstruction,
  LabelInstruction,
  MaintainerInstruction,
  StopSignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "../instruction.ts";
import type { Pair, Statement } from "../statement.ts";
import { trimSpace } from "../white-space.ts";
import { readFlags } from "./flags.ts";
import { placeOf } from "./place.ts";

export function readEnv(statement: Statement): EnvInstruction {
  return { ...placeOf(statement), kind: "env", pairs: pairsOf(statement, "ENV LANG=C.UTF-8") };
}

export function readLabel(statement: Statement): LabelInstruction {
  return { ...placeOf(statement), kind: "label", pairs: pairsOf(statement, "LABEL version=1") };
}

function pairsOf(statement: Statement, example: string): readonly Pair[] {
  readFlags(statement, {});
  const keyword = statement.keyword.toUpperCase();
  if (statement.pairs.length === 0)
    throw argumentsInvalid(keyword, "it takes at least one NAME=VALUE", example, statement.range);
  if (statement.pairs.some((pair) => pair.name === ""))
    throw argumentsInvalid(keyword, 'the name before a "=" is missing', example, statement.range);
  return statement.pairs;
}

export function readArg(statement: Statement): ArgInstruction {
  readFlags(statement, {});
  const fail = (why: string) => argumentsInvalid("ARG", why, "ARG VERSION=1", statement.range);
  if (statement.args.length === 0) throw fail("it takes at least one NAME or NAME=VALUE");
  const args = statement.args.map((word) => {
    const equals = word.indexOf("=");
    if (equals === 0) throw fail('the name before a "=" is missing');
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { ...placeOf(statement), kind: "arg", args };
}

export function readWorkdir(statement: Statement): WorkdirInstruction {
  return { ...placeOf(statement), kind: "workdir", path: oneArgument(statement, "a path", "/srv") };
}

export function readUser(statement: Statement): UserInstruction {
  return { ...placeOf(statement), kind: "user", user: oneArgument(statement, "a user", "1000:1000") };
}

export function readStopSignal(statement: Statement): StopSignalInstruction {
  return { ...placeOf(statement), kind: "stopsignal", signal: oneArgument(statement, "a signal", "SIGINT") };
}

export function readMaintainer(statement: Statement): MaintainerInstruction {
  return { ...placeOf(statement), kind: "maintainer", name: oneArgument(statement, "a name", "Ada") };
}

/** These take the rest of the line as one. */
function oneArgument(statement: Statement, what: string, example: string): string {
  readFlags(statement, {});
  const [argument] = statement.args;
  const keyword = statement.keyword.toUpperCase();
  if (argument === undefined)
    throw argumentsInvalid(keyword, `it takes ${what}`, `${keyword} ${example}`, statement.range);
  return argument;
}

export function readExpose(statement: Statement): ExposeInstruction {
  readFlags(statement, {});
  if (statement.args.length === 0)
    throw argumentsInvalid("EXPOSE", "it takes at least one port", "EXPOSE 8080/tcp", statement.range);
  return { ...placeOf(statement), kind: "expose", ports: statement.args };
}

export function readVolume(statement: Statement): VolumeInstruction {
  readFlags(statement, {});
  const fail = (why: string) => argumentsInvalid("VOLUME", why, "VOLUME /var/lib/data", statement.range);
  if (statement.args.length === 0) throw fail("it takes at least one path");
  const paths = statement.args.map(trimSpace);
  if (paths.includes("")) throw fail("a path is empty");
  return { ...placeOf(statement), kind: "volume", paths };
}
