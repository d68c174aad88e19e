import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { lockPatiently, writeAtomic } from "#host";
import { holdContent } from "#image";
import { findCredential, openRemoteArtifact } from "#registry";
import { parseSquashfsPacking } from "#sif";
import { isVialError, type Platform } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { newTransport } from "../images.ts";
import { openSifFolder, recordOf, trimCache } from "./cache-folder.ts";
import { convertImage } from "./convert.ts";
import { type ImagePlace, printPlace } from "./place.ts";
import type { TransferSettings } from "./settings.ts";

export interface CacheWish extends TransferSettings {
  /** The folder of all that is kept: cacheFolder(). */
  readonly cache: string;
  /** Bytes of SIF files to keep. */
  readonly limit: number;
  readonly platform?: Platform | undefined;
  readonly temporary?: string | undefined;
  /** The address as it was typed. */
  readonly name: string;
}

/**
 * The path of a SIF file of an image that lies elsewhere: fetched and converted once, and from then on only asked for its
 * digest. A registry that does not answer is no reason to stop when the image was here before. Errors: those of pulls and
 * conversions, cache-folder-unsafe, cache-folder-unwritable.
 */
export async function cachedSif(engine: Engine, place: ImagePlace, wish: CacheWish): Promise<string> {
  const folder = openSifFolder(wish.cache);
  let key: string;
  try {
    key = hashOf(await identityOf(engine, place, wish));
  } catch (error) {
    const known = isVialError(error) && error.kind === "unavailable" ? lastOf(folder, wish.name) : undefined;
    if (known === undefined) throw error;
    wish.warn(`${(error as Error).message}: the image is taken as it was when it was fetched last`);
    return known;
  }
  const path = `${folder}/${key}.sif`;
  if (!existsSync(path)) await make(engine, place, wish, path, key);
  // By its time the cache tells what was used longest ago. The image itself is not touched: what is unpacked of it is
  // known by its times.
  writeAtomic(recordOf(path), JSON.stringify({ name: wish.name }), 0o600);
  return path;
}

async function make(
  engine: Engine,
  source: ImagePlace,
  wish: CacheWish,
  path: string,
  key: string,
): Promise<void> {
  // Of several that start at once, one fetches, and the others wait for it.
  using _lock = await lockPatiently(path.replace(/sif$/, "lock"));
  if (existsSync(path)) return;
  await convertImage(engine, {
    ...wish,
    source,
    target: { kind: "sif", path },
    packing: parseSquashfsPacking("zstd"),
    force: true,
  });
  trimCache(wish.cache, wish.limit, key);
}

/** What the image is made from, so that another image has another key. */
async function identityOf(engine: Engine, place: ImagePlace, wish: CacheWish): Promise<readonly unknown[]> {
  if ("reference" in place) {
    using _hold = holdContent(engine.store);
    const { reference } = place;
    const { signal, platform, insecure } = wish;
    const { digest } = await openRemoteArtifact({
      ...{ store: engine.store, reference, signal },
      transport: newTransport(signal, insecure === true ? reference.domain : undefined),
      credential: findCredential,
      ...(platform === undefined ? {} : { platform }),
    });
    // The definition file in it names the address.
    return [place.kind, digest, place.kind === "docker" ? printPlace(place) : ""];
  }
  if (place.kind === "store") throw new Error("our bug: an image of the store needs no file");
  const file = place.kind === "oci" ? `${place.path}/index.json` : place.path;
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file);
  return [place, dev, ino, size, mtimeMs, ctimeMs, wish.platform];
}

function hashOf(parts: readonly unknown[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The one that was used last under this address. */
function lastOf(folder: string, name: string): string | undefined {
  const found = readdirSync(folder).flatMap((file) => {
    const path = `${folder}/${file}`;
    if (!file.endsWith(".sif") || nameOf(path) !== name) return [];
    return [{ path, at: statSync(recordOf(path), { throwIfNoEntry: false })?.mtimeMs ?? 0 }];
  });
  return found.sort((a, b) => b.at - a.at)[0]?.path;
}

/** The address that a kept image was used under last, by the path of its file. */
export function nameOf(sif: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(recordOf(sif), "utf8")) as { name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}
