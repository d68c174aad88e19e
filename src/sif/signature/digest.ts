import type { SifFile } from "../file.ts";
import type { SifObject } from "../object.ts";

// The bytes that a signature covers (SIF 1.0: sif/pkg/integrity/metadata.go, digest.go).

/** As they are written in the signed JSON. */
export const digestNames = {
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  sha512_224: "sha512-224",
  sha512_256: "sha512-256",
} as const;
export type DigestName = keyof typeof digestNames;

/** Algorithms as Bun names them. */
export type Hash =
  | (typeof digestNames)[DigestName]
  /** In signatures of Singularity before 3.6, whose descriptor names one. */
  | "blake2s256"
  | "blake2b256";

/** The launch script, magic, version and id. The architecture, the times and the counters are not signed. */
export function coveredHeader(head: Buffer): Buffer {
  return Buffer.concat([head.subarray(0, 45), head.subarray(48, 64)]);
}

/**
 * The fields of a descriptor that are signed. In place of its id stands that within the group, so that the image can be
 * packed anew. Not covered: id, group, place in the file, padding and the time of change.
 */
export function coveredDescriptor({ raw }: SifObject, relativeId: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeUInt32LE(relativeId);
  return Buffer.concat([
    raw.subarray(0, 5), // type, used
    id,
    raw.subarray(13, 17), // link
    raw.subarray(25, 33), // size
    raw.subarray(41, 49), // time of creation
    raw.subarray(57, 585), // uid, gid, name, extra
  ]);
}

export function digestOfBytes(hash: Hash, bytes: Uint8Array): string {
  return new Bun.CryptoHasher(hash).update(bytes).digest("hex");
}

/** Digests of data, each taken once: a file may hold thousands of signatures of one large object. */
export class DataDigests {
  readonly #file: SifFile;
  readonly #known = new Map<string, string>();

  constructor(file: SifFile) {
    this.#file = file;
  }

  /** Of the data of the objects, one behind the other. In hexadecimal digits. */
  of(hash: Hash, objects: readonly SifObject[]): string {
    const key = `${hash} ${objects.map(({ id }) => id).join(" ")}`;
    let digest = this.#known.get(key);
    if (digest === undefined) {
      const hasher = new Bun.CryptoHasher(hash);
      for (const object of objects) for (const bytes of this.#file.read(object)) hasher.update(bytes);
      digest = hasher.digest("hex");
      this.#known.set(key, digest);
    }
    return digest;
  }
}

/** Reads an object into memory. Only for those whose size was looked at. */
export function readWhole(file: SifFile, object: SifObject): Buffer {
  const parts: Uint8Array[] = [];
  for (const bytes of file.read(object)) parts.push(bytes.slice());
  return Buffer.concat(parts);
}
