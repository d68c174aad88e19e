// The SIF file: a whole image in one file, as Apptainer and SingularityCE write it (SIF 1.0).
//
// A SIF file is a header, a table of descriptors, and objects: the definition file, JSON with what `inspect` shows, and the
// root file system as a squashfs that is mounted where it lies. A group binds the objects of one image together; a link
// says to which object or group another one belongs, as a signature does. Where a fact of the format comes from is said as
// "sif/pkg/sif/FILE", the library that both programs use.
//
// `openSif` reads and checks; what it gives can be relied on: every object lies in the file, none lies in another.
// `createSif` writes a new file, beside its place and then renamed. `addObject`, `removeObject` and `setPrimary` change a
// file in place, so that it is the old or the new one at any moment (edit.ts says how). `createRootSif` writes what runs.
//
// Nothing here asks the clock: times and ids are given, or are none, so that the same wish gives the same bytes.

export { addObject } from "./add.ts";
export { type SifArchitecture, architectures, architectureOfPlatform } from "./architecture.ts";
export { createSif, type PackedObject, type SifWish } from "./create.ts";
export { type DataType, dataTypes } from "./data-type.ts";
export {
  cryptoFormats,
  cryptoMessages,
  type Extra,
  fileSystems,
  hashTypes,
  type NewExtra,
  partitionTypes,
  sbomFormats,
} from "./extra.ts";
export { openSif, SifFile } from "./file.ts";
export { isSif, nilId, type SifHeader } from "./header.ts";
export { type Content, idOfDigest, type NewObject } from "./new-object.ts";
export type { SifLink, SifObject } from "./object.ts";
export { type Partition, primaryPartition, setPrimary, squashfsRoot } from "./primary.ts";
export { type RemoveWish, removeObject } from "./remove.ts";
export { createRootSif, type RootSif } from "./root.ts";
export { parseSquashfsPacking, type SquashfsPacking } from "./squashfs.ts";
export { epochOf, noTime, parseSifTime, printSifTime } from "./time.ts";
export { loadSignatures } from "./signature/load.ts";
export type {
  Fault,
  NewPgpKey,
  PgpKey,
  PgpKeyFacts,
  Signer,
  SigningKey,
  Trust,
  Verification,
} from "./signature/signature.ts";
export { isOciSif } from "./oci-sif.ts";
