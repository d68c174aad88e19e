import type { ContainerDefaults } from "#spec";
import type { DeffileStage } from "../deffile.ts";
import { actionFiles } from "./actions.ts";
import { folder, type ImageEntry, script, text } from "./entry.ts";
import { environmentFiles, environmentSection } from "./environment.ts";
import { printLabels } from "./label-file.ts";
import { ociFiles } from "./oci.ts";
import { scifFiles } from "./scif.ts";
import { printSectionScript } from "./section-script.ts";

export interface MetadataSources {
  /** The stage that becomes the image. */
  readonly stage: DeffileStage;
  /** The text of all stages, after replacement. */
  readonly definition: string;
  /** All of them, from the base and from this build. */
  readonly labels: ReadonlyMap<string, string>;
  /** The definitions that the base was built from, the oldest first. */
  readonly history?: readonly string[];
  /** A help of the base is replaced. */
  readonly force?: boolean;
}

/**
 * What has to be there before `%post` runs: folders, the actions and the files of the environment, so that `%post` can
 * append to 91-environment.sh. What a base has of %environment stays. `config` is that of the OCI image that the stage begins from.
 */
export function prepareSingularityFiles(
  stage: DeffileStage,
  config?: ContainerDefaults,
): readonly ImageEntry[] {
  return [
    ...kept,
    folder("/.singularity.d"),
    folder("/.singularity.d/env"),
    folder("/.singularity.d/libs"),
    ...environmentFiles(),
    ...(config === undefined ? [] : ociFiles(config)),
    ...actionFiles(),
    ...scifFiles(stage.apps),
  ];
}

/** What is written when `%post` is done. */
export function finishSingularityFiles(sources: MetadataSources): readonly ImageEntry[] {
  const { stage, definition, labels, history = [], force = false } = sources;
  const { runscript, startscript, test, help, environment } = stage;
  return [
    ...(history.length === 0 ? [] : [folder("/.singularity.d/bootstrap_history")]),
    ...history.map((earlier, index) => text(`/.singularity.d/bootstrap_history/Apptainer${index}`, earlier)),
    text("/.singularity.d/Singularity", definition),
    ...(environment === undefined ? [] : [environmentSection(environment.text)]),
    text("/.singularity.d/labels.json", printLabels(labels)),
    ...(runscript === undefined ? [] : [script("/.singularity.d/runscript", printSectionScript(runscript))]),
    ...(help === undefined ? [] : [helpFile(help.text, force)]),
    ...(startscript === undefined
      ? []
      : [script("/.singularity.d/startscript", printSectionScript(startscript))]),
    ...(test === undefined ? [] : [script("/.singularity.d/test", printSectionScript(test))]),
  ];
}

function helpFile(content: string, force: boolean): ImageEntry {
  const entry = { kind: "file", path: "/.singularity.d/runscript.help", mode: 0o644, content } as const;
  return force ? entry : { ...entry, existing: "keep" };
}

/** Places that a runtime mounts something on, where the base has none. */
const kept: readonly ImageEntry[] = [
  ...["/dev", "/proc", "/sys", "/etc", "/home", "/var"].map(
    (path): ImageEntry => ({ kind: "folder", path, mode: 0o755, existing: "keep" }),
  ),
  { kind: "folder", path: "/root", mode: 0o700, existing: "keep" },
  ...["/tmp", "/var/tmp"].map(
    (path): ImageEntry => ({ kind: "folder", path, mode: 0o1777, existing: "keep" }),
  ),
  ...["/etc/hosts", "/etc/resolv.conf"].map(
    (path): ImageEntry => ({ kind: "file", path, mode: 0o644, content: "", existing: "keep" }),
  ),
];
