import * as v from "valibot";
import type { Digest } from "./digest.ts";
import { documentSchemas } from "./document-schema.ts";
import { documentInvalid } from "./error-list.ts";
import { isIndexType, isManifestType } from "./media-type.ts";
import type { Platform } from "./platform.ts";

// The OCI documents (image-spec v1.1), checked at the door. Unknown fields are kept: bytes are stored as received.

/** A pointer to content: what it is, which bytes, how many (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly data?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
}

/** An image manifest, OCI (manifest.md) or Docker schema 2. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image index, OCI (image-index.md) or Docker's manifest list. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Times are nanoseconds, as in Docker's image config. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** The run defaults inside an image config (image-spec, config.md, and Docker's extensions). */
export interface ContainerDefaults {
  readonly User?: string | null;
  readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  readonly Env?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, object>> | null;
  readonly WorkingDir?: string | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string | null;
  readonly Healthcheck?: Healthcheck | null;
  readonly Shell?: readonly string[] | null;
  /** What a build on top of the image does first (Docker's, not in the OCI specification). */
  readonly OnBuild?: readonly string[] | null;
}

export interface HistoryEntry {
  readonly created?: string | null;
  readonly author?: string | null;
  readonly created_by?: string | null;
  readonly comment?: string | null;
  readonly empty_layer?: boolean | null;
}

/** An image config (image-spec, config.md). `diff_ids` is null or absent for an image without layers. */
export interface ImageConfig {
  readonly created?: string | null;
  readonly author?: string | null;
  readonly architecture: string;
  readonly variant?: string | null;
  readonly os: string;
  readonly config?: ContainerDefaults | null;
  readonly rootfs: { readonly type: "layers"; readonly diff_ids?: readonly Digest[] | null };
  readonly history?: readonly HistoryEntry[] | null;
}

const maxDocumentBytes = 4 * 1024 * 1024;

function parseDocument(what: string, bytes: Uint8Array | string, schema: v.GenericSchema): unknown {
  const length = typeof bytes === "string" ? bytes.length : bytes.byteLength;
  if (length > maxDocumentBytes)
    throw documentInvalid(what, `it has ${length} bytes, more than ${maxDocumentBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(
      typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (error) {
    throw documentInvalid(what, `it is no JSON: ${(error as Error).message}`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return json;
  const issue = result.issues[0];
  throw documentInvalid(what, `${v.getDotPath(issue) ?? "the document"}: ${issue.message}`);
}

/** One document may not be read as both manifest and index (CVE-2021-41190), nor contradict its media type. */
function refuseAmbiguity(what: string, json: unknown, wanted: "manifest" | "index"): void {
  const document = json as {
    mediaType?: string;
    manifests?: unknown;
    layers?: unknown;
    config?: unknown;
    fsLayers?: unknown;
  };
  const own = document.mediaType;
  const fits = wanted === "manifest" ? isManifestType : isIndexType;
  if (own !== undefined && !fits(own))
    throw documentInvalid(
      what,
      `its mediaType ${JSON.stringify(own)} is not that of ${wanted === "manifest" ? "a manifest" : "an index"}`,
    );
  const foreign = wanted === "manifest" ? ["manifests", "fsLayers"] : ["layers", "config", "fsLayers"];
  for (const field of foreign) {
    if (Object.hasOwn(document, field))
      throw documentInvalid(
        what,
        `it has the field "${field}", so it could be read as two kinds of document`,
      );
  }
}

export function parseManifest(bytes: Uint8Array | string): Manifest {
  const json = parseDocument("the image manifest", bytes, documentSchemas().manifest);
  refuseAmbiguity("the image manifest", json, "manifest");
  return json as Manifest;
}

export function parseIndex(bytes: Uint8Array | string): Index {
  const json = parseDocument("the image index", bytes, documentSchemas().index);
  refuseAmbiguity("the image index", json, "index");
  return json as Index;
}

export function parseImageConfig(bytes: Uint8Array | string): ImageConfig {
  return parseDocument("the image config", bytes, documentSchemas().imageConfig) as ImageConfig;
}

/** Tells a manifest from an index by media type, or, where none is given, by its fields. */
export function kindOfDocument(bytes: Uint8Array | string, declaredType?: string): "manifest" | "index" {
  if (declaredType !== undefined && isManifestType(declaredType)) return "manifest";
  if (declaredType !== undefined && isIndexType(declaredType)) return "index";
  const json = parseDocument("the image document", bytes, documentSchemas().anyKind) as {
    mediaType?: string;
    manifests?: unknown;
  };
  if (json.mediaType !== undefined) {
    if (isManifestType(json.mediaType)) return "manifest";
    if (isIndexType(json.mediaType)) return "index";
    throw documentInvalid(
      "the image document",
      `its mediaType ${JSON.stringify(json.mediaType)} is neither that of a manifest nor that of an index${json.mediaType.includes("v1+prettyjws") ? " (Docker schema 1 is not supported)" : ""}`,
    );
  }
  return Object.hasOwn(json, "manifests") ? "index" : "manifest";
}

export const emptyImageConfig: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [] },
};
