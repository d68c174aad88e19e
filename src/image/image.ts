// What an image is, and our store of them: an OCI image layout on disk, unpacked layers beside it.

export { blobPath, blobSize, hasBlob, type Ingest, openIngest, readBlob, writeBlob } from "./content.ts";
export { openStore, type Store } from "./store.ts";
