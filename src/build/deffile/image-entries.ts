import type { ContainerDefaults } from "#spec";
import { readDeffile } from "./deffile.ts";
import type { ImageEntry } from "./image/entry.ts";
import { buildLabels } from "./image/label-file.ts";
import { finishSingularityFiles, prepareSingularityFiles } from "./image/singularity-files.ts";
import { parseDeffile } from "./parse.ts";

export interface ImageOrigin {
  /** As a definition file names it: "docker", "oci-archive". */
  readonly agent: string;
  readonly from: string;
}

/** What an image of the OCI gets, so that it runs by Singularity's habits. */
export interface SingularityFiles {
  /** The definition file that it would come from. */
  readonly definition: string;
  readonly entries: readonly ImageEntry[];
}

/**
 * The files of /.singularity.d for an image that is taken as it is. `seconds` since 1970 is the time of the image, which
 * stands for that of the build: the same image gives the same files.
 */
export function singularityFilesOf(
  image: { readonly defaults: ContainerDefaults; readonly architecture: string; readonly seconds: number },
  origin: ImageOrigin,
): SingularityFiles {
  const definition = `bootstrap: ${origin.agent}\nfrom: ${origin.from}\n`;
  const { stages } = readDeffile(parseDeffile(definition, origin.from));
  const [stage] = stages;
  if (stage === undefined) throw new Error("our bug: a definition file without a stage");
  const { architecture, seconds, defaults } = image;
  const built = buildLabels(stage.header, { architecture, date: new Date(seconds * 1000) }, false);
  const labels = new Map([...Object.entries(defaults.Labels ?? {}), ...built]);
  return {
    definition,
    entries: [
      ...prepareSingularityFiles(stage, defaults),
      ...finishSingularityFiles({ stage, definition, labels }),
    ],
  };
}
