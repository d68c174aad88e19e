import { nearest } from "#kit";
import { argumentsInvalid, instructionUnknown, triggerRefused } from "../error.ts";
import type { Instruction, OnbuildInstruction } from "../instruction.ts";
import type { Statement } from "../statement.ts";
import { readAdd, readCopy } from "./files.ts";
import { readFlags } from "./flags.ts";
import { readFrom } from "./from.ts";
import { readHealthcheck } from "./healthcheck.ts";
import { placeOf } from "./place.ts";
import { readCmd, readEntrypoint, readRun, readShell } from "./run.ts";
import {
  readArg,
  readEnv,
  readExpose,
  readLabel,
  readMaintainer,
  readStopSignal,
  readUser,
  readVolume,
  readWorkdir,
} from "./settings.ts";

const readers: { readonly [Kind in Instruction["kind"]]: (statement: Statement) => Instruction } = {
  from: readFrom,
  run: readRun,
  copy: readCopy,
  add: readAdd,
  env: readEnv,
  label: readLabel,
  arg: readArg,
  workdir: readWorkdir,
  user: readUser,
  expose: readExpose,
  volume: readVolume,
  stopsignal: readStopSignal,
  shell: readShell,
  healthcheck: readHealthcheck,
  onbuild: readOnbuild,
  entrypoint: readEntrypoint,
  cmd: readCmd,
  maintainer: readMaintainer,
};

const keywords = Object.keys(readers).map((kind) => kind.toUpperCase());

/** From the parts of a statement to what it means. */
export function readInstruction(statement: Statement): Instruction {
  const kind = statement.keyword.toLowerCase();
  if (!Object.hasOwn(readers, kind)) {
    const near = nearest(statement.keyword.toUpperCase(), keywords);
    throw instructionUnknown(statement.keyword, statement.range, near);
  }
  return readers[kind as Instruction["kind"]](statement);
}

const refused = ["onbuild", "from", "maintainer"];

function readOnbuild(statement: Statement): OnbuildInstruction {
  readFlags(statement, {});
  const { child } = statement;
  if (child === undefined)
    throw argumentsInvalid("ONBUILD", "it takes another instruction", "ONBUILD COPY . /srv", statement.range);
  if (refused.includes(child.keyword.toLowerCase()))
    throw triggerRefused(child.keyword.toUpperCase(), statement.range);
  const heredocs = statement.heredocs.map((one) => `\n${one.content}${one.name}`);
  return {
    ...placeOf(statement),
    kind: "onbuild",
    expression: statement.line.replace(/^\s*ONBUILD\s*/i, "") + heredocs.join(""),
    trigger: readInstruction(child),
  };
}
