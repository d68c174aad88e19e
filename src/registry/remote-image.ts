import { type Descriptor, type Digest, type ImageConfig, type Manifest, printFamiliar } from "#spec";
import { LayerReport, type Report } from "./progress.ts";
import type { PullOptions } from "./pull.ts";
import { defaultRetryDelay, pullLayer } from "./pull-layer.ts";
import { openRemote } from "./remote-documents.ts";
import { PullSource } from "./source.ts";

export interface RemoteImageOptions
  extends Pick<PullOptions, "store" | "reference" | "platform" | "transport" | "credential" | "unpacker"> {
  /** The action for errors, such as: read the build cache. */
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly report?: Report;
}

/** An image that lies in a registry, of which single layers are wanted. It gets no name in the store. */
export interface RemoteImage {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** As many as there are layers. */
  readonly diffIds: readonly Digest[];
  readonly descriptor: Descriptor;
  /** Brings one layer into the store, verified and unpacked; nothing happens where it is there. */
  fetchLayer(index: number): Promise<void>;
  /** Writes manifest and config into the store, for who gives the image a name there. */
  keepDocuments(): Promise<void>;
}

/** Opens an image of a registry. Call it, and what follows, under holdContent(). Errors: those of a pull. */
export async function openRemoteImage(options: RemoteImageOptions): Promise<RemoteImage> {
  const { store, reference, signal, unpacker } = options;
  const doing = `${options.doing} "${printFamiliar(reference)}"`;
  const report = options.report ?? (() => undefined);
  const source = new PullSource(reference, { ...options, doing, report });
  const remote = await openRemote(store, source, options, doing);
  const { documents, root, manifest, descriptor, config, diffIds } = remote;
  report({ kind: "resolved", digest: root.digest, layers: manifest.layers.length });
  return {
    manifest,
    config,
    diffIds,
    descriptor,
    keepDocuments: () => documents.keep(),
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
