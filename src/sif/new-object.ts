import type { Digest } from "#spec";
import type { DataType } from "./data-type.ts";
import { sifValueUnfit } from "./error.ts";
import type { NewExtra } from "./extra.ts";
import { launchBytes } from "./header.ts";
import { nameBytes, type SifLink } from "./object.ts";

/** The bytes of a new object: in memory, or all that an open descriptor has yet to give (a file, a pipe). */
export type Content =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "descriptor"; readonly fd: number };

/** An object to be written. */
export interface NewObject {
  readonly type: DataType;
  readonly content: Content;
  /** What the type needs: partition, signature, crypto message, SBOM, digest. */
  readonly extra: NewExtra;
  /** 0 is no group. Apptainer puts all that belongs to an image into group 1. */
  readonly group: number;
  readonly link: SifLink;
  /** At most 128 bytes. */
  readonly name: string;
  /** Bytes; the object begins at a multiple. Default: defaultAlignment(). */
  readonly alignment?: number;
  /** Seconds since 1970; noTime for none. */
  readonly time: number;
}

const digits = /^[0-9A-F]{40}$/i;

/** Refuses what does not fit into the fields of the file, before anything is written. Throws sif-value-unfit. */
export function checkNewObject(object: NewObject): void {
  const { name, group, link, alignment, extra } = object;
  if (Buffer.byteLength(name) > nameBytes)
    throw sifValueUnfit("name of the object", name, `at most ${nameBytes} bytes long`);
  if (name.includes("\0")) throw sifValueUnfit("name of the object", name, "text without a NUL");
  checkNumber("group", group, 0, 0x0fffffff);
  if (link.kind === "object") checkNumber("link", link.id, 1, 0xefffffff);
  if (link.kind === "group") checkNumber("link", link.group, 1, 0x0fffffff);
  if (alignment !== undefined) checkNumber("alignment", alignment, 1, 2 ** 30);
  if (extra.kind === "signature" && extra.fingerprint !== undefined && !digits.test(extra.fingerprint))
    throw sifValueUnfit("fingerprint of the signer", extra.fingerprint, "40 hexadecimal digits");
}

export function checkLaunch(launch: string): void {
  if (Buffer.byteLength(launch) >= launchBytes)
    throw sifValueUnfit("launch script", launch, `at most ${launchBytes - 1} bytes long`);
  if (launch.includes("\0")) throw sifValueUnfit("launch script", launch, "text without a NUL");
}

export function checkNumber(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw sifValueUnfit(what, String(value), `a number from ${least} to ${most}`);
}

export function checkId(id: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
    throw sifValueUnfit("id", id, 'a UUID in lower case, such as "3fa802cc-358b-45e3-bcc0-69dc7a45f9f8"');
}

/**
 * An id that follows from what the image is, so that the same image has the same id: a UUID of version 8 (RFC 9562, free
 * for such use) from the front of a digest.
 */
export function idOfDigest(digest: Digest): string {
  const bytes = Buffer.from(digest.slice(digest.indexOf(":") + 1), "hex").subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
