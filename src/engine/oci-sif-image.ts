import type { HpcImage } from "#runtime";
import type { SifFile } from "#sif";
import { ofDefaults } from "./hpc-image-defaults.ts";
import { ociSifLayered } from "./transfer/error.ts";
import { readOciSif, squashfsLayerType } from "./transfer/oci-sif.ts";

/** An OCI-SIF as an image to run: one squashfs is mounted where it lies. Throws oci-sif-layered, oci-sif-odd. */
export function ofOciSif(path: string, file: number, sif: SifFile): HpcImage {
  const { config, layers } = readOciSif(sif);
  const [layer] = layers;
  if (layer === undefined || layers.length > 1 || layer.descriptor.mediaType !== squashfsLayerType)
    throw ociSifLayered(path);
  const { offset, size } = layer.object;
  return ofDefaults(path, { kind: "squashfs", path, file, offset, size }, config.config ?? {});
}
