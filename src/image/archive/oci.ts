import {
  type Descriptor,
  hostPlatform,
  type ImageReference,
  isIndexType,
  isManifestType,
  kindOfDocument,
  mediaType,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseReference,
  platformScore,
  printPlatform,
} from "#spec";
import { archiveInvalid, contentMismatch } from "../error.ts";
import { platformOf } from "../mutate.ts";
import { refNameAnnotation } from "../refs.ts";
import type { Store } from "../store.ts";
import { type CheckedImage, checkLayers } from "./checked.ts";
import { configDigest, parseJson, readDockerManifest, referencesOf } from "./docker.ts";
import { findBlob, type MemberFile, type MemberPlace, readMember } from "./members.ts";

/**
 * The images of an OCI layout, one platform of each. An archive that is a docker-archive as well (`docker save` since
 * 25) is read as a layout; its manifest.json gives names, and may speak of no image that the layout does not have:
 * one archive that is two different things to two readers is refused.
 */
export function readLayoutImages(
  store: Store,
  place: MemberPlace,
  subject: string,
  platform: Platform | undefined,
): readonly CheckedImage[] {
  checkLayoutFile(place, subject);
  const index = place.find("index.json");
  if (index === undefined) throw archiveInvalid(subject, "it has no index.json");
  const images = new Map<string, { image: CheckedImage; names: Map<string, ImageReference> }>();
  for (const entry of parseIndex(readMember(index, subject)).manifests) {
    const references = namesOf(entry);
    const image = readEntry(store, place, subject, entry, platform);
    if (image === undefined) continue;
    const known = images.get(image.descriptor.digest) ?? { image, names: new Map() };
    images.set(image.descriptor.digest, known);
    for (const reference of references) known.names.set(JSON.stringify(reference), reference);
  }
  for (const entry of readDockerManifest(place, subject) ?? []) {
    const id = configDigest(entry, subject);
    const known = [...images.values()].find(({ image }) => image.manifest.config.digest === id);
    if (known === undefined)
      throw archiveInvalid(subject, `its manifest.json names the image ${id}, and its index.json does not`);
    for (const reference of referencesOf(entry)) known.names.set(JSON.stringify(reference), reference);
  }
  return [...images.values()].map(({ image, names }) => ({ ...image, references: [...names.values()] }));
}

function checkLayoutFile(place: MemberPlace, subject: string): void {
  const file = place.find("oci-layout");
  if (file === undefined) throw archiveInvalid(subject, "it has an index.json, but no oci-layout");
  const json = parseJson(readMember(file, subject), subject, "oci-layout") as {
    imageLayoutVersion?: unknown;
  } | null;
  if (json?.imageLayoutVersion !== "1.0.0")
    throw archiveInvalid(
      subject,
      `its layout has the version ${JSON.stringify(json?.imageLayoutVersion)}, wanted "1.0.0"`,
    );
}

/** containerd's annotation holds the full name; the other one a name or, from Docker, only a tag. */
function namesOf(entry: Descriptor): readonly ImageReference[] {
  const full = entry.annotations?.["io.containerd.image.name"];
  const name = full ?? entry.annotations?.[refNameAnnotation];
  return name === undefined ? [] : [parseReference(name)];
}

/** Undefined for what is no image: an attestation, an artifact. */
function readEntry(
  store: Store,
  place: MemberPlace,
  subject: string,
  entry: Descriptor,
  platform: Platform | undefined,
  depth = 0,
): CheckedImage | undefined {
  const file = readable(store, place, subject, entry);
  if (file === undefined) throw archiveInvalid(subject, `the document ${entry.digest} is missing`);
  const bytes = readMember(file, subject);
  if (!isIndexType(entry.mediaType) && !isManifestType(entry.mediaType)) return undefined;
  if (kindOfDocument(bytes, entry.mediaType) === "manifest")
    return readManifest(store, place, subject, entry, bytes, platform);
  if (depth > 3) throw archiveInvalid(subject, "its indexes are nested too deeply");
  const wanted = platform ?? hostPlatform();
  const score = (descriptor: Descriptor) =>
    descriptor.platform === undefined ? 1 : platformScore(descriptor.platform, wanted);
  const present = parseIndex(bytes)
    .manifests.filter(
      (inner) => inner.platform?.os !== "unknown" && readable(store, place, subject, inner) !== undefined,
    )
    .sort((a, b) => score(b) - score(a));
  const best = present[0];
  if (best === undefined) throw archiveInvalid(subject, "its index names no image that is in the archive");
  if (platform !== undefined && score(best) === 0)
    throw archiveInvalid(subject, `it holds nothing for ${printPlatform(platform)}`);
  return readEntry(store, place, subject, best, platform, depth + 1);
}

function readManifest(
  store: Store,
  place: MemberPlace,
  subject: string,
  entry: Descriptor,
  bytes: Buffer,
  platform: Platform | undefined,
): CheckedImage | undefined {
  const manifest = parseManifest(bytes);
  if (
    manifest.config.mediaType !== mediaType.ociConfig &&
    manifest.config.mediaType !== mediaType.dockerConfig
  )
    return undefined;
  const configFile = readable(store, place, subject, manifest.config);
  if (configFile === undefined)
    throw archiveInvalid(subject, `the config ${manifest.config.digest} is missing`);
  const configBytes = readMember(configFile, subject);
  const config = parseImageConfig(configBytes);
  if (platform !== undefined && platformScore(platformOf(config), platform) === 0)
    throw archiveInvalid(
      subject,
      `it holds an image for ${printPlatform(platformOf(config))}, wanted ${printPlatform(platform)}`,
    );
  const layers = checkLayers(subject, manifest.layers, config, (descriptor) =>
    findBlob(store, place, descriptor.digest),
  );
  return {
    manifest,
    manifestBytes: bytes,
    config,
    configBytes,
    descriptor: {
      mediaType: entry.mediaType,
      digest: entry.digest,
      size: entry.size,
      platform: platformOf(config),
    },
    layers,
    references: [],
  };
}

/** A document by its descriptor, with the right size. Its digest was verified when it was read. */
function readable(
  store: Store,
  place: MemberPlace,
  subject: string,
  descriptor: Descriptor,
): MemberFile | undefined {
  const file = findBlob(store, place, descriptor.digest);
  if (file !== undefined && file.size !== descriptor.size)
    throw contentMismatch(
      `${subject}: ${descriptor.digest}`,
      `${descriptor.size} bytes`,
      `${file.size} bytes`,
    );
  return file;
}
