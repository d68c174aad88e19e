import type { KeyObject } from "node:crypto";
import type { SifFile } from "../file.ts";
import type { SifObject } from "../object.ts";
import { type ClearSigned, clearSignedHead, readClearSigned } from "../pgp/clear-sign.ts";
import { fingerprintOf, ownerOf, type PgpKey } from "../pgp/key.ts";
import { DataDigests, type Hash, readWhole } from "./digest.ts";
import { type Envelope, isSignedBy, keyIdOf, parseEnvelope } from "./dsse.ts";
import { compareMetadata, objectsOfGroup, parseMetadata } from "./metadata.ts";

// Who has signed what of a SIF file, and whether it is still as it was signed (sif/pkg/integrity/verify.go). The file is a
// stranger's, its signatures too: nothing in them is believed before a key of ours has confirmed it.

/** The keys that are believed. */
export type Trust =
  /** `find` gives the key of a fingerprint, where it is known. */
  | { readonly kind: "pgp"; find(fingerprint: string): PgpKey | undefined; knows(keyId: string): boolean }
  /** A public key, by itself or of a certificate that was found good. */
  | { readonly kind: "key"; readonly key: KeyObject; readonly name: string };

export interface VerifyWish {
  /** What has to be signed. Both empty: every group of the file. */
  readonly groups: readonly number[];
  readonly objects: readonly number[];
  /**
   * `legacy`: signatures of Singularity before 3.6 alone, which cover neither header nor descriptors, so that a partition can be
   * given another place, size or meaning under a good signature.
   */
  readonly generation: "current" | "legacy";
  readonly trust: Trust;
  readonly now: Date;
}

export interface Signer {
  /** Of an OpenPGP key 40 hexadecimal digits, of another "SHA256:...". */
  readonly fingerprint: string;
  readonly name: string;
}

export type FaultKind = "unsigned" | "key-unknown" | "untrue" | "altered";

export interface Fault {
  readonly kind: FaultKind;
  readonly why: string;
}

/** What became of one signature. */
export interface SignatureCheck {
  /** The signature's object. */
  readonly id: number;
  /** Undefined where no key of ours has made it. */
  readonly signer: Signer | undefined;
  /** The fingerprint that the file names, whether true or not. */
  readonly claimed: string | undefined;
  /** Objects that are as they were signed. */
  readonly proven: readonly SifObject[];
  readonly fault: Fault | undefined;
  /** The object whose data are not as they were signed. */
  readonly altered?: SifObject | undefined;
}

/** A group or an object that had to be signed. */
export interface VerifiedPart {
  readonly group: number;
  /** Undefined: the whole group. */
  readonly object: number | undefined;
  readonly checks: readonly SignatureCheck[];
  /** Where there is no signature at all. */
  readonly fault: Fault | undefined;
}

export interface Verification {
  readonly parts: readonly VerifiedPart[];
  /** What is wrong with the file as a whole, whoever signed its parts. */
  readonly whole: readonly Fault[];
  /** Faults of the file as a whole, then of the parts. None: everything that was asked for is signed, and as it was signed. */
  readonly faults: readonly Fault[];
  /** Objects, signatures aside, that nothing of this has proven. */
  readonly unproven: readonly SifObject[];
}

/** One megabyte would do for five thousand objects. */
const maxSignatureBytes = 4 * 1024 * 1024;

/**
 * Verifies an open file: reads what the open descriptor reads, so who goes on to use that descriptor uses what was verified.
 * Throws sif-object-unknown; all else is a fault in the answer.
 */
export async function verifySif(file: SifFile, wish: VerifyWish): Promise<Verification> {
  const session = new Session(file, wish);
  const whole: Fault[] = [];
  const loose = file.objects.filter(({ group, type }) => group === 0 && type !== "signature");
  if (loose.length > 0)
    whole.push(unsigned(`object ${loose[0]?.id} is in no group, so that no signature can cover it`));
  const parts: VerifiedPart[] = [];
  for (const group of askedGroups(file, wish)) parts.push(await session.verify(group, undefined));
  for (const id of wish.objects) parts.push(await session.verify(file.object(id).group, file.object(id)));
  if (parts.length === 0) whole.push(unsigned("it holds no object that could be signed"));
  const faults = [...whole];
  for (const part of parts) {
    if (part.fault !== undefined) faults.push(part.fault);
    for (const { fault } of part.checks) if (fault !== undefined) faults.push(fault);
  }
  const proven = new Set(parts.flatMap(({ checks }) => checks.flatMap((check) => check.proven)));
  const unproven = file.objects.filter((object) => object.type !== "signature" && !proven.has(object));
  return { parts, whole, faults, unproven };
}

/**
 * Those whose good signature covers every part, whatever other signatures there are; nobody where the file has a fault as a
 * whole. For rules about who has to sign.
 */
export function signersOfAll({ parts, whole }: Verification): readonly Signer[] {
  if (whole.length > 0) return [];
  const [first, ...others] = parts.map(({ checks }) =>
    checks.flatMap(({ signer, fault }) => (signer === undefined || fault !== undefined ? [] : [signer])),
  );
  return (first ?? []).filter(({ fingerprint }) =>
    others.every((signers) => signers.some((signer) => signer.fingerprint === fingerprint)),
  );
}

function askedGroups(file: SifFile, { groups, objects }: VerifyWish): readonly number[] {
  if (groups.length > 0 || objects.length > 0) return [...new Set(groups)];
  return [...new Set(file.objects.map(({ group }) => group).filter((group) => group !== 0))].sort(
    (a, b) => a - b,
  );
}

/** A signature's object, taken apart once. */
type Opened =
  | { readonly form: "pgp"; readonly signed: ClearSigned; readonly isLegacy: boolean }
  | { readonly form: "dsse"; readonly envelope: Envelope; readonly isLegacy: false }
  | { readonly form: "odd"; readonly why: string; readonly isLegacy: false };

class Session {
  readonly #file: SifFile;
  readonly #wish: VerifyWish;
  readonly #digests: DataDigests;
  readonly #opened = new Map<SifObject, Opened>();

  constructor(file: SifFile, wish: VerifyWish) {
    this.#file = file;
    this.#wish = wish;
    this.#digests = new DataDigests(file);
  }

  async verify(group: number, object: SifObject | undefined): Promise<VerifiedPart> {
    const name = object === undefined ? `group ${group}` : `object ${object.id}`;
    const part = { group, object: object?.id };
    const members = objectsOfGroup(this.#file, group);
    if (group === 0 || members.length === 0)
      return { ...part, checks: [], fault: unsigned(`there is no ${name} that could be signed`) };
    const isLegacy = this.#wish.generation === "legacy";
    const linked = this.#file.objects.filter((candidate) =>
      isLegacy && object !== undefined ? isLinkedTo(candidate, object) : isLinkedToGroup(candidate, group),
    );
    const checks: SignatureCheck[] = [];
    let others = 0;
    for (const signature of linked) {
      const opened = await this.#open(signature);
      if (opened.isLegacy !== isLegacy) others++;
      else if (opened.isLegacy) checks.push(await this.#checkLegacy(signature, opened, object, members));
      else checks.push(await this.#check(signature, opened, object, members));
    }
    if (checks.length > 0) return { ...part, checks, fault: undefined };
    return { ...part, checks, fault: unsigned(this.#noSignature(name, group, members, others)) };
  }

  #noSignature(name: string, group: number, members: readonly SifObject[], others: number): string {
    if (this.#wish.generation === "legacy") return `there is no legacy signature of ${name}`;
    const legacy = this.#file.objects.filter((object) =>
      members.some((member) => isLinkedTo(object, member)),
    );
    if (others + legacy.length > 0)
      return `${name} has legacy signatures alone, which do not cover what the objects are and where they lie`;
    const oneself = `there is no signature of ${name}`;
    return name.startsWith("object") ? `${oneself}, which would be one of group ${group}` : oneself;
  }

  async #open(object: SifObject): Promise<Opened> {
    const known = this.#opened.get(object);
    if (known !== undefined) return known;
    const opened = await openSignature(this.#file, object);
    this.#opened.set(object, opened);
    return opened;
  }

  async #check(
    signature: SifObject,
    opened: Opened,
    object: SifObject | undefined,
    members: readonly SifObject[],
  ): Promise<SignatureCheck> {
    const made = await this.#findSigner(signature, opened);
    const check = { id: signature.id, claimed: claimedBy(signature) };
    if ("fault" in made) return { ...check, signer: undefined, proven: [], fault: made.fault };
    const { signer, text } = made;
    try {
      const metadata = parseMetadata(text);
      const wanted = {
        objects: object === undefined ? members : [object],
        least: members[0]?.id ?? 0,
        exact: object === undefined,
      };
      const { proven, fault, altered } = compareMetadata(this.#file, metadata, wanted, this.#digests);
      return {
        ...check,
        signer,
        proven: members.filter(({ id }) => proven.includes(id)),
        altered,
        fault: fault === undefined ? undefined : { kind: "altered", why: fault },
      };
    } catch (error) {
      return { ...check, signer, proven: [], fault: untrue(signature, (error as Error).message) };
    }
  }

  /** `SIFHASH:` and a digest of data, by the algorithm that the descriptor names. */
  async #checkLegacy(
    signature: SifObject,
    opened: Opened,
    object: SifObject | undefined,
    members: readonly SifObject[],
  ): Promise<SignatureCheck> {
    const made = await this.#findSigner(signature, opened);
    const check = { id: signature.id, claimed: claimedBy(signature) };
    if ("fault" in made) return { ...check, signer: undefined, proven: [], fault: made.fault };
    const { signer, text } = made;
    const hash = legacyHash(signature);
    const hex = /^SIFHASH:\s*([0-9a-f]{64,128})\s*$/.exec(text)?.[1];
    if (hash === undefined || hex === undefined)
      return { ...check, signer, proven: [], fault: untrue(signature, "it holds no digest of a known kind") };
    const covered = object === undefined ? members.filter(({ type }) => type !== "signature") : [object];
    const isSame = covered.length > 0 && this.#digests.of(hash, covered) === hex;
    const name = object === undefined ? "the group" : `object ${object.id}`;
    return {
      ...check,
      signer,
      proven: isSame ? covered : [],
      altered: isSame ? undefined : object,
      fault: isSame
        ? undefined
        : { kind: "altered", why: `the data of ${name} were changed after they were signed` },
    };
  }

  /** The key of ours that made a signature, and the text that it signed. */
  async #findSigner(
    signature: SifObject,
    opened: Opened,
  ): Promise<{ readonly signer: Signer; readonly text: string } | { readonly fault: Fault }> {
    const { trust, now } = this.#wish;
    if (opened.form === "odd") return { fault: untrue(signature, opened.why) };
    if (opened.form === "dsse") {
      if (trust.kind !== "key")
        return {
          fault: keyUnknown(`signature ${signature.id} was made by a key that is not OpenPGP's`),
        };
      if (!isSignedBy(opened.envelope, trust.key))
        return { fault: keyUnknown(`signature ${signature.id} was not made by the key of ${trust.name}`) };
      return {
        signer: { fingerprint: keyIdOf(trust.key), name: trust.name },
        text: opened.envelope.payload.toString(),
      };
    }
    if (trust.kind !== "pgp")
      return { fault: keyUnknown(`signature ${signature.id} was made by an OpenPGP key`) };
    const claimed = claimedBy(signature);
    if (claimed === undefined) return { fault: untrue(signature, "it does not name the key that made it") };
    const key = trust.find(claimed);
    if (key === undefined) {
      const other = opened.signed.issuers.find((id) => trust.knows(id));
      return {
        fault:
          other === undefined
            ? keyUnknown(`signature ${signature.id} says it was made by the key ${claimed}, which is unknown`)
            : untrue(signature, `it names the key ${claimed}, and was made by another, ${other}`),
      };
    }
    const fault = await opened.signed.faultWith(key, now);
    if (fault !== undefined) return { fault: untrue(signature, fault) };
    return { signer: { fingerprint: fingerprintOf(key), name: ownerOf(key) }, text: opened.signed.text };
  }
}

async function openSignature(file: SifFile, object: SifObject): Promise<Opened> {
  if (object.size > maxSignatureBytes)
    return { form: "odd", why: `it has ${object.size} bytes, and Vial reads 4 MiB`, isLegacy: false };
  const text = readWhole(file, object).toString();
  try {
    if (text.startsWith(clearSignedHead)) {
      const signed = await readClearSigned(text);
      return { form: "pgp", signed, isLegacy: signed.text.startsWith("SIFHASH:") };
    }
    const envelope = parseEnvelope(text);
    if (envelope !== undefined) return { form: "dsse", envelope, isLegacy: false };
    return { form: "odd", why: "it is neither a clear-signed text nor a DSSE envelope", isLegacy: false };
  } catch (error) {
    return { form: "odd", why: (error as Error).message, isLegacy: false };
  }
}

function claimedBy({ extra }: SifObject): string | undefined {
  return extra.kind === "signature" ? extra.fingerprint : undefined;
}

const legacyHashes: Readonly<Record<string, Hash>> = {
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  "blake2s-256": "blake2s256",
  "blake2b-256": "blake2b256",
};

function legacyHash({ extra }: SifObject): Hash | undefined {
  return extra.kind === "signature" ? legacyHashes[extra.hash] : undefined;
}

function isLinkedTo(candidate: SifObject, object: SifObject): boolean {
  return candidate.type === "signature" && !candidate.linkIsGroup && candidate.link === object.id;
}

function isLinkedToGroup(candidate: SifObject, group: number): boolean {
  return candidate.type === "signature" && candidate.linkIsGroup && candidate.link === group;
}

function unsigned(why: string): Fault {
  return { kind: "unsigned", why };
}

function keyUnknown(why: string): Fault {
  return { kind: "key-unknown", why };
}

function untrue({ id }: SifObject, why: string): Fault {
  return { kind: "untrue", why: `signature ${id} counts for nothing: ${why}` };
}
