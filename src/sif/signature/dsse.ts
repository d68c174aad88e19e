import { createHash, type KeyObject, sign, verify } from "node:crypto";
import * as v from "valibot";
import { sifKeyUnfit } from "../error.ts";

// Signatures by keys that are not OpenPGP's: an envelope of JSON, "Dead Simple Signing Envelope" (the specification of
// secure-systems-lab/dsse, protocol 1.0.2; sif/pkg/integrity/dsse.go).

export const metadataType = "application/vnd.sylabs.sif-metadata+json";

/** Verifications by public keys are cheap, and yet nobody needs more of them in one envelope. */
const maxSignatures = 64;

const schema = v.object({
  payloadType: v.string(),
  payload: v.string(),
  signatures: v.pipe(
    v.array(v.object({ keyid: v.optional(v.string(), ""), sig: v.string() })),
    v.minLength(1, "there is none"),
    v.maxLength(maxSignatures, `there are more than ${maxSignatures}`),
  ),
});

export interface Envelope {
  readonly payload: Buffer;
  readonly signatures: readonly { readonly keyid: string; readonly sig: Buffer }[];
}

/** Parses, and believes nothing yet. Undefined: it is no envelope at all. Throws Error for one that is not good. */
export function parseEnvelope(text: string): Envelope | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = v.safeParse(schema, document);
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(`the envelope is odd: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { payloadType, payload, signatures } = result.output;
  if (payloadType !== metadataType)
    throw new Error(`the envelope is of the type ${JSON.stringify(payloadType)}, not "${metadataType}"`);
  return {
    payload: Buffer.from(payload, "base64"),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig, "base64") })),
  };
}

/** Whether the key made one of the signatures. The key ids in the envelope are hints, and not believed. */
export function isSignedBy(envelope: Envelope, key: KeyObject): boolean {
  const bytes = authenticated(envelope.payload);
  return envelope.signatures.some(({ sig }) => {
    try {
      return verify(hashFor(key), bytes, key, sig);
    } catch {
      // Bytes that are no signature of this kind of key.
      return false;
    }
  });
}

/** An envelope with one signature, and its newline at the end. */
export function signEnvelope(payload: string, key: KeyObject, publicKey: KeyObject): string {
  const sig = sign(hashFor(key), authenticated(Buffer.from(payload)), key);
  const entry = { keyid: keyIdOf(publicKey), sig: sig.toString("base64") };
  const document = {
    payloadType: metadataType,
    payload: Buffer.from(payload).toString("base64"),
    signatures: [entry],
  };
  return `${JSON.stringify(document)}\n`;
}

/** The pre-authentication encoding: what is signed, so that no payload passes for one of another type. */
function authenticated(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${metadataType.length} ${metadataType} ${payload.length} `),
    payload,
  ]);
}

/** RSA by PKCS #1 v1.5 and ECDSA in ASN.1 over SHA-256; Ed25519 over the bytes themselves. */
function hashFor(key: KeyObject): "sha256" | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

const curves = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/** Refuses keys that sign nothing here, or are too weak. `path` is for the error. Throws sif-key-unfit. */
export function checkSigningKey(key: KeyObject, path: string): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519") return;
  if (type === "rsa") {
    const bits = details?.modulusLength ?? 0;
    if (bits < 2048) throw sifKeyUnfit(path, `it is RSA with ${bits} bits, and 2048 are the least`);
    return;
  }
  if (type === "ec") {
    if (!curves.has(details?.namedCurve ?? ""))
      throw sifKeyUnfit(path, `its curve is ${details?.namedCurve}, and P-256, P-384 and P-521 are known`);
    return;
  }
  throw sifKeyUnfit(path, `it is ${type ?? "of no known kind"}, and RSA, ECDSA and Ed25519 are known`);
}

/** "SHA256:..." of a public key, as ssh-keygen -l prints it (RFC 4253, section 6.6; RFC 5656; RFC 8709). */
export function keyIdOf(key: KeyObject): string {
  const digest = createHash("sha256").update(sshBytes(key)).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

function sshBytes(key: KeyObject): Buffer {
  const jwk = key.export({ format: "jwk" });
  const bytes = (text: string | undefined) => Buffer.from(text ?? "", "base64url");
  switch (key.asymmetricKeyType) {
    case "rsa":
      return strings(Buffer.from("ssh-rsa"), positive(bytes(jwk.e)), positive(bytes(jwk.n)));
    case "ed25519":
      return strings(Buffer.from("ssh-ed25519"), bytes(jwk.x));
    default: {
      const curve = `nistp${jwk.crv?.replace("P-", "") ?? ""}`;
      const point = Buffer.concat([Buffer.from([4]), bytes(jwk.x), bytes(jwk.y)]);
      return strings(Buffer.from(`ecdsa-sha2-${curve}`), Buffer.from(curve), point);
    }
  }
}

/** A number above zero: its first bit is its sign. */
function positive(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function strings(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
