import { createPublicKey, type KeyObject } from "node:crypto";
import type { PrivateKey } from "openpgp";
import { addObject } from "../add.ts";
import { pgpKeyTooNew, pgpKeyUnfit, sifFull, sifNothingToSign } from "../error.ts";
import type { HashType } from "../extra.ts";
import { openSif, type SifFile } from "../file.ts";
import type { SifObject } from "../object.ts";
import { clearSign } from "../pgp/clear-sign.ts";
import { fingerprintOf } from "../pgp/key.ts";
import { DataDigests } from "./digest.ts";
import { checkSigningKey, signEnvelope } from "./dsse.ts";
import { objectsOfGroup, writeMetadata } from "./metadata.ts";

/** Who signs: an OpenPGP key that is unlocked, or a private key of another kind, which makes a DSSE envelope. */
export type SigningKey =
  | { readonly kind: "pgp"; readonly key: PrivateKey }
  | { readonly kind: "key"; readonly key: KeyObject; readonly path: string };

export interface SignWish {
  /** What is signed. Both empty: every group, with a signature each. */
  readonly groups: readonly number[];
  /** A signature covers those of one group. */
  readonly objects: readonly number[];
  readonly key: SigningKey;
  /** Of the change; seconds since 1970. */
  readonly time: number;
}

/**
 * Adds signatures to a file (sif/pkg/integrity/sign.go). All texts are signed before the first is added, so that a key that
 * cannot sign leaves the file as it was. Gives the ids of the signatures. Throws sif-nothing-to-sign, pgp-key-unfit and
 * their like.
 */
export async function signSif(path: string, wish: SignWish): Promise<readonly number[]> {
  const made: { readonly group: number; readonly text: string; readonly hash: HashType }[] = [];
  {
    using file = openSif(path);
    const digests = new DataDigests(file);
    const parts = partsToSign(file, wish);
    const total = file.header.descriptorsTotal;
    if (total - file.objects.length < parts.length) throw sifFull(path, total);
    for (const { group, objects } of parts) {
      const text = writeMetadata(file, objects, digests);
      made.push({ group, ...(await signText(text, wish.key)) });
    }
  }
  const fingerprint = wish.key.kind === "pgp" ? fingerprintOf(wish.key.key) : undefined;
  return made.map(({ group, text, hash }) =>
    addObject(
      path,
      {
        type: "signature",
        content: { kind: "bytes", bytes: Buffer.from(text) },
        extra: { kind: "signature", hash, fingerprint },
        group: 0,
        link: { kind: "group", group },
        name: "",
        time: wish.time,
      },
      wish.time,
    ),
  );
}

function partsToSign(
  file: SifFile,
  { groups, objects }: SignWish,
): readonly { readonly group: number; readonly objects: readonly SifObject[] }[] {
  const parts = new Map<number, readonly SifObject[]>();
  for (const id of objects) {
    const object = file.object(id);
    if (object.group === 0) throw sifNothingToSign(file.path, `object ${id} is in no group`);
    parts.set(object.group, [...(parts.get(object.group) ?? []), object]);
  }
  const asked =
    groups.length + objects.length > 0
      ? groups
      : file.objects.map(({ group }) => group).filter((id) => id > 0);
  for (const group of asked) {
    const members = objectsOfGroup(file, group);
    if (group === 0 || members.length === 0)
      throw sifNothingToSign(file.path, `it has no objects in group ${group}`);
    parts.set(group, members);
  }
  if (parts.size === 0) throw sifNothingToSign(file.path, "it has no objects in any group");
  return [...parts].sort(([a], [b]) => a - b).map(([group, members]) => ({ group, objects: members }));
}

async function signText(
  text: string,
  signer: SigningKey,
): Promise<{ readonly text: string; readonly hash: HashType }> {
  if (signer.kind === "key") {
    checkSigningKey(signer.key, signer.path);
    return { text: signEnvelope(text, signer.key, createPublicKey(signer.key)), hash: "sha256" };
  }
  const fingerprint = fingerprintOf(signer.key);
  // The descriptor has 20 bytes for it.
  if (fingerprint.length !== 40) throw pgpKeyTooNew(fingerprint);
  let signed: Awaited<ReturnType<typeof clearSign>>;
  try {
    signed = await clearSign(text, signer.key);
  } catch (error) {
    throw pgpKeyUnfit(fingerprint, (error as Error).message);
  }
  const { hash } = signed;
  if (hash !== "sha256" && hash !== "sha384" && hash !== "sha512")
    throw pgpKeyUnfit(fingerprint, `it signs by ${hash || "an unknown hash"}`);
  return { text: signed.text, hash };
}
