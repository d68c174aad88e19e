// The words: digest, descriptor, manifest, index, image config, platform, reference, size, error.
// Each word has one parser, and the parser is the only cast. Nothing here touches the machine.
// Depends on `kit` alone.

export type { Branded } from "./brand.ts";
export {
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from "./digest.ts";
export {
  type ContainerDefaults,
  type Descriptor,
  emptyImageConfig,
  type Healthcheck,
  type HistoryEntry,
  type ImageConfig,
  type Index,
  kindOfDocument,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from "./document.ts";
export {
  type ErrorKind,
  type ErrorParts,
  isVialError,
  receivedError,
  reasonOf,
  withPlace,
  type SourceRange,
  VialError,
} from "./error.ts";
export { filterValueInvalid } from "./error-list.ts";
export { type Filters, hasLabel, parseTruth } from "./filter.ts";
export { ociLayoutFile } from "./layout.ts";
export {
  type Compression,
  compressionOfType,
  isForeignLayerType,
  isIndexType,
  isManifestType,
  mediaType,
  sniffCompression,
} from "./media-type.ts";
export { parseMoment } from "./moment.ts";
export { hostPlatform, type Platform, parsePlatform, platformScore, printPlatform } from "./platform.ts";
export {
  familiarName,
  type ImageReference,
  parseNamed,
  parseReference,
  printFamiliar,
  printReference,
} from "./reference.ts";
export { signalNumber, stopSignalOf } from "./signal.ts";
export { parseDuration, parseSize, printBinarySize, printHumanDuration, printSize } from "./size.ts";
export { defaultPathEntry, defaultSearchPath, printTime } from "./defaults.ts";
