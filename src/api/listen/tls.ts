import { readFileSync } from "node:fs";
import { tlsFileUnreadable } from "../error.ts";

/** The files of mutual TLS: who may come, and who we are. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Only clients with a certificate of `ca` are let in. */
export function tlsOptions(files: TlsFiles) {
  return {
    ca: readPem(files.ca),
    cert: readPem(files.cert),
    key: readPem(files.key),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
  } as const;
}

function readPem(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    if (!bytes.includes("-----BEGIN ")) throw new Error("it has no PEM block");
    return bytes;
  } catch (error) {
    throw tlsFileUnreadable(path, (error as Error).message);
  }
}
