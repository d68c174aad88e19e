import { existsSync } from "node:fs";
import { hasOneId } from "#host";
import { architectureOfPlatform, createRootSif, type SquashfsPacking } from "#sif";
import type { BuiltImage } from "./build-image.ts";
import type { Engine } from "./engine-handle.ts";
import { sifArchitectureNone } from "./error.ts";
import { packSource, writeSifOf } from "./transfer/sif-target.ts";
import { ofDescriptor, type SourceImage } from "./transfer/source.ts";

export interface SifOutput {
  readonly path: string;
  readonly packing: SquashfsPacking;
  /** Replaces a file that is there. */
  readonly force: boolean;
}

/**
 * Writes a built image as a SIF file, the same bytes for the same image. Throws sif-architecture-none, sif-in-the-way, and
 * target-taken.
 */
export async function writeSif(engine: Engine, image: BuiltImage, output: SifOutput): Promise<void> {
  // Unpacked, all files are those of the one user; in the layers, those of the base have their owners.
  const source = hasOneId() ? wholeSource(engine, image) : undefined;
  if (source !== undefined) return await writeLayers(source, image, output);
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

/** Undefined: of a layer that lies here unpacked the blob is not kept. */
function wholeSource(engine: Engine, image: BuiltImage): SourceImage | undefined {
  const source = ofDescriptor(engine, image.descriptor);
  return source.layers.every(({ path }) => existsSync(path)) ? source : undefined;
}

async function writeLayers(source: SourceImage, image: BuiltImage, output: SifOutput): Promise<void> {
  const content = {
    config: source.config,
    hasConfig: true,
    identity: image.id,
    // The image has its files of /.singularity.d, so that this is not asked for.
    origin: { agent: "localimage", from: image.id },
  };
  // As with a root that is packed from its folder, who ends Vial ends the packing.
  await writeSifOf(content, output, packSource(source, new AbortController().signal));
}
