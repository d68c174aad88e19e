import type { Descriptor, Digest, Manifest } from "#spec";
import { parseManifest, printFamiliar } from "#spec";
import { LayerReport, type Report } from "./progress.ts";
import type { PullOptions } from "./pull.ts";
import { defaultRetryDelay, pullLayer } from "./pull-layer.ts";
import { choosePlatform, Documents } from "./remote-documents.ts";
import { PullSource } from "./source.ts";

export interface RemoteArtifactOptions
  extends Pick<PullOptions, "store" | "reference" | "platform" | "transport" | "credential"> {
  readonly signal: AbortSignal;
  readonly report?: Report;
}

/** Something in a registry that is no image of containers. */
export interface RemoteArtifact {
  readonly manifest: Manifest;
  /** Of the manifest. */
  readonly digest: Digest;
  /** Brings one of its blobs into the store, verified and resumed; nothing happens where it is there. */
  fetch(blob: Descriptor): Promise<void>;
}

/** Opens an artifact of a registry. Call it, and what follows, under holdContent(). Errors: those of a pull. */
export async function openRemoteArtifact(options: RemoteArtifactOptions): Promise<RemoteArtifact> {
  const { store, reference, signal } = options;
  const doing = `pull "${printFamiliar(reference)}"`;
  const report = options.report ?? (() => undefined);
  const source = new PullSource(reference, { ...options, doing, report });
  const documents = new Documents(store, source, doing);
  const root = await documents.resolve(reference, undefined);
  const { descriptor } = await choosePlatform(documents, root, options, doing);
  const manifest =
    descriptor.digest === root.digest
      ? parseManifest(root.bytes)
      : parseManifest((await documents.get(descriptor)).bytes);
  report({ kind: "resolved", digest: root.digest, layers: manifest.layers.length });
  return {
    manifest,
    digest: descriptor.digest,
    async fetch(blob) {
      await pullLayer({
        ...{ store, source, doing, layer: blob, diffId: blob.digest, signal },
        // It is wanted as it is.
        unpacker: { has: () => true, start: () => ({ write: () => {}, finish: () => {}, abort: () => {} }) },
        report: new LayerReport(report, blob.digest, blob.size),
        retryDelay: defaultRetryDelay,
      });
    },
  };
}
