// Signatures of SIF files: who has signed which objects, and keys to do so. Loaded when it is asked for (`loadSignatures` of
// the door), because the library of OpenPGP and node:crypto take longer to load than most verbs take to run.
//
// A signature is an object of the file: a text in which a digest stands for the header, and for descriptor and data of each
// object of a group. `verifySif` answers for an open file, so that what was verified can be used by the same descriptor.

export {
  armorOf,
  factsOf,
  fingerprintOf,
  generatePgpKey,
  isLocked,
  isSecretKey,
  type NewPgpKey,
  ownerOf,
  type PgpKey,
  type PgpKeyFacts,
  readPgpKeys,
  unlockPgpKey,
} from "../pgp/key.ts";
export { keyOfCertificate, machineRoots } from "./certificate.ts";
export { checkSigningKey } from "./dsse.ts";
export { type SigningKey, signSif } from "./sign.ts";
export {
  type Fault,
  type Signer,
  type SignatureCheck,
  signersOfAll,
  type Trust,
  type Verification,
  type VerifyWish,
  verifySif,
} from "./verify.ts";
