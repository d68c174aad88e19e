import { architectureAt, type SifArchitecture, writeArchitecture } from "./architecture.ts";
import { SifFault } from "./fault.ts";

// The first 128 bytes of a SIF file, little-endian (SIF 1.0: sif/pkg/sif/sif.go, header).

export const headerBytes = 128;
/** With its NUL. */
export const launchBytes = 32;
const magicAt = 32;
const magic = "SIF_MAGIC\0";
const versionAt = 42;
const version = "01";
const architectureAtByte = 45;
const idAt = 48;
const idBytes = 16;

export const nilId = "00000000-0000-0000-0000-000000000000";

export interface SifHeader {
  /** The first line of the file as the kernel reads it, with its newline: "#!/usr/bin/env run-singularity\n". May be empty. */
  readonly launch: string;
  /** Of the primary system partition. */
  readonly architecture: SifArchitecture | "unknown";
  /** A UUID; all zeros in an image that shall have the same bytes every time. */
  readonly id: string;
  /** Seconds since 1970; see noTime. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly descriptorsFree: number;
  readonly descriptorsTotal: number;
  /** Bytes from the beginning of the file. */
  readonly descriptorsOffset: number;
  readonly descriptorsSize: number;
  readonly dataOffset: number;
  /** All that was ever added, gaps included. Neither the end of the file nor the sum of the objects. */
  readonly dataSize: number;
}

/** Whether the beginning of a file (42 bytes or more) says that it is a SIF file; which one, is for openSif(). */
export function isSif(head: Buffer): boolean {
  return head.toString("latin1", magicAt, magicAt + magic.length) === magic;
}

/** Reads the fields, and refuses what no writer writes. Whether they fit the file and each other is for checkSif(). Throws SifFault. */
export function parseHeader(bytes: Buffer): SifHeader {
  if (bytes.length < headerBytes)
    throw new SifFault(
      bytes.length,
      `it has ${bytes.length} bytes, and a SIF file has a header of 128`,
      "foreign",
    );
  if (!isSif(bytes)) throw new SifFault(magicAt, "it does not hold SIF_MAGIC", "foreign");
  const found = bytes.toString("latin1", versionAt, versionAt + 3);
  if (found !== `${version}\0`) {
    const shown = JSON.stringify(found.replace(/\0.*$/s, ""));
    throw new SifFault(versionAt, `it has the version ${shown}, and Vial knows "${version}"`, "version");
  }
  const launchEnd = bytes.subarray(0, launchBytes).indexOf(0);
  if (launchEnd < 0) throw new SifFault(0, "the launch script does not end in its 32 bytes");
  return {
    launch: bytes.toString("utf8", 0, launchEnd),
    architecture: architectureAt(bytes, architectureAtByte),
    id: printUuid(bytes.subarray(idAt, idAt + idBytes)),
    createdAt: Number(bytes.readBigInt64LE(64)),
    modifiedAt: Number(bytes.readBigInt64LE(72)),
    descriptorsFree: amountAt(bytes, 80, 80, "number of free descriptors"),
    descriptorsTotal: amountAt(bytes, 88, 88, "number of descriptors"),
    descriptorsOffset: amountAt(bytes, 96, 96, "offset of the descriptors"),
    descriptorsSize: amountAt(bytes, 104, 104, "size of the descriptors"),
    dataOffset: amountAt(bytes, 112, 112, "offset of the data"),
    dataSize: amountAt(bytes, 120, 120, "size of the data"),
  };
}

export function encodeHeader(header: SifHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  // The last of the 32 bytes stays NUL.
  bytes.write(header.launch, 0, launchBytes - 1, "utf8");
  bytes.write(magic, magicAt, "latin1");
  bytes.write(version, versionAt, "latin1");
  writeArchitecture(bytes, architectureAtByte, header.architecture);
  bytes.write(header.id.replaceAll("-", ""), idAt, idBytes, "hex");
  const numbers = [
    header.createdAt,
    header.modifiedAt,
    header.descriptorsFree,
    header.descriptorsTotal,
    header.descriptorsOffset,
    header.descriptorsSize,
    header.dataOffset,
    header.dataSize,
  ];
  for (const [index, number] of numbers.entries()) bytes.writeBigInt64LE(BigInt(number), 64 + 8 * index);
  return bytes;
}

/** A size, count or offset: 64 bits with a sign in the file, here 0 to 2^53. `at` is its place in the file. */
export function amountAt(bytes: Buffer, offset: number, at: number, what: string): number {
  const value = bytes.readBigInt64LE(offset);
  if (value < 0n) throw new SifFault(at, `the ${what} is ${value}, below zero`);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new SifFault(at, `the ${what} is ${value}, beyond any file`);
  return Number(value);
}

function printUuid(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
