import type { OpenFile } from "#host";
import { startProgram } from "#host";
import { decompress, readDescriptor } from "#image";
import { isVialError } from "#spec";
import { openSync } from "node:fs";
import { archiveDamaged } from "../error.ts";

type Packing = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/**
 * The tar stream in a file, unpacked, when it is an archive that ADD unpacks: by its content and not by its name, plain
 * or packed by gzip, zstd, bzip2 or xz. Undefined for every other file, also for one that is packed and holds no tar.
 * Throws program-missing where the unpacker is not here: what is inside cannot be known then.
 */
export async function openArchive(
  file: OpenFile,
  head: Uint8Array,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const packing = packingOf(head);
  if (packing === undefined) return undefined;
  if (!isTar(await firstBytes(unpacked(file, packing)))) return undefined;
  return unpacked(file, packing);
}

function packingOf(head: Uint8Array): Packing | undefined {
  const begins = (...bytes: readonly number[]) => bytes.every((byte, index) => head[index] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return "xz";
  return isTar(head) ? "none" : undefined;
}

/** By the checksum of its first header (POSIX pax, ustar). */
function isTar(head: Uint8Array): boolean {
  if (head.length < 512) return false;
  let sum = 0;
  for (let at = 0; at < 512; at++) sum += at >= 148 && at < 156 ? 32 : (head[at] ?? 0);
  const written = Number.parseInt(
    Buffer.from(head.subarray(148, 156)).toString("latin1").replace(/\0.*$/s, "").trim(),
    8,
  );
  return sum === written && sum !== 8 * 32;
}

async function* unpacked(file: OpenFile, packing: Packing): AsyncGenerator<Uint8Array, void> {
  try {
    yield* unpackedBy(file, packing);
  } catch (error) {
    throw isVialError(error) ? error : archiveDamaged(packing, error);
  }
}

async function* unpackedBy(file: OpenFile, packing: Packing): AsyncGenerator<Uint8Array, void> {
  const fd = openSync(file.path, "r");
  const raw = readDescriptor(fd);
  if (packing === "none") yield* raw;
  else if (packing === "gzip" || packing === "zstd") yield* decompress(raw, packing);
  else {
    // The host's own program, never one of the image (CVE-2026-41567).
    const child = startProgram([packing, "-dc"], { stdin: fd, stdout: "pipe", stderr: "ignore" });
    yield* child.stdout as ReadableStream<Uint8Array>;
    if ((await child.exited) !== 0) throw new Error("it ends too early, or its bytes are damaged");
  }
}

async function firstBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece);
      length += piece.length;
      if (length >= 512) break;
    }
  } catch (error) {
    if (isVialError(error) && error.code !== "archive-damaged") throw error;
    // Not what its first bytes say: then it is copied as it is.
    return new Uint8Array();
  }
  return Buffer.concat(pieces).subarray(0, 512);
}
