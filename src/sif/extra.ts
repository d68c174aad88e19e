import { type Digest, isDigest, parseDigest } from "#spec";
import { architectureAt, type SifArchitecture, writeArchitecture } from "./architecture.ts";
import { CodeTable } from "./code-table.ts";
import type { DataType } from "./data-type.ts";
import { SifFault } from "./fault.ts";

// The last 384 bytes of a descriptor, whose meaning hangs on the data type (SIF 1.0: sif/pkg/sif/descriptor.go).

export const extraBytes = 384;
const fingerprintBytes = 20;
/** A longer text than any digest: "sha512:" and 128 digits. */
const digestBytes = 136;

export const fileSystems = new CodeTable(
  [1, "squashfs", "Squashfs"],
  [2, "ext3", "Ext3"],
  [3, "archive", "Archive"],
  [4, "raw", "Raw"],
  [5, "encrypted-squashfs", "Encrypted squashfs"],
  // Apptainer alone.
  [6, "gocryptfs-squashfs", "Gocryptfs squashfs"],
);

export const partitionTypes = new CodeTable(
  [1, "system", "System"],
  [2, "primary-system", "*System"],
  [3, "data", "Data"],
  [4, "overlay", "Overlay"],
);

export const hashTypes = new CodeTable(
  [1, "sha256", "SHA-256"],
  [2, "sha384", "SHA-384"],
  [3, "sha512", "SHA-512"],
  [4, "blake2s-256", "BLAKE2s-256"],
  [5, "blake2b-256", "BLAKE2b-256"],
);

export const cryptoFormats = new CodeTable([1, "openpgp", "OpenPGP"], [2, "pem", "PEM"]);

export const cryptoMessages = new CodeTable(
  [0x100, "clear-signature", "Clear Signature"],
  [0x200, "rsa-oaep", "RSA-OAEP"],
);

export const sbomFormats = new CodeTable(
  [1, "cyclonedx-json", "cyclonedx-json"],
  [2, "cyclonedx-xml", "cyclonedx-xml"],
  [3, "github-json", "github-json"],
  [4, "spdx-json", "spdx-json"],
  [5, "spdx-rdf", "spdx-rdf"],
  [6, "spdx-tag-value", "spdx-tag-value"],
  [7, "spdx-yaml", "spdx-yaml"],
  [8, "syft-json", "syft-json"],
);

type WordOf<T> = T extends CodeTable<infer Word> ? Word : never;
export type SifFileSystem = WordOf<typeof fileSystems>;
export type PartitionType = WordOf<typeof partitionTypes>;
export type HashType = WordOf<typeof hashTypes>;
export type CryptoFormat = WordOf<typeof cryptoFormats>;
export type CryptoMessage = WordOf<typeof cryptoMessages>;
export type SbomFormat = WordOf<typeof sbomFormats>;

/** What a reader finds: a code that is not in our tables is "unknown". */
export type Extra =
  | {
      readonly kind: "partition";
      readonly fileSystem: SifFileSystem | "unknown";
      readonly partition: PartitionType | "unknown";
      readonly architecture: SifArchitecture | "unknown";
    }
  | {
      readonly kind: "signature";
      readonly hash: HashType | "unknown";
      /** Of an OpenPGP v4 key, 40 upper-case hexadecimal digits. None with DSSE. */
      readonly fingerprint: string | undefined;
    }
  | {
      readonly kind: "crypto-message";
      readonly format: CryptoFormat | "unknown";
      readonly message: CryptoMessage | "unknown";
    }
  | { readonly kind: "sbom"; readonly format: SbomFormat | "unknown" }
  | { readonly kind: "oci"; readonly digest: Digest }
  | { readonly kind: "none" };

/** Reads the field of a descriptor that lies at `at` in the file. Throws SifFault. */
export function parseExtra(type: DataType | "unknown", bytes: Buffer, at: number): Extra {
  switch (type) {
    case "partition":
      return {
        kind: "partition",
        fileSystem: fileSystems.wordOf(bytes.readInt32LE(0)),
        partition: partitionTypes.wordOf(bytes.readInt32LE(4)),
        architecture: architectureAt(bytes, 8),
      };
    case "signature": {
      const entity = bytes.subarray(4, 4 + fingerprintBytes);
      const isSet = entity.some((byte) => byte !== 0);
      return {
        kind: "signature",
        hash: hashTypes.wordOf(bytes.readInt32LE(0)),
        fingerprint: isSet ? entity.toString("hex").toUpperCase() : undefined,
      };
    }
    case "crypto-message":
      return {
        kind: "crypto-message",
        format: cryptoFormats.wordOf(bytes.readInt32LE(0)),
        message: cryptoMessages.wordOf(bytes.readInt32LE(4)),
      };
    case "sbom":
      return { kind: "sbom", format: sbomFormats.wordOf(bytes.readInt32LE(0)) };
    case "oci-root-index":
    case "oci-blob": {
      const end = bytes.indexOf(0);
      const text = bytes.toString("latin1", 0, end < 0 || end > digestBytes ? digestBytes : end);
      // The digest becomes the name of a blob, so a false one is no small matter.
      if (!isDigest(text)) throw new SifFault(at, `${JSON.stringify(text)} is not a digest`);
      return { kind: "oci", digest: parseDigest(text) };
    }
    case "deffile":
    case "environment":
    case "labels":
    case "generic":
    case "generic-json":
    case "unknown":
      return { kind: "none" };
    default:
      return type satisfies never;
  }
}

/** What a writer gives: every word is known. */
export type NewExtra =
  | {
      readonly kind: "partition";
      readonly fileSystem: SifFileSystem;
      readonly partition: PartitionType;
      readonly architecture: SifArchitecture;
    }
  | { readonly kind: "signature"; readonly hash: HashType; readonly fingerprint: string | undefined }
  | { readonly kind: "crypto-message"; readonly format: CryptoFormat; readonly message: CryptoMessage }
  | { readonly kind: "sbom"; readonly format: SbomFormat }
  | { readonly kind: "oci"; readonly digest: Digest }
  | { readonly kind: "none" };

export function encodeExtra(extra: NewExtra): Buffer {
  const bytes = Buffer.alloc(extraBytes);
  switch (extra.kind) {
    case "partition":
      bytes.writeInt32LE(fileSystems.codeOf(extra.fileSystem), 0);
      bytes.writeInt32LE(partitionTypes.codeOf(extra.partition), 4);
      writeArchitecture(bytes, 8, extra.architecture);
      return bytes;
    case "signature":
      bytes.writeInt32LE(hashTypes.codeOf(extra.hash), 0);
      if (extra.fingerprint !== undefined) bytes.write(extra.fingerprint, 4, fingerprintBytes, "hex");
      return bytes;
    case "crypto-message":
      bytes.writeInt32LE(cryptoFormats.codeOf(extra.format), 0);
      bytes.writeInt32LE(cryptoMessages.codeOf(extra.message), 4);
      return bytes;
    case "sbom":
      bytes.writeInt32LE(sbomFormats.codeOf(extra.format), 0);
      return bytes;
    case "oci":
      bytes.write(extra.digest, 0, "latin1");
      return bytes;
    case "none":
      return bytes;
    default:
      return extra satisfies never;
  }
}
