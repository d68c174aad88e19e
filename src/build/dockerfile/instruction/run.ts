import { argumentsInvalid } from "../error.ts";
import { heredocText, parseHeredocMark } from "../heredoc.ts";
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  RunInstruction,
  ShellInstruction,
} from "../instruction.ts";
import type { Statement } from "../statement.ts";
import { oneOf, readFlags } from "./flags.ts";
import { placeOf } from "./place.ts";
import { readMount } from "./read-mount.ts";

export function readRun(statement: Statement): RunInstruction {
  const flags = readFlags(statement, { mount: "list", network: "text", security: "text" });
  const { network, security } = flags;
  return {
    ...placeOf(statement),
    kind: "run",
    command: readCommand(statement),
    heredocs: statement.heredocs,
    mounts: flags.mount.map((text) => readMount(text, statement.range)),
    network: oneOf(statement, "network", network, ["default", "none", "host"], "default"),
    security: oneOf(statement, "security", security, ["sandbox", "insecure"], "sandbox"),
  };
}

export function readCmd(statement: Statement): CmdInstruction {
  readFlags(statement, {});
  return { ...placeOf(statement), kind: "cmd", command: readCommand(statement) };
}

export function readEntrypoint(statement: Statement): EntrypointInstruction {
  readFlags(statement, {});
  return { ...placeOf(statement), kind: "entrypoint", command: readCommand(statement) };
}

export function readShell(statement: Statement): ShellInstruction {
  readFlags(statement, {});
  if (!statement.json || statement.args.length === 0)
    throw argumentsInvalid(
      "SHELL",
      "it takes one JSON array of words",
      'SHELL ["/bin/bash", "-c"]',
      statement.range,
    );
  return { ...placeOf(statement), kind: "shell", words: statement.args };
}

export function readCommand(statement: Statement, args: readonly string[] = statement.args): CommandLine {
  return statement.json ? { kind: "exec", words: args } : { kind: "shell", text: args.join(" ") };
}

/** What a RUN hands to the system. */
export type RunScript =
  | CommandLine
  /** The one heredoc begins with "#!": it becomes a file that runs by itself. */
  | { readonly kind: "file"; readonly name: string; readonly content: string };

/**
 * The command of a RUN with its heredocs. One heredoc alone is the script; with a command before or behind its mark the
 * shell gets the text as it stands. Vial puts no variables into either: that is up to the shell.
 */
export function runScript(run: RunInstruction): RunScript {
  const [heredoc] = run.heredocs;
  if (run.command.kind === "exec" || heredoc === undefined) return run.command;
  const alone = parseHeredocMark(run.command.text) !== undefined;
  if (alone && heredoc.content.startsWith("#!"))
    return { kind: "file", name: heredoc.name, content: heredocText(heredoc) };
  if (alone) return { kind: "shell", text: heredocText(heredoc) };
  const texts = run.heredocs.map((one) => `\n${one.content}${one.name}`);
  return { kind: "shell", text: run.command.text + texts.join("") };
}
