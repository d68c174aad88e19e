import type { SifFile, SifObject } from "#sif";
import {
  type Descriptor,
  type Digest,
  Digester,
  digestAlgorithm,
  type ImageConfig,
  isIndexType,
  type Manifest,
  mediaType,
  parseImageConfig,
  parseIndex,
  parseManifest,
  reasonOf,
} from "#spec";
import { ociSifOdd } from "./error.ts";

// An OCI-SIF of SingularityCE: an image index, manifests, configs and layers as objects of a SIF file, each named by its
// digest. A layer is a squashfs, which overlayfs marks removals in (a character device 0:0, an opaque attribute), or a tar.

export const squashfsLayerType = "application/vnd.sylabs.image.layer.v1.squashfs";
const extLayerType = "application/vnd.sylabs.image.layer.v1.ext3";
const maxDocument = 4 * 1024 * 1024;

/** The image of an OCI-SIF: its documents, and the objects of its layers, bottom first. Verified but for the layers. */
export interface OciSifImage {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly layers: readonly { readonly descriptor: Descriptor; readonly object: SifObject }[];
}

/** Reads the documents of the first image. Throws oci-sif-odd. */
export function readOciSif(file: SifFile): OciSifImage {
  const odd = (why: string) => ociSifOdd(file.path, why);
  const root = file.objects.find(({ type }) => type === "oci-root-index");
  if (root === undefined) throw odd("it has no root index");
  try {
    const entry = parseIndex(read(file, root)).manifests[0];
    if (entry === undefined) throw odd("its index names no image");
    if (isIndexType(entry.mediaType)) throw odd("its index leads to another index");
    const manifest = parseManifest(document(file, entry));
    if (
      manifest.config.mediaType !== mediaType.ociConfig &&
      manifest.config.mediaType !== mediaType.dockerConfig
    )
      throw odd(`it holds no image but "${manifest.config.mediaType}"`);
    const config = parseImageConfig(document(file, manifest.config));
    const layers = manifest.layers.map((descriptor) => {
      if (descriptor.mediaType === extLayerType)
        throw odd("its topmost layer is an ext3 overlay, which Vial does not read");
      return { descriptor, object: blobOf(file, descriptor) };
    });
    return { manifest, config, layers };
  } catch (error) {
    const { code } = error as { code?: string };
    throw code === "oci-sif-odd" ? error : odd(reasonOf(error));
  }
}

function blobOf(file: SifFile, { digest, size }: Descriptor): SifObject {
  const found = file.objects.find(({ extra }) => extra.kind === "oci" && extra.digest === digest);
  if (found === undefined) throw ociSifOdd(file.path, `the blob ${digest} is not in it`);
  if (found.size !== size)
    throw ociSifOdd(file.path, `the blob ${digest} has ${found.size} bytes, and ${size} are promised`);
  return found;
}

function document(file: SifFile, descriptor: Descriptor): Buffer {
  const object = blobOf(file, descriptor);
  verifyObject(file, object, descriptor);
  return read(file, object);
}

function read(file: SifFile, object: SifObject): Buffer {
  if (object.size > maxDocument) throw ociSifOdd(file.path, `object ${object.id} has ${object.size} bytes`);
  return Buffer.concat([...file.read(object)].map((piece) => Buffer.from(piece)));
}

/** The bytes are those that the digest promises. Throws oci-sif-odd. */
export function verifyObject(
  file: SifFile,
  object: SifObject,
  { digest }: { readonly digest: Digest },
): void {
  const digester = new Digester(digestAlgorithm(digest));
  for (const piece of file.read(object)) digester.update(piece);
  const found = digester.digest();
  if (found !== digest)
    throw ociSifOdd(file.path, `the bytes of the blob ${digest} have the digest ${found}`);
}
