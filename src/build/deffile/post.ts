import type { DeffileStage } from "./deffile.ts";
import { printAppInstalls } from "./image/scif.ts";
import { readShell, type ScriptShell } from "./steps/shell.ts";

/** A script to run inside of the stage, as root, in "/". */
export interface PostScript {
  readonly shell: ScriptShell;
  readonly text: string;
}

/** `%post` and the installs of the apps: one script, unless `%post` is in another language than theirs. */
export function postScripts({ post, apps }: DeffileStage): readonly PostScript[] {
  const installs = printAppInstalls(apps);
  const shell = readShell(post?.arguments ?? "");
  const own = post?.text ?? "";
  if (installs === "") return own.trim() === "" ? [] : [{ shell, text: own }];
  if (shell.family !== "other") return [{ shell, text: own + installs }];
  return [
    { shell, text: own },
    { shell: readShell(""), text: installs },
  ];
}
