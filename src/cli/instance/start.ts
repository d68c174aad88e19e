import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { beginInstance, instanceFiles } from "#engine";
import { writeAtomic } from "#host";
import { reasonOf } from "#spec";
import type { Command, Flag } from "../command.ts";
import { fileUnwritable } from "../error.ts";
import { textFlag } from "../flag.ts";
import { namespaceUser } from "../hpc/enter.ts";
import { hpcFlags } from "../hpc/flags.ts";
import { hpcForm } from "../hpc/form.ts";
import type { Flags } from "../parse.ts";
import { voice } from "../voice.ts";

// `vial instance start|run` starts Vial once more, as the first process of a pid namespace (inside.ts).

export const startFlags: readonly Flag[] = [
  ...hpcFlags,
  textFlag("pid-file", "path", "Write the number of its process 1 into this file"),
];

export type Mode = "start" | "run";

const summaries: Readonly<Record<Mode, string>> = {
  start: "Start an image that stays, with its startscript, as yourself",
  run: "Start an image that stays, with its runscript, as yourself",
};

export function instanceCommand(mode: Mode): Command {
  return {
    name: `instance ${mode}`,
    usage: "[OPTIONS] IMAGE NAME [ARG...]",
    summary: summaries[mode],
    flags: startFlags,
    examples: [`vial instance ${mode} db.sif db`, "vial exec instance://db psql"],
    interspersed: false,
    args: [2, Number.POSITIVE_INFINITY],
    run(flags, [image = "", name = "", ...words]) {
      begin(mode, flags, { image, name, words });
      voice().info(`the instance "${name}" runs; enter it by \`vial shell instance://${name}\``);
      return 0;
    },
  };
}

/** Starts an instance and waits until it stands. Throws what beginInstance() throws, and file-unwritable. */
export function begin(
  mode: Mode,
  flags: Flags,
  {
    image,
    name,
    words,
  }: { readonly image: string; readonly name: string; readonly words: readonly string[] },
): void {
  instanceFiles(name);
  const pidFile = flags.filled("pid-file");
  if (pidFile !== undefined) checkWritable(pidFile);
  const given = [...wordsOf(flags), "--", image];
  const form = hpcForm("shell", given);
  const record = beginInstance({
    name,
    user: form === undefined ? "self" : namespaceUser(form),
    argv: [`internal-instance-${mode}`, ...given, name, ...words],
  });
  if (pidFile !== undefined) writeAtomic(pidFile, `${record.process.pid}\n`, 0o644);
}

/** Before anything is started. Throws file-unwritable. */
function checkWritable(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileUnwritable("--pid-file", path, reasonOf(error));
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw fileUnwritable("--pid-file", path, "it is a folder");
}

/** The flags as words again. */
function wordsOf(flags: Flags): readonly string[] {
  return hpcFlags.flatMap(({ name, kind }) => {
    if (!flags.has(name)) return [];
    if (kind === "bool") return [`--${name}=${flags.bool(name)}`];
    const values = kind === "list" ? flags.list(name) : [flags.text(name) ?? ""];
    return values.map((value) => `--${name}=${value}`);
  });
}
