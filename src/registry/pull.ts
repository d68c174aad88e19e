import { holdContent, setRef, type Store } from "#image";
import { type Descriptor, type Digest, type ImageReference, type Platform, printFamiliar } from "#spec";
import { parallel } from "./parallel.ts";
import { LayerReport, type Report } from "./progress.ts";
import { defaultRetryDelay, type LayerUnpacker, pullLayer } from "./pull-layer.ts";
import { openRemote } from "./remote-documents.ts";
import { type CredentialFinder, PullSource } from "./source.ts";
import type { Transport } from "./transport.ts";

export interface PullOptions {
  readonly store: Store;
  readonly reference: ImageReference;
  /** Default: this machine's. */
  readonly platform?: Platform;
  readonly transport: Transport;
  readonly credential: CredentialFinder;
  readonly unpacker: LayerUnpacker;
  /** What the name stands for in the store now. Then a HEAD may show that nothing has changed. */
  readonly known?: Digest;
  readonly report?: Report;
  /** Ends the pull; what has arrived is kept for the next. */
  readonly signal?: AbortSignal;
  /** Layers at once. Default 3. */
  readonly parallel?: number;
  /** Milliseconds before the first new try of a broken download. Default 500. */
  readonly retryDelay?: number;
}

export interface Pulled {
  /** The manifest of the chosen platform, which the name points at. */
  readonly manifest: Descriptor;
  /** What the registry calls the content of the name: the digest of the index, if it has one. */
  readonly repositoryDigest: Digest;
  /** The image ID. */
  readonly configDigest: Digest;
  /** Bytes of layers that came over the network. */
  readonly fetched: number;
}

const defaultParallel = 3;

/**
 * Pulls an image into the store: index, manifest, config and layers, bytes exactly as received, each verified; layers
 * unpacked while they arrive. The name is set last, so that an image is there whole or not at all.
 */
export async function pullImage(options: PullOptions): Promise<Pulled> {
  const { store, reference, unpacker, signal } = options;
  const report = options.report ?? (() => undefined);
  const doing = `pull "${printFamiliar(reference)}"`;
  const source = new PullSource(reference, { ...options, doing, report, signal });
  // Nothing refers to the blobs before the name is set, so the collector is kept away until then.
  using _lease = holdContent(store);

  const remote = await openRemote(store, source, options, doing);
  const { documents, root, manifest, descriptor, diffIds } = remote;
  report({ kind: "resolved", digest: root.digest, layers: manifest.layers.length });
  let fetched = 0;
  const groups = new Map<Digest, Map<Digest, Descriptor>>();
  manifest.layers.forEach((layer, place) => {
    const diffId = diffIds[place] ?? layer.digest;
    const group = groups.get(diffId) ?? new Map<Digest, Descriptor>();
    groups.set(diffId, group.set(layer.digest, layer));
  });
  // Layers that unpack to the same are done one after another: the second finds the work of the first.
  const tasks = [...groups].map(([diffId, group]) => {
    const jobs = [...group.values()].map((layer) => ({
      layer,
      layerReport: new LayerReport(report, layer.digest, layer.size),
    }));
    for (const job of jobs) job.layerReport.say("waiting");
    return async (stop: AbortSignal) => {
      for (const { layer, layerReport } of jobs) {
        fetched += await pullLayer({
          store,
          source,
          doing,
          layer,
          diffId,
          unpacker,
          report: layerReport,
          retryDelay: options.retryDelay ?? defaultRetryDelay,
          signal: stop,
        });
      }
    };
  });
  await parallel(options.parallel ?? defaultParallel, tasks, signal);

  await documents.keep();
  setRef(store, reference, descriptor, { repositoryDigest: root.digest });
  return {
    manifest: descriptor,
    repositoryDigest: root.digest,
    configDigest: manifest.config.digest,
    fetched,
  };
}
