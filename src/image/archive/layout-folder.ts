import { readdirSync, readFileSync, rmSync } from "node:fs";
import {
  type Descriptor,
  type ImageConfig,
  isDigest,
  isManifestType,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from "#spec";
import { archiveInvalid } from "../error.ts";
import type { Store } from "../store.ts";
import { findBlob, LayoutMembers, readMember } from "./members.ts";

/** An image of an OCI layout folder of which single layers are wanted. It gets no name in the store. */
export interface LayoutImage {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Copies a layer's blob into the store, verified. */
  keepLayer(layer: Descriptor): void;
}

/** Opens the first image of a layout folder. Undefined: there is no layout. Throws archive-invalid, content-mismatch. */
export function openLayoutImage(store: Store, folder: string, subject: string): LayoutImage | undefined {
  const place = new LayoutMembers(store, folder, subject);
  const index = place.find("index.json");
  if (index === undefined) return undefined;
  const entry = parseIndex(readMember(index, subject)).manifests.find((one) => isManifestType(one.mediaType));
  if (entry === undefined) throw archiveInvalid(subject, "its index.json names no image");
  const blob = (descriptor: Descriptor) => {
    const file = findBlob(store, place, descriptor.digest);
    if (file === undefined) throw archiveInvalid(subject, `the blob ${descriptor.digest} is missing`);
    return file;
  };
  const manifest = parseManifest(readMember(blob(entry), subject));
  return {
    manifest,
    config: parseImageConfig(readMember(blob(manifest.config), subject)),
    keepLayer: (layer) => place.commit(blob(layer)),
  };
}

/**
 * Removes from a layout folder the blobs of what was there before, when its index names one image alone: a cache that is
 * written anew every day must not grow for ever. `own`: the blobs of that image.
 */
export function sweepLayout(folder: string, own: readonly Descriptor[]): void {
  if (parseIndex(readFileSync(`${folder}/index.json`)).manifests.length !== 1) return;
  const kept = new Set<string>(own.map((blob) => blob.digest));
  for (const algorithm of readdirSync(`${folder}/blobs`))
    for (const name of readdirSync(`${folder}/blobs/${algorithm}`)) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest) && !kept.has(digest))
        rmSync(`${folder}/blobs/${algorithm}/${name}`, { force: true });
    }
}
