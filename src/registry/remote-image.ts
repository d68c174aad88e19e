import type { Store } from "#image";
import { type ImageConfig, type ImageReference, type Manifest, type Platform, printFamiliar } from "#spec";
import { LayerReport } from "./progress.ts";
import { defaultRetryDelay, type LayerUnpacker, pullLayer } from "./pull-layer.ts";
import { openRemote } from "./remote-documents.ts";
import { type CredentialFinder, PullSource } from "./source.ts";
import type { Transport } from "./transport.ts";

export interface RemoteImageOptions {
  readonly store: Store;
  readonly reference: ImageReference;
  readonly platform?: Platform;
  readonly transport: Transport;
  readonly credential: CredentialFinder;
  readonly unpacker: LayerUnpacker;
  /** The action for errors, such as: read the cache "x". */
  readonly doing: string;
  readonly signal: AbortSignal;
}

/** An image that lies in a registry, of which single layers are wanted. It gets no name in the store. */
export interface RemoteImage {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Brings one layer into the store, verified and unpacked; nothing happens where it is there. */
  fetchLayer(index: number): Promise<void>;
}

/** Opens an image of a registry. Call it, and what follows, under holdContent(). Errors: those of a pull. */
export async function openRemoteImage(options: RemoteImageOptions): Promise<RemoteImage> {
  const { store, reference, doing, signal, unpacker } = options;
  const report = () => undefined;
  const source = new PullSource(reference, { ...options, report });
  const { manifest, config, diffIds } = await openRemote(
    store,
    source,
    options,
    `${doing} "${printFamiliar(reference)}"`,
  );
  return {
    manifest,
    config,
    async fetchLayer(index) {
      const [layer, diffId] = [manifest.layers[index], diffIds[index]];
      if (layer === undefined || diffId === undefined) throw new Error(`there is no layer ${index}`);
      await pullLayer({
        ...{ store, source, doing, layer, diffId, unpacker, signal },
        report: new LayerReport(report, layer.digest, layer.size),
        retryDelay: defaultRetryDelay,
      });
    },
  };
}
