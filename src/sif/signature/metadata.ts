import * as v from "valibot";
import type { SifFile } from "../file.ts";
import type { SifObject } from "../object.ts";
import {
  coveredDescriptor,
  coveredHeader,
  type DataDigests,
  type DigestName,
  digestNames,
  digestOfBytes,
} from "./digest.ts";

// What a signature says: JSON with a digest of the header, and of descriptor and data of each object (SIF 1.0:
// sif/pkg/integrity/metadata.go). Digests are written "sha256:HEX".

/** A digest, taken apart. */
interface Claim {
  readonly name: DigestName;
  readonly hex: string;
}

interface ObjectClaim {
  readonly relativeId: number;
  readonly descriptor: Claim;
  readonly data: Claim;
}

export interface Metadata {
  readonly header: Claim;
  /** Not empty, each id once. */
  readonly objects: readonly ObjectClaim[];
}

const hexDigits: Readonly<Record<DigestName, number>> = {
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
  sha512_224: 56,
  sha512_256: 64,
};

const claim = v.pipe(
  v.string(),
  v.check((text) => parseClaim(text) !== undefined, "is no digest of a known kind"),
  v.transform((text) => parseClaim(text) as Claim),
);

const schema = v.object({
  version: v.literal(1),
  header: v.object({ digest: claim }),
  objects: v.pipe(
    v.array(
      v.object({
        relativeId: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
        descriptorDigest: claim,
        objectDigest: claim,
      }),
    ),
    v.minLength(1, "is empty: the signature covers nothing"),
    v.check(
      (objects) => new Set(objects.map(({ relativeId }) => relativeId)).size === objects.length,
      "names an object twice",
    ),
  ),
});

function parseClaim(text: string): Claim | undefined {
  const [name = "", hex = "", rest] = text.split(":");
  if (rest !== undefined || !Object.hasOwn(digestNames, name)) return undefined;
  const known = name as DigestName;
  return /^[0-9a-f]+$/.test(hex) && hex.length === hexDigits[known] ? { name: known, hex } : undefined;
}

/** Parses the text of a signature. Throws Error with the reason. */
export function parseMetadata(text: string): Metadata {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error("what is signed is no JSON");
  }
  const result = v.safeParse(schema, document);
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(`what is signed is odd: ${v.getDotPath(issue) ?? "the text"} ${issue.message}`);
  }
  const { header, objects } = result.output;
  return {
    header: header.digest,
    objects: objects.map(({ relativeId, descriptorDigest, objectDigest }) => ({
      relativeId,
      descriptor: descriptorDigest,
      data: objectDigest,
    })),
  };
}

/** The objects of a group, ordered by id. Signatures that lie in it are objects of it. */
export function objectsOfGroup(file: SifFile, group: number): SifObject[] {
  return file.objects.filter((object) => object.group === group).sort((a, b) => a.id - b.id);
}

/** The text to sign for objects of one group, the same bytes as Apptainer's. */
export function writeMetadata(
  file: SifFile,
  objects: readonly SifObject[],
  digests: DataDigests,
  name: DigestName = "sha256",
): string {
  const [first] = objectsOfGroup(file, objects[0]?.group ?? 0);
  const least = first?.id ?? 0;
  const hash = digestNames[name];
  return JSON.stringify({
    version: 1,
    header: { digest: `${name}:${digestOfBytes(hash, coveredHeader(file.head))}` },
    objects: [...objects]
      .sort((a, b) => a.id - b.id)
      .map((object) => ({
        relativeId: object.id - least,
        descriptorDigest: `${name}:${digestOfBytes(hash, coveredDescriptor(object, object.id - least))}`,
        objectDigest: `${name}:${digests.of(hash, [object])}`,
      })),
  });
}

export interface Comparison {
  /** Ids of the objects that are as they were signed. */
  readonly proven: readonly number[];
  /** The first thing that is not. */
  readonly fault: string | undefined;
  /** The object whose data it is. */
  readonly altered?: SifObject;
}

/** Compares the `wanted` objects of a group with what was signed. */
export function compareMetadata(
  file: SifFile,
  metadata: Metadata,
  wanted: { readonly objects: readonly SifObject[]; readonly least: number; readonly exact: boolean },
  digests: DataDigests,
): Comparison {
  const { objects, least, exact } = wanted;
  const claims = new Map(metadata.objects.map((entry) => [least + entry.relativeId, entry]));
  if (exact) {
    const gone = [...claims.keys()].filter((id) => !objects.some((object) => object.id === id));
    if (gone.length > 0)
      return { proven: [], fault: `object ${gone[0]} was signed and is not in the group any more` };
  }
  const header = digestOfBytes(digestNames[metadata.header.name], coveredHeader(file.head));
  if (header !== metadata.header.hex)
    return { proven: [], fault: "the header of the file was changed after it was signed" };
  const proven: number[] = [];
  for (const object of objects) {
    const entry = claims.get(object.id);
    if (entry === undefined) return { proven, fault: `object ${object.id} is not signed` };
    const descriptor = digestOfBytes(
      digestNames[entry.descriptor.name],
      coveredDescriptor(object, entry.relativeId),
    );
    if (descriptor !== entry.descriptor.hex)
      return { proven, fault: `the descriptor of object ${object.id} was changed after it was signed` };
    if (digests.of(digestNames[entry.data.name], [object]) !== entry.data.hex)
      return {
        proven,
        fault: `the data of object ${object.id} were changed after they were signed`,
        altered: object,
      };
    proven.push(object.id);
  }
  return { proven, fault: undefined };
}
