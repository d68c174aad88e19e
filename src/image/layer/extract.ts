import { closeSync, constants, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { cString, dieWithParent, growPipe, inUserNamespace, moreOfLibc, pointer } from "#host";
import { type Digest, Digester, digestAlgorithm, type ErrorParts, isVialError } from "#spec";
import {
  contentMismatch,
  layerDiskFull,
  layerInvalid,
  layerTooLarge,
  layerUnpackFailed,
  relayed,
} from "../error.ts";
import { LayerApplier, type LayerLimits } from "./apply.ts";
import { ErofsWriter } from "./erofs.ts";
import { FolderWriter } from "./folder.ts";
import { TarReader } from "./tar-read.ts";
import { LayerFault } from "./tree.ts";
import type { LayerWriter, OverlayMarks } from "./writer.ts";

// The process that unpacks one layer: an uncompressed archive comes in by its standard input, one line of JSON goes out.
// A process of its own, because reading, hashing and writing 500 MB keeps a processor busy while others download, and
// because a folder is written with the root directory changed to it.

export interface ExtractOrder {
  readonly diffId: Digest;
  readonly form: "erofs" | "folder";
  /** Does not exist yet: the image file, or a folder that gets the layer as `fs`. */
  readonly output: string;
  readonly marks: OverlayMarks;
  readonly owners: "keep" | "skip";
  readonly limits: LayerLimits;
}

export type ExtractAnswer =
  | { readonly status: "done"; readonly bytes: number; readonly leftOut: readonly string[] }
  | { readonly status: "refused"; readonly error: ErrorParts };

const chunkBytes = 1 << 20;

/** The hidden verb: `argv` is one JSON text (ExtractOrder). Gives the exit code. */
export function unpackMain(argv: readonly string[]): number {
  const order = JSON.parse(argv[0] ?? "") as ExtractOrder;
  dieWithParent();
  const answer = answerTo(order);
  const line = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let at = 0; at < line.length; ) at += writeSync(1, line, at);
  return answer.status === "done" ? 0 : 1;
}

function answerTo(order: ExtractOrder): ExtractAnswer {
  try {
    return extract(order);
  } catch (error) {
    const { kind, code, message, why, next } = asVialError(order, error);
    const parts = { kind, code, what: message, ...(why && { why }), ...(next && { next }) };
    return { status: "refused", error: parts };
  }
}

function asVialError(order: ExtractOrder, error: unknown) {
  if (isVialError(error)) return error;
  if (error instanceof LayerFault) {
    return (error.limit ? layerTooLarge : layerInvalid)(order.diffId, error.message);
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT") return layerDiskFull(order.diffId, dirname(order.output));
  return layerUnpackFailed(order.diffId, error);
}

function extract(order: ExtractOrder): ExtractAnswer {
  if (order.form === "folder") {
    return feed(order, openFolder(order));
  }
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(order.output, flags, 0o600);
  try {
    return feed(order, new ErofsWriter(fd, order.marks));
  } finally {
    closeSync(fd);
  }
}

function openFolder(order: ExtractOrder): LayerWriter {
  const isNested = inUserNamespace();
  for (const part of ["", "/fs", "/data"]) mkdirSync(order.output + part, { mode: 0o700 });
  // The writer follows no path of the archive; should it ever, there is nothing outside to be found. Who may not
  // change the root directory (an ordinary user without a user namespace) goes without.
  const output = cString(order.output);
  process.chdir(moreOfLibc().chroot(pointer(output)) === 0 ? "/fs" : `${order.output}/fs`);
  return new FolderWriter({
    marks: order.marks,
    owners: order.owners,
    inUserNamespace: isNested || order.owners === "skip",
  });
}

function feed(order: ExtractOrder, writer: LayerWriter): ExtractAnswer {
  const applier = new LayerApplier(writer, order.limits);
  const reader = new TarReader(applier, {
    subject: `the layer ${order.diffId}`,
    refuse: (reason) => layerInvalid(order.diffId, reason),
    // The digest of the whole stream tells whether something is missing.
    missingEnd: "accept",
  });
  const digester = new Digester(digestAlgorithm(order.diffId));
  const chunk = Buffer.allocUnsafe(chunkBytes);
  growPipe(0, chunkBytes);
  let bytes = 0;
  for (let count = readSync(0, chunk); count > 0; count = readSync(0, chunk)) {
    bytes += count;
    if (bytes > order.limits.archiveBytes) {
      throw new LayerFault(`it unpacks to more than ${order.limits.archiveBytes} bytes`, { limit: true });
    }
    const part = count === chunkBytes ? chunk : chunk.subarray(0, count);
    digester.update(part);
    reader.push(part);
  }
  reader.finish();
  const found = digester.digest();
  if (found !== order.diffId) throw contentMismatch(`the layer ${order.diffId}`, order.diffId, found);
  applier.finish();
  return { status: "done", bytes, leftOut: writer.leftOut };
}

/** The error of the other process, for the one that called it. */
export function errorOf(answer: ExtractAnswer & { readonly status: "refused" }) {
  return relayed(answer.error);
}
