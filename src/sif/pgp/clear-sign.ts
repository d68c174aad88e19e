import type { PrivateKey } from "openpgp";
import { fingerprintOf, type PgpKey } from "./key.ts";
import { openPgp } from "./library.ts";

// Clear-signed text (RFC 9580, section 7): what is signed can be read, and below it stands the signature.

export const clearSignedHead = "-----BEGIN PGP SIGNED MESSAGE-----";

export type SignatureHash = "sha224" | "sha256" | "sha384" | "sha512";

/** A text with the hash by which it was signed. Throws what the library says of a key that cannot sign. */
export async function clearSign(
  text: string,
  key: PrivateKey,
): Promise<{ readonly text: string; readonly hash: string }> {
  const { createCleartextMessage, sign } = await openPgp();
  const message = await createCleartextMessage({ text });
  const signed = (await sign({ message, signingKeys: key })).replaceAll("\r\n", "\n");
  const hash = /^Hash: (\S+)$/m.exec(signed)?.[1] ?? "";
  return { text: signed, hash: hash.toLowerCase() };
}

/** A text that claims to be signed. */
export interface ClearSigned {
  /** What was signed, without the newline at its end. */
  readonly text: string;
  /** Key ids that the signatures name: 16 upper-case hexadecimal digits. */
  readonly issuers: readonly string[];
  /**
   * Undefined when the key made one of the signatures and may still be used; else why not. A key that is expired or revoked
   * today counts for nothing, because who holds it can date a signature back.
   */
  faultWith(key: PgpKey, now: Date): Promise<string | undefined>;
}

/** Parses, and believes nothing yet. Throws the library's own error. */
export async function readClearSigned(text: string): Promise<ClearSigned> {
  const { readCleartextMessage, verify } = await openPgp();
  const message = await readCleartextMessage({ cleartextMessage: text });
  const issuers = message.getSigningKeyIDs().map((id) => id.toHex().toUpperCase());
  return {
    text: message.getText(),
    issuers,
    async faultWith(key, now) {
      const publicKey = key.toPublic();
      // A message may hold any number of signatures; each costs a verification.
      if (issuers.length > maxSignatures) return `it holds ${issuers.length} signatures in one text`;
      const { signatures } = await verify({
        message,
        verificationKeys: publicKey,
        date: now,
        // The owner may have renewed the key since, and its self-signature is then newer than what it signed. Whether the key is
        // good is asked of today, below; the library would otherwise ask of the day of the signature alone.
        config: { allowInsecureVerificationWithReformattedKeys: true },
      });
      let fault: string | undefined;
      for (const { keyID, verified } of signatures) {
        try {
          await verified;
          await publicKey.getSigningKey(keyID, now);
          return undefined;
        } catch (error) {
          if (publicKey.getKeys(keyID).length > 0) fault ??= (error as Error).message;
        }
      }
      return fault ?? `it was not made by the key ${fingerprintOf(key)}, but by ${issuers.join(", ")}`;
    },
  };
}

const maxSignatures = 32;
