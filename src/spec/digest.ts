import type { Branded } from "./brand.ts";
import { digestInvalid } from "./error-list.ts";

/** A content digest as written in OCI descriptors (image-spec, descriptor.md). Made only by parseDigest() and digestOf(). */
export type Digest = Branded<string, "Digest">;

export type DigestAlgorithm = "sha256" | "sha512";

const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * Parses `algorithm:hex`. Only the two registered algorithms with their exact, lower-case length are taken,
 * so that a digest can become part of a path (CVE-2024-3727).
 */
export function parseDigest(text: string): Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  if (colon < 0 || (algorithm !== "sha256" && algorithm !== "sha512")) throw digestInvalid(text);
  const hex = text.slice(colon + 1);
  if (hex.length !== hexLength[algorithm] || !/^[0-9a-f]+$/.test(hex)) throw digestInvalid(text);
  return text as Digest;
}

export function isDigest(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The hex part. Safe as a file name. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** A running digest over a stream. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hasher: Bun.CryptoHasher;

  constructor(algorithm: DigestAlgorithm = "sha256") {
    this.#algorithm = algorithm;
    this.#hasher = new Bun.CryptoHasher(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** Ends the stream; may be called once. */
  digest(): Digest {
    return `${this.#algorithm}:${this.#hasher.digest("hex")}` as Digest;
  }
}
