import { closeSync, openSync, readSync } from "node:fs";
import {
  type ImageConfig,
  type ImageReference,
  type Manifest,
  mediaType,
  parseImageConfig,
  parseReference,
  sniffCompression,
  digestOf,
  type Digest,
} from "#spec";
import { archiveInvalid, contentMismatch } from "../error.ts";
import { ociLayerType, platformOf } from "../mutate.ts";
import { type CheckedImage, checkLayers } from "./checked.ts";
import { type MemberFile, type MemberPlace, readMember } from "./members.ts";

/** One image in a docker-archive's manifest.json. */
export interface DockerEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** The images of a docker-archive that is no OCI layout at the same time (`docker save` before 25, skopeo, kaniko). */
export function readDockerImages(place: MemberPlace, subject: string): readonly CheckedImage[] {
  const entries = readDockerManifest(place, subject);
  if (entries === undefined) {
    const isOld = place.find("repositories") !== undefined;
    throw archiveInvalid(
      subject,
      isOld
        ? "it has the form that Docker wrote before version 1.10"
        : "it has neither manifest.json nor oci-layout: it is no archive of images (a root file system is taken by `vial import`)",
    );
  }
  checkRepositories(place, subject);
  return entries.map((entry) => readDockerImage(place, subject, entry));
}

/** Undefined where there is no manifest.json. */
export function readDockerManifest(place: MemberPlace, subject: string): readonly DockerEntry[] | undefined {
  const file = place.find("manifest.json");
  if (file === undefined) return undefined;
  const json = parseJson(readMember(file, subject), subject, "manifest.json");
  if (!Array.isArray(json) || json.length > 4096)
    throw archiveInvalid(subject, "its manifest.json is no list of images");
  return json.map((entry: unknown) => {
    const { Config, RepoTags, Layers } = (entry ?? {}) as Record<string, unknown>;
    if (typeof Config !== "string" || !isStrings(Layers) || !(RepoTags == null || isStrings(RepoTags)))
      throw archiveInvalid(subject, "an entry of its manifest.json has no Config, RepoTags and Layers");
    if (Layers.length > 4096) throw archiveInvalid(subject, "an image in it has more than 4096 layers");
    return { Config, RepoTags: RepoTags ?? [], Layers };
  });
}

export function referencesOf(entry: DockerEntry): readonly ImageReference[] {
  return entry.RepoTags.map((name) => parseReference(name));
}

/** The digest in the name of a config: `HEX.json`, `sha256:HEX` (go-containerregistry) or `blobs/sha256/HEX`. */
export function configDigest(entry: DockerEntry, subject: string): Digest {
  const hex = /^(?:([0-9a-f]{64})\.json|sha256:([0-9a-f]{64})|blobs\/sha256\/([0-9a-f]{64}))$/.exec(
    entry.Config,
  );
  const digits = hex?.[1] ?? hex?.[2] ?? hex?.[3];
  if (digits === undefined)
    throw archiveInvalid(subject, `the name of a config, ${JSON.stringify(entry.Config)}, is no image ID`);
  return `sha256:${digits}` as Digest;
}

function readDockerImage(place: MemberPlace, subject: string, entry: DockerEntry): CheckedImage {
  const references = referencesOf(entry);
  const wanted = configDigest(entry, subject);
  const configFile = place.find(entry.Config);
  if (configFile === undefined) throw archiveInvalid(subject, `the config "${entry.Config}" is missing`);
  if (configFile.digest !== wanted)
    throw contentMismatch(`the config "${entry.Config}"`, wanted, configFile.digest);
  const configBytes = readMember(configFile, subject);
  const config: ImageConfig = parseImageConfig(configBytes);
  const files = new Map<string, MemberFile>();
  const descriptors = entry.Layers.map((name) => {
    const file = place.find(name);
    if (file === undefined) throw archiveInvalid(subject, `the layer "${name}" is missing`);
    files.set(file.digest, file);
    const type = ociLayerType(sniffCompression(headOf(file)));
    return { mediaType: type, digest: file.digest, size: file.size };
  });
  const layers = checkLayers(subject, descriptors, config, (descriptor) => files.get(descriptor.digest));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: configFile.digest, size: configFile.size },
    layers: descriptors,
  };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  return {
    manifest,
    manifestBytes,
    config,
    configBytes,
    descriptor: {
      mediaType: mediaType.ociManifest,
      digest: digestOf(manifestBytes),
      size: manifestBytes.length,
      platform: platformOf(config),
    },
    layers,
    references,
  };
}

/** The old table of names says nothing that manifest.json does not; but an ID in it that is none shows bad intent. */
function checkRepositories(place: MemberPlace, subject: string): void {
  const file = place.find("repositories");
  if (file === undefined) return;
  const json = parseJson(readMember(file, subject), subject, "repositories");
  for (const [name, tags] of Object.entries((json ?? {}) as Record<string, unknown>)) {
    for (const [tag, id] of Object.entries((tags ?? {}) as Record<string, unknown>)) {
      parseReference(`${name}:${tag}`);
      if (typeof id !== "string" || !/^(?:sha256:)?[0-9a-f]{64}$/.test(id))
        throw archiveInvalid(subject, `its file "repositories" has the ID ${JSON.stringify(id)}`);
    }
  }
}

function headOf(file: MemberFile): Buffer {
  const fd = openSync(file.path, "r");
  try {
    const head = Buffer.alloc(6);
    readSync(fd, head, 0, 6, 0);
    return head;
  } finally {
    closeSync(fd);
  }
}

export function parseJson(bytes: Buffer, subject: string, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw archiveInvalid(subject, `its ${name} is no JSON: ${(error as Error).message}`);
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
