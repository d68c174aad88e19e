import type { Session } from "../session.ts";
import type { BuiltStage } from "../session.ts";
import { type Deffile, readDeffile } from "./deffile.ts";
import { refuseUnusedArguments, readBuildArguments } from "./build-arguments.ts";
import { parseDeffile } from "./parse.ts";
import { buildStage } from "./build-stage.ts";

export interface DeffileOptions {
  /** The text of `--build-arg-file`. */
  readonly argumentFile: string | undefined;
  /** `--notest`. */
  readonly runsTests: boolean;
  /** `--force`: labels and help of the base are replaced. */
  readonly force: boolean;
  /** Where names in %files begin: the folder of the command line. */
  readonly folder: string;
}

/** Whether a recipe is a definition file: it begins with a header, which no Dockerfile does. */
export function isDeffile(text: string, name: string): boolean {
  if (/\.(?:def|singularity)$/.test(name) || /(?:^|\/)(?:Singularity|Apptainer)(?:\.[^/]*)?$/.test(name))
    return true;
  return /^(?:[ \t]*(?:#[^\n]*)?\n)*bootstrap[ \t]*:/i.test(text);
}

/** Builds all stages of a definition file in order; the last one is the image. */
export async function buildDeffile(
  session: Session,
  text: string,
  file: string,
  options: DeffileOptions,
): Promise<BuiltStage> {
  const given = readBuildArguments(
    [...session.options.buildArgs]
      .filter(([name]) => name !== "SOURCE_DATE_EPOCH")
      .map(([name, value]) => `${name}=${value}`),
    options.argumentFile,
  );
  const parsed = parseDeffile(text, file, given.values);
  refuseUnusedArguments(given.values, parsed.usedArguments, parsed.knownArguments);
  const deffile: Deffile = readDeffile(parsed);
  const built: BuiltStage[] = [];
  for (const stage of deffile.stages)
    built.push(await buildStage({ session, deffile, stage, earlier: built, options }));
  return built.at(-1)!;
}
