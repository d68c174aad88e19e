import {
  compressionOfType,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type ImageReference,
  isForeignLayerType,
  type Manifest,
} from "#spec";
import { archiveInvalid, contentMismatch, layerForeign } from "../error.ts";
import type { MemberFile } from "./members.ts";

/** A layer whose blob has the right bytes. That they unpack to the diff ID is known for uncompressed ones. */
export interface CheckedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly file: MemberFile;
}

/** An image of an archive, all of whose parts are there and fit each other. */
export interface CheckedImage {
  readonly manifest: Manifest;
  readonly manifestBytes: Buffer;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
  /** Of the manifest, with platform. */
  readonly descriptor: Descriptor;
  readonly layers: readonly CheckedLayer[];
  readonly references: readonly ImageReference[];
}

/** Pairs layers with diff IDs. Throws archive-invalid, content-mismatch, layer-foreign. */
export function checkLayers(
  subject: string,
  layers: readonly Descriptor[],
  config: ImageConfig,
  find: (descriptor: Descriptor) => MemberFile | undefined,
): readonly CheckedLayer[] {
  const diffIds = config.rootfs.diff_ids ?? [];
  if (diffIds.length !== layers.length)
    throw archiveInvalid(subject, `its config names ${diffIds.length} layers, its manifest ${layers.length}`);
  return layers.map((descriptor, place) => {
    const diffId = diffIds[place]!;
    const file = find(descriptor);
    if (file === undefined) {
      if (isForeignLayerType(descriptor.mediaType) || (descriptor.urls ?? []).length > 0)
        throw layerForeign(descriptor.digest);
      throw archiveInvalid(subject, `the layer ${descriptor.digest} is missing`);
    }
    if (file.size !== descriptor.size)
      throw contentMismatch(
        `the layer ${descriptor.digest}`,
        `${descriptor.size} bytes`,
        `${file.size} bytes`,
      );
    if (
      compressionOfType(descriptor.mediaType) === "none" &&
      file.digest !== diffId &&
      diffId.startsWith("sha256:")
    )
      throw contentMismatch(`the layer ${descriptor.digest}`, diffId, file.digest);
    return { descriptor, diffId, file };
  });
}
