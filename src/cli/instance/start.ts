import { beginInstance, instanceFiles } from "#engine";
import type { Command } from "../command.ts";
import { namespaceUser } from "../hpc/enter.ts";
import { hpcFlags } from "../hpc/flags.ts";
import { hpcForm } from "../hpc/form.ts";
import type { Flags } from "../parse.ts";
import { errLine } from "../print.ts";

// `vial instance start|run` starts Vial once more, as the first process of a pid namespace (inside.ts).

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
    flags: hpcFlags,
    examples: [`vial instance ${mode} db.sif db`, "vial exec instance://db psql"],
    interspersed: false,
    args: [2, Number.POSITIVE_INFINITY],
    run(flags, [image = "", name = "", ...words]) {
      begin(mode, flags, { image, name, words });
      errLine(`vial: the instance "${name}" runs; enter it by \`vial shell instance://${name}\``);
      return 0;
    },
  };
}

/** Starts an instance and waits until it stands. */
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
  const given = [...wordsOf(flags), "--", image];
  const form = hpcForm("shell", given);
  beginInstance({
    name,
    user: form === undefined ? "self" : namespaceUser(form),
    argv: [`internal-instance-${mode}`, ...given, name, ...words],
  });
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
