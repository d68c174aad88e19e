import { closeSync, openSync } from "node:fs";
import {
  type Compression,
  type ContainerDefaults,
  type Digest,
  Digester,
  hostPlatform,
  type ImageReference,
  type Platform,
} from "#spec";
import { BlobWriter } from "../content.ts";
import { archiveInvalid } from "../error.ts";
import { holdContent } from "../lease.ts";
import { TarReader } from "../layer/tar-read.ts";
import { type LayerBlob, ociLayerType, writeImage, type WrittenImage } from "../mutate.ts";
import { setRef } from "../refs.ts";
import type { Store } from "../store.ts";
import { type ByteSource, decompress, readDescriptor, sniffStream } from "./stream.ts";

export interface ImportOptions {
  readonly subject?: string;
  /** The name of the new image; none leaves it dangling. */
  readonly reference?: ImageReference;
  readonly platform?: Platform;
  readonly change?: (defaults: ContainerDefaults) => ContainerDefaults;
  /** The comment in the history. */
  readonly message?: string;
  /** RFC 3339. */
  readonly created: string;
  /** Unpacks the stored layer. */
  readonly unpack?: (layer: LayerBlob) => Promise<void>;
  readonly progress?: (bytes: number) => void;
}

/** Makes an image of one layer from a root file system in a tar, plain, gzip or zstd. The layer is kept as it came. */
export async function importImage(
  store: Store,
  source: ByteSource,
  options: ImportOptions,
): Promise<WrittenImage> {
  using _hold = holdContent(store);
  const subject = options.subject ?? "the archive";
  const { compression, bytes } = await sniffStream(source);
  using writer = new BlobWriter(store);
  for await (const chunk of bytes) {
    writer.write(chunk);
    options.progress?.(writer.size);
  }
  const found = writer.finish();
  const diffId =
    compression === "none"
      ? await checkTar(writer.path, "none", subject, found)
      : await checkTar(writer.path, compression, subject, undefined);
  const digest = writer.commit();
  const layer: LayerBlob = {
    descriptor: { mediaType: ociLayerType(compression), digest, size: writer.size },
    diffId,
  };
  await options.unpack?.(layer);
  const { created } = options;
  const image = writeImage(store, {
    platform: options.platform ?? hostPlatform(),
    layers: [layer],
    ...(options.change === undefined ? {} : { change: options.change }),
    history: [
      {
        created,
        comment: options.message ?? `Imported from ${subject.replace(/^the (?:archive|file) /, "")}`,
      },
    ],
    created,
  });
  setRef(store, options.reference, image.descriptor);
  return image;
}

/** Reads a tar to its end, so that what is no tar is refused here, and gives the digest of its uncompressed bytes. */
async function checkTar(
  path: string,
  compression: Compression,
  subject: string,
  known: Digest | undefined,
): Promise<Digest> {
  const fd = openSync(path, "r");
  const digester = new Digester();
  const nothing = () => {};
  const reader = new TarReader(
    { entry: nothing, data: nothing, end: nothing },
    { subject, refuse: (reason) => archiveInvalid(subject, reason) },
  );
  let length = 0;
  try {
    for await (const bytes of decompress(readDescriptor(fd), compression)) {
      if (known === undefined) digester.update(bytes);
      reader.push(bytes);
      length += bytes.length;
    }
  } finally {
    closeSync(fd);
  }
  if (length === 0) throw archiveInvalid(subject, "it is empty");
  reader.finish();
  return known ?? digester.digest();
}
