import { readFileSync, readSync, writeSync } from "node:fs";
import { dieWithParent, growPipe } from "#host";
import { type Digest, Digester, digestAlgorithm, type ErrorParts, isVialError } from "#spec";
import { contentMismatch, layerInvalid, layerTooLarge, layerUnpackFailed } from "../error.ts";
import { defaultLimits, LayerApplier } from "./apply.ts";
import { LayerPacker, PackAgain, type PackOptions, TarOutput } from "./pack.ts";
import { firstLayerFd, type PackAnswer, type PackOrder } from "./pack-order.ts";
import { TarReader } from "./tar-read.ts";
import { LayerFault } from "./tree.ts";

// The process that packs layers to one tar. Of its own, for it keeps a processor busy, as the one that unpacks (extract.ts).

const chunkBytes = 1 << 20;

/** The hidden verb. Gives the exit code. */
export function packMain(): number {
  dieWithParent();
  const order = JSON.parse(readFileSync(0, "utf8")) as PackOrder;
  const answer = answerTo(order);
  const line = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let at = 0; at < line.length; ) at += writeSync(2, line, at);
  return answer.status === "done" ? 0 : 1;
}

function answerTo(order: PackOrder): PackAnswer {
  const state = { diffId: order.diffIds[0] ?? ("sha256:" as Digest) };
  try {
    return { status: "done", texts: Object.fromEntries(pack(order, state)) };
  } catch (error) {
    if (error instanceof PackAgain) return { status: "again" };
    return { status: "refused", error: partsOf(state.diffId, error) };
  }
}

function partsOf(diffId: Digest, error: unknown): ErrorParts {
  const fault = isVialError(error)
    ? error
    : error instanceof LayerFault
      ? (error.limit ? layerTooLarge : layerInvalid)(diffId, error.message)
      : layerUnpackFailed(diffId, error);
  const { kind, code, message, why, next } = fault;
  return { kind, code, what: message, ...(why && { why }), ...(next && { next }) };
}

function pack(order: PackOrder, state: { diffId: Digest }): ReadonlyMap<string, string> {
  const { addedTime, added, addedUnless, texts, diffIds, devices = true } = order;
  const options: PackOptions = { addedTime, added, addedUnless, texts, devices, limits: defaultLimits };
  const output = new TarOutput(1);
  growPipe(1, chunkBytes);
  const write = (bytes: Buffer) => output.write(bytes);
  let fd = firstLayerFd;
  const read = (packer: LayerPacker) => {
    for (const diffId of diffIds) {
      state.diffId = diffId;
      readLayer(fd++, diffId, packer);
    }
  };
  const look = order.twice ? new LayerPacker(options, write, "look") : undefined;
  if (look !== undefined) read(look);
  const packer = new LayerPacker(options, write, look === undefined ? "at-once" : { plan: look.plan() });
  read(packer);
  const found = packer.close(look);
  output.flush();
  return found;
}

function readLayer(fd: number, diffId: Digest, packer: LayerPacker): void {
  const { archiveBytes } = defaultLimits;
  const applier = new LayerApplier(packer, defaultLimits);
  const reader = new TarReader(applier, {
    subject: `the layer ${diffId}`,
    refuse: (reason) => layerInvalid(diffId, reason),
    // The digest of the whole stream tells whether something is missing.
    missingEnd: "accept",
  });
  const digester = new Digester(digestAlgorithm(diffId));
  const chunk = Buffer.allocUnsafe(chunkBytes);
  growPipe(fd, chunkBytes);
  let bytes = 0;
  for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) {
    bytes += count;
    if (bytes > archiveBytes)
      throw new LayerFault(`it unpacks to more than ${archiveBytes} bytes`, { limit: true });
    const part = chunk.subarray(0, count);
    digester.update(part);
    reader.push(part);
  }
  reader.finish();
  const found = digester.digest();
  if (found !== diffId) throw contentMismatch(`the layer ${diffId}`, diffId, found);
  applier.finish();
}
