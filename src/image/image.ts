// What an image is, and our store of them: an OCI image layout on disk, unpacked layers beside it.

export {
  blobPath,
  blobSize,
  hasBlob,
  type Ingest,
  openIngest,
  readBlob,
  writeBlob,
} from "./content.ts";
export { type LayerPlace, mountLayers, mountRoot, type RootMount } from "./snapshot/overlay.ts";
export { openStore, type Store } from "./store.ts";
export {
  type TarEntry,
  type TarHandler,
  type TarOptions,
  TarReader,
  type TarType,
} from "./layer/tar-read.ts";
export { findImage, lookupImage, readImage, type StoredImage } from "./find.ts";
export { type HistoryRow, imageHistory } from "./history.ts";
export { diskSize, type ImageList, layerDiskSize, listImages } from "./list.ts";
export {
  type ImageUser,
  type PruneOptions,
  pruneImages,
  type Removed,
  type RemoveOptions,
  removeImage,
  shortImageId,
} from "./remove.ts";
export {
  type Ref,
  type SetRefOptions,
  setRef,
} from "./refs.ts";
export { holdContent, takeContent } from "./lease.ts";
export {
  addLayerBlob,
  type ImageChange,
  type LayerBlob,
  type WrittenImage,
  writeImage,
  writeManifest,
} from "./mutate.ts";
export { type Collected, type CollectOptions, collectGarbage, type HeldContent } from "./gc.ts";
export {
  type Change,
  type DiffOptions,
  diffPaths,
  diffTar,
  folderTree,
  type LowerTree,
} from "./layer/diff.ts";
export {
  type Copied,
  type CopyOptions,
  type CopyPlace,
  copyIn,
  copyOut,
  copyTree,
  exportTree,
  type PathInfo,
  pathInfo,
} from "./copy-tree.ts";
export { copyFiles, type CopyFilesOptions } from "./copy-files.ts";
export { tarEnd, tarHeader, type TarMember, tarPadding } from "./layer/tar-write.ts";
export type { CheckedLayer } from "./archive/checked.ts";
export {
  type SavedImage,
  saveDockerArchive,
  saveLayout,
  saveOciArchive,
  selectImages,
} from "./archive/save.ts";
export { type LayoutImage, openLayoutImage, sweepLayout } from "./archive/layout-folder.ts";
export { type ImportOptions, importImage } from "./archive/import.ts";
export { type LoadedImage, type LoadOptions, loadArchive, loadLayout } from "./archive/load.ts";
export { type ByteSource, decompress, readDescriptor, readPath, sniffStream } from "./archive/stream.ts";
export { parseChanges } from "./change.ts";
export { type CheckOptions, type CheckResult, checkStore, type Finding } from "./check.ts";
export { blobMissing, storeWriteFault } from "./error.ts";
export { canMountErofs } from "./layer/erofs-probe.ts";
export { whiteoutsOf } from "./layer/overlay-tar.ts";
export {
  LayerPacking,
  packFiles,
  type Packed,
  type PackWish,
  type TarTaker,
} from "./layer/pack-layers.ts";
export type { AddedEntry } from "./layer/pack-order.ts";
export { packMain } from "./layer/pack-process.ts";
export { unpackMain } from "./layer/extract.ts";
export { adoptLayer, clampTimes } from "./layer/adopt.ts";
export { compareLayers, type DifferenceKind, type LayerDifference } from "./layer/compare.ts";
export { type LayerForm, layerPlace } from "./layer/place.ts";
export {
  type Compression,
  startUnpack,
  type UnpackOptions,
  type UnpackResult,
  type Unpacking,
  unpackFile,
} from "./layer/unpack.ts";
