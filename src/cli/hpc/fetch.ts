import {
  cachedSif,
  cacheFolder,
  cacheLimit,
  type HpcImage,
  isImageUri,
  needHpcFile,
  openEngine,
  openHpcReference,
  parseSource,
} from "#engine";
import { isTerminal } from "../print.ts";
import { showingTransfer } from "../pull-progress.ts";

/** An image by its address: fetched into the cache, and run from there. */
export async function fetchHpcImage(
  name: string,
  place: {
    readonly cwd: string;
    readonly home: string;
    readonly tmpdir: string | undefined;
    /** Registries may be spoken to without TLS. */
    readonly insecure: boolean;
  },
): Promise<HpcImage> {
  const engine = openEngine();
  const source = parseSource(name, place.cwd);
  if (source.kind === "store") return await openHpcReference(engine, source.name);
  const isFile = source.kind === "sif" || source.kind === "squashfs" || source.kind === "sandbox";
  if (isFile && isImageUri(name)) return needHpcFile(source.path, place.cwd);
  // A script that reads standard error finds the program's own words alone there.
  const path = await showingTransfer({ quiet: !isTerminal(2) }, async (transfer) => {
    const { report = () => {}, warn = () => {}, signal = new AbortController().signal } = transfer;
    const { env } = process;
    return await cachedSif(engine, source, {
      ...{ report, warn, signal, name },
      cache: cacheFolder(env, place.home),
      limit: cacheLimit(env),
      temporary: place.tmpdir,
      insecure: place.insecure,
    });
  });
  return needHpcFile(path, place.cwd);
}
