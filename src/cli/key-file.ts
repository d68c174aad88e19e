import { readFileSync } from "node:fs";
import type { KeyObject } from "node:crypto";
import { keyFileUnreadable } from "./error.ts";
import { checkReadable } from "./readable.ts";

// Keys in PEM files, of any kind but OpenPGP's. node:crypto is loaded here alone.

/** `password` is asked for where the file is locked. Throws key-file-unreadable. */
export async function readPrivateKey(path: string, password: () => string): Promise<KeyObject> {
  const { text } = readPem("--key", path);
  const { createPrivateKey } = await import("node:crypto");
  const isLocked = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text);
  const passphrase = isLocked ? { passphrase: password() } : {};
  try {
    return createPrivateKey({ key: text, ...passphrase });
  } catch (error) {
    throw keyFileUnreadable(path, "private key", (error as Error).message);
  }
}

/** Throws key-file-unreadable; for a private key too, whose place is not here. */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const { text } = readPem("--key", path);
  const { createPublicKey } = await import("node:crypto");
  if (text.includes("PRIVATE KEY-----"))
    throw keyFileUnreadable(path, "public key", "it is a private key, which is for signing");
  try {
    return createPublicKey(text);
  } catch (error) {
    throw keyFileUnreadable(path, "public key", (error as Error).message);
  }
}

/** A text that a flag names. Throws file-unreadable. */
export function readPem(flag: string, path: string): { readonly path: string; readonly text: string } {
  checkReadable(flag, path);
  return { path, text: readFileSync(path, "utf8") };
}
