import type { PrivateKey, PublicKey } from "openpgp";
import { pgpKeysUnreadable, pgpOwnerInvalid, pgpPasswordWrong } from "../error.ts";
import { openPgp } from "./library.ts";

/** An OpenPGP key, public or secret, as the library holds it. */
export type PgpKey = PublicKey | PrivateKey;

/** The most that is read as keys. The largest keys in the field, with thousands of signatures, have some hundred KB. */
export const maxKeyBytes = 16 * 1024 * 1024;

export interface PgpKeyFacts {
  /** Of the primary key: 40 upper-case hexadecimal digits (version 4), 64 with version 6. */
  readonly fingerprint: string;
  /** "Name (comment) <address>", in the order of the key. */
  readonly owners: readonly string[];
  readonly created: Date;
  /** Undefined: never. */
  readonly expires: Date | undefined;
  readonly revoked: boolean;
  /** "rsa4096", "ed25519". */
  readonly algorithm: string;
  readonly secret: boolean;
  /** A secret key that needs its passphrase. */
  readonly locked: boolean;
}

/**
 * The keys of a file, in their order: armored, of which there may be several blocks, or binary. `name` is for the error.
 * Throws pgp-keys-unreadable.
 */
export async function readPgpKeys(bytes: Uint8Array, name: string): Promise<PgpKey[]> {
  if (bytes.length === 0) return [];
  if (bytes.length > maxKeyBytes) throw pgpKeysUnreadable(name, `it has ${bytes.length} bytes`);
  const { readKeys } = await openPgp();
  const text = Buffer.from(bytes).toString("latin1");
  const blocks = armoredBlocks(text);
  try {
    if (blocks.length === 0) {
      if (text.includes("-----BEGIN ")) throw new Error("it holds something else than keys");
      return await readKeys({ binaryKeys: bytes });
    }
    const keys: PgpKey[] = [];
    for (const block of blocks) keys.push(...(await readKeys({ armoredKeys: block })));
    return keys;
  } catch (error) {
    throw pgpKeysUnreadable(name, (error as Error).message);
  }
}

/** In one pass: a stranger's file may hold any number of beginnings without an end. */
function armoredBlocks(text: string): readonly string[] {
  const blocks: string[] = [];
  const begin = /-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----/g;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const end = `-----END PGP ${match[1]} KEY BLOCK-----`;
    const at = text.indexOf(end, begin.lastIndex);
    if (at < 0) break;
    blocks.push(text.slice(match.index, at + end.length));
    begin.lastIndex = at + end.length;
  }
  return blocks;
}

export function fingerprintOf(key: PgpKey): string {
  return key.getFingerprint().toUpperCase();
}

/** "Name (comment) <address>" of the first owner. What a key says of its owner is text of a stranger. */
export function ownerOf(key: PgpKey): string {
  return key.getUserIDs()[0] ?? "(no name)";
}

export async function factsOf(key: PgpKey): Promise<PgpKeyFacts> {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  // Null: there is no valid self-signature, so nothing is known. Such a key is good for nothing.
  const expires = await key.getExpirationTime();
  return {
    fingerprint: fingerprintOf(key),
    owners: key.getUserIDs(),
    created: key.getCreationTime(),
    expires: expires instanceof Date ? expires : undefined,
    revoked: await key.isRevoked(),
    algorithm: nameOfAlgorithm(algorithm, bits, curve),
    secret: key.isPrivate(),
    locked: isLocked(key),
  };
}

function nameOfAlgorithm(algorithm: string, bits: number | undefined, curve: string | undefined): string {
  if (algorithm.startsWith("rsa")) return `rsa${bits ?? ""}`;
  if (algorithm === "eddsaLegacy") return "ed25519";
  return curve ?? algorithm;
}

export function isLocked(key: PgpKey): boolean {
  return key.isPrivate() && !key.isDecrypted();
}

export interface NewPgpKey {
  readonly name: string;
  readonly email: string;
  readonly comment: string;
  /** Empty: the secret key lies open in its file. */
  readonly password: string;
  readonly algorithm:
    | { readonly kind: "rsa"; readonly bits: number }
    /** As EdDSA of RFC 4880bis, which GnuPG 2.2 and Apptainer read; the newer code point of RFC 9580 they do not. */
    | { readonly kind: "ed25519" };
  /** Seconds from now; undefined: never. */
  readonly validSeconds?: number;
}

/** Makes a key pair. The secret key is locked by the password, where there is one. Throws pgp-owner-invalid. */
export async function generatePgpKey(wish: NewPgpKey): Promise<PrivateKey> {
  const { generateKey } = await openPgp();
  const { name, email, comment, password, algorithm, validSeconds } = wish;
  const owner = {
    name,
    ...(email === "" ? {} : { email }),
    ...(comment === "" ? {} : { comment }),
  };
  const lines = [name, email, comment].join("");
  if (name === "" || /[\p{Cc}<>()]/u.test(lines)) throw pgpOwnerInvalid(name);
  try {
    const { privateKey } = await generateKey({
      format: "object",
      userIDs: [owner],
      ...(password === "" ? {} : { passphrase: password }),
      ...(validSeconds === undefined ? {} : { keyExpirationTime: validSeconds }),
      ...(algorithm.kind === "rsa"
        ? { type: "rsa", rsaBits: algorithm.bits }
        : { type: "ecc", curve: "ed25519Legacy" }),
    });
    return privateKey;
  } catch (error) {
    if (/user ID/i.test((error as Error).message)) throw pgpOwnerInvalid(email === "" ? name : email);
    throw error;
  }
}

/** The same key, ready to sign. Throws pgp-password-wrong. */
export async function unlockPgpKey(key: PrivateKey, password: string): Promise<PrivateKey> {
  const { decryptKey } = await openPgp();
  try {
    return await decryptKey({ privateKey: key, passphrase: password });
  } catch (error) {
    throw pgpPasswordWrong(fingerprintOf(key), (error as Error).message);
  }
}

export function isSecretKey(key: PgpKey): key is PrivateKey {
  return key.isPrivate();
}

/** `-----BEGIN PGP PUBLIC KEY BLOCK-----` and so on; of a secret key the private block. */
export function armorOf(key: PgpKey): string {
  return key.armor().replaceAll("\r\n", "\n");
}
