import { mkdirSync, readFileSync } from "node:fs";
import { hasOneId, writeAtomic } from "#host";
import { ociLayoutFile } from "#spec";
import { storeTooNew, storeUnwritable } from "./error.ts";

/**
 * The store on disk. `version` tells the layout; a newer one is refused.
 *
 *     ROOT/version
 *     ROOT/store/{oci-layout,index.json,blobs/sha256/HEX}   an OCI image layout (image-spec, image-layout.md)
 *     ROOT/layers/HEX.erofs or HEX/                          an unpacked layer, named by its diff ID
 *     ROOT/layers-one-id/HEX/                                the same for a user who has one id: all files are his
 *     ROOT/ingest/HEX{,.lock}                                half-written content, seen by nobody else
 *     ROOT/trash/                                            what is being deleted
 *     ROOT/locks/NAME                                        locks
 */
export interface Store {
  readonly root: string;
  readonly layout: string;
  readonly blobs: string;
  readonly layers: string;
  readonly ingest: string;
  readonly trash: string;
  readonly locks: string;
}

const storeVersion = 1;

/** Opens the store at `root` without touching the disk beyond one read; makes it when it is not there. */
export function openStore(root: string): Store {
  const store: Store = {
    root,
    layout: `${root}/store`,
    blobs: `${root}/store/blobs`,
    // A layer whose owners could not be kept must not be taken for one whose owners are right, when the user gets a range.
    layers: `${root}/layers${hasOneId() ? "-one-id" : ""}`,
    ingest: `${root}/ingest`,
    trash: `${root}/trash`,
    locks: `${root}/locks`,
  };
  let found: string;
  try {
    found = readFileSync(`${root}/version`, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw storeUnwritable(root, error);
    create(store);
    return store;
  }
  if (found !== String(storeVersion)) throw storeTooNew(root, found, storeVersion);
  return store;
}

/** Every file is written atomically and `version` last, so that two first commands at once, or a kill -9, do no harm. */
function create(store: Store): void {
  try {
    mkdirSync(store.root, { recursive: true, mode: 0o711 });
    for (const folder of [`${store.blobs}/sha256`, store.layers, store.ingest, store.trash, store.locks]) {
      mkdirSync(folder, { recursive: true, mode: folder.startsWith(store.layout) ? 0o755 : 0o700 });
    }
    writeAtomic(`${store.layout}/oci-layout`, ociLayoutFile);
    try {
      readFileSync(`${store.layout}/index.json`);
    } catch {
      writeAtomic(
        `${store.layout}/index.json`,
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
      );
    }
    writeAtomic(`${store.root}/version`, `${storeVersion}\n`);
  } catch (error) {
    throw storeUnwritable(store.root, error);
  }
}
