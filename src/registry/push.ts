import { hasBlob, readBlob, type Store } from "#image";
import {
  type Descriptor,
  type Digest,
  familiarName,
  type ImageReference,
  isForeignLayerType,
  isIndexType,
  parseIndex,
  parseManifest,
  printFamiliar,
} from "#spec";
import { RegistryClient } from "./client.ts";
import { originEndpoint } from "./endpoint.ts";
import { indexIncomplete, storedBlobMissing } from "./error.ts";
import { parallel } from "./parallel.ts";
import { LayerReport, type Report } from "./progress.ts";
import type { CredentialFinder } from "./source.ts";
import type { Transport } from "./transport.ts";
import { uploadBlob } from "./upload.ts";

export interface PushOptions {
  readonly store: Store;
  /** The manifest or index to push. */
  readonly target: Descriptor;
  readonly reference: ImageReference;
  readonly transport: Transport;
  readonly credential: CredentialFinder;
  /** Repositories at the same registry that are known to hold a blob. */
  readonly mountFrom?: (digest: Digest) => readonly string[];
  readonly report?: Report;
  readonly signal?: AbortSignal;
  /** Blobs at once. Default 3. */
  readonly parallel?: number;
}

export interface Pushed {
  readonly digest: Digest;
  /** Bytes of blobs that went over the network. */
  readonly sent: number;
}

const defaultParallel = 3;

/**
 * Pushes an image: blobs the repository lacks, in parallel, then the manifest, and an index after its manifests, so that
 * the registry never holds a document whose content is missing. Errors: index-incomplete, stored-blob-missing, and
 * those of the registry.
 */
export async function pushImage(options: PushOptions): Promise<Pushed> {
  const { reference, target, transport } = options;
  const doing = `push "${printFamiliar(reference)}"`;
  const endpoint = originEndpoint(reference.domain);
  const client = new RegistryClient({
    transport,
    endpoint,
    path: reference.path,
    name: familiarName(reference),
    doing,
    credential: await options.credential(endpoint.host, reference.path),
    actions: "pull,push",
    signal: options.signal,
  });
  const sent = await pushDocument(client, options, target, reference.tag ?? target.digest, 0);
  return { digest: target.digest, sent };
}

async function pushDocument(
  client: RegistryClient,
  options: PushOptions,
  target: Descriptor,
  name: string,
  depth: number,
): Promise<number> {
  const { store } = options;
  const { doing } = client.options;
  if (!hasBlob(store, target.digest)) throw storedBlobMissing(doing, target.digest);
  const bytes = readBlob(store, target.digest);
  let sent = 0;
  if (isIndexType(target.mediaType) && depth < 4) {
    const { manifests } = parseIndex(bytes);
    const missing = manifests.filter((entry) => !hasBlob(store, entry.digest));
    if (missing.length > 0)
      throw indexIncomplete(
        doing,
        missing.flatMap((entry) => entry.platform ?? []),
      );
    for (const entry of manifests)
      sent += await pushDocument(client, options, entry, entry.digest, depth + 1);
  } else {
    sent += await pushBlobs(client, options, bytes);
  }
  await client.putManifest(name, bytes, target.mediaType, target.digest);
  return sent;
}

async function pushBlobs(client: RegistryClient, options: PushOptions, bytes: Uint8Array): Promise<number> {
  const { store } = options;
  const report = options.report ?? (() => undefined);
  const { config, layers } = parseManifest(bytes);
  const blobs = new Map([...layers, config].map((blob) => [blob.digest, blob]));
  let sent = 0;
  const tasks = [...blobs.values()]
    // Whoever published such a layer did not mean it to lie in other registries.
    .filter((blob) => !isForeignLayerType(blob.mediaType))
    .map((blob) => {
      const blobReport = new LayerReport(report, blob.digest, blob.size);
      blobReport.say("waiting");
      return async () => {
        if (await client.hasBlob(blob.digest)) {
          blobReport.say("exists", blob.size);
          return;
        }
        if (!hasBlob(store, blob.digest)) throw storedBlobMissing(client.options.doing, blob.digest);
        const how = await uploadBlob(client, {
          store,
          blob,
          mountFrom: (options.mountFrom?.(blob.digest) ?? []).filter((path) => path !== client.options.path),
          sent: (count) => blobReport.say("uploading", count),
        });
        if (how === "uploaded") sent += blob.size;
        if (how === "mounted") blobReport.say("mounted", blob.size);
        blobReport.say("done", blob.size);
      };
    });
  await parallel(options.parallel ?? defaultParallel, tasks, options.signal);
  return sent;
}
