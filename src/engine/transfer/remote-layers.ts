import { blobPath, LayerPacking, packFiles, type Packed, type PackWish, type TarTaker } from "#image";
import type { LayerUnpacker, RemoteImage } from "#registry";
import type { Descriptor } from "#spec";
import type { Engine } from "../engine-handle.ts";

// Layers of a registry to one tar: the topmost one goes from the network through the packer, while those below it are
// already being fetched; each is a blob of the store first of all, verified and resumed as in any pull.

/** How many layers below the one that is packed are fetched ahead. */
const ahead = 2;

export interface RemoteLayers {
  readonly image: RemoteImage;
  /** Throws the errors of pulls and of packing. */
  pack(wish: Omit<PackWish, "diffIds">, take: TarTaker): Promise<Packed>;
}

/** Opens an image that lies in a registry, to be packed. Call it, and what follows, under holdContent(). */
export async function packRemoteLayers(
  engine: Engine,
  open: (unpacker: LayerUnpacker) => Promise<RemoteImage>,
  signal: AbortSignal,
): Promise<RemoteLayers> {
  const feed = new Feed();
  const image = await open(feed);
  const pathOf = (layer: Descriptor) => blobPath(engine.store, layer.digest);
  return {
    image,
    async pack(wish, take) {
      const packed = await packAtOnce(image, feed, wish, take, signal, pathOf);
      if (packed?.status === "done") return packed;
      const layers = image.manifest.layers.map((layer, index) => ({
        diffId: image.diffIds[index]!,
        path: pathOf(layer),
      }));
      return await packFiles(layers, wish, take, { looked: packed?.status === "again", signal });
    },
  };
}

/** Undefined: a layer had to be fetched anew, and lies in the store now as all others do. */
async function packAtOnce(
  image: RemoteImage,
  feed: Feed,
  wish: Omit<PackWish, "diffIds">,
  take: TarTaker,
  signal: AbortSignal,
  pathOf: (layer: Descriptor) => string,
): Promise<Packed | undefined> {
  const { manifest, diffIds } = image;
  const order = manifest.layers.map((_, index) => index).reverse();
  const fetched = new Map<number, Promise<void>>();
  try {
    await using packing = new LayerPacking({ ...wish, diffIds: diffIds.toReversed() }, take, { signal });
    feed.packing = packing;
    for (const [turn, index] of order.entries()) {
      // What is fetched ahead is a blob, and fed from there.
      const early = fetched.get(index);
      await early;
      feed.turn(diffIds[index]!);
      const current =
        early === undefined ? image.fetchLayer(index) : packing.addFile(pathOf(manifest.layers[index]!));
      current.catch(() => undefined);
      for (const next of order.slice(turn + 1, turn + 1 + ahead)) {
        if (fetched.has(next) || feed.knows(diffIds[next]!)) continue;
        const promise = image.fetchLayer(next);
        // Waited for at its turn; an error before that is told then.
        promise.catch(() => undefined);
        fetched.set(next, promise);
      }
      await current;
      if (packing.isOver || feed.isBroken) break;
    }
    if (!feed.isBroken) return await packing.finish();
  } finally {
    // Nobody writes into the store any more when the hold on it ends.
    await Promise.allSettled(fetched.values());
  }
  feed.turn("");
  for (const index of order) await image.fetchLayer(index);
  return undefined;
}

/** The unpacker of the pull: it gives the bytes of the layer whose turn it is to the packer, and lets the others lie. */
class Feed implements LayerUnpacker {
  packing: LayerPacking | undefined;
  /** A layer came twice, for a download that had to begin anew: what was packed is of no use. */
  isBroken = false;
  #current: string | undefined;
  #begun = false;
  readonly #seen = new Set<string>();

  turn(diffId: string): void {
    this.#current = diffId;
    this.#begun = false;
    this.#seen.add(diffId);
  }

  knows(diffId: string): boolean {
    return this.#seen.has(diffId);
  }

  has(diffId: string): boolean {
    return diffId !== this.#current;
  }

  start(_diffId: string, compression: Parameters<LayerPacking["beginLayer"]>[0]) {
    const packing = this.packing!;
    if (this.#begun) this.isBroken = true;
    if (this.isBroken) return { write: () => {}, finish: () => {}, abort: () => {} };
    this.#begun = true;
    packing.beginLayer(compression);
    return {
      write: (chunk: Uint8Array) => packing.write(chunk),
      finish: () => packing.endLayer(),
      abort: () => {},
    };
  }
}
