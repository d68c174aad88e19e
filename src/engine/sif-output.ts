import { architectureOfPlatform, createRootSif, type SquashfsPacking } from "#sif";
import type { BuiltImage } from "./build-image.ts";
import { sifArchitectureNone } from "./error.ts";

export interface SifOutput {
  readonly path: string;
  readonly packing: SquashfsPacking;
  /** Replaces a file that is there. */
  readonly force: boolean;
}

/** Writes a built image as a SIF file, the same bytes for the same image. Throws sif-architecture-none, sif-in-the-way. */
export async function writeSif(image: BuiltImage, output: SifOutput): Promise<void> {
  const { config } = image;
  const architecture = architectureOfPlatform(config.architecture);
  if (architecture === undefined) throw sifArchitectureNone(config.architecture);
  const root = await image.folder();
  try {
    const labels = config.config?.Labels;
    await createRootSif(output.path, {
      architecture,
      root: { kind: "folder", path: root.path, allRoot: false, packing: output.packing },
      ...(image.definition === undefined ? {} : { deffile: image.definition }),
      ...(labels == null ? {} : { labels }),
      ...(config.config == null ? {} : { ociConfig: config.config }),
      identity: image.id,
      time: image.seconds,
      force: output.force,
    });
  } finally {
    root.close();
  }
}
