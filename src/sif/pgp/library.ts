import type { Config } from "openpgp";

// OpenPGP.js: the packets, keys and signatures of RFC 9580 and RFC 4880. A megabyte of code, so it is loaded when a key or a
// signature is looked at, and never before.

let loaded: Promise<typeof import("openpgp")> | undefined;

/** The library. Everything goes through here, so that no call forgets the settings below. */
export function openPgp(): Promise<typeof import("openpgp")> {
  loaded ??= import("openpgp").then((library) => {
    configure(library.config, library.enums.hash);
    return library;
  });
  return loaded;
}

/**
 * What the library refuses by itself stays: signatures by MD5, RIPEMD or SHA-1, RSA below 2047 bits, DSA, secp256k1. Said once
 * more for the first, because what a file is trusted for must not hang on a default.
 */
function configure(config: Config, hash: typeof import("openpgp").enums.hash): void {
  config.rejectMessageHashAlgorithms = new Set([hash.md5, hash.sha1, hash.ripemd]);
  config.minRSABits = 2047;
  config.showVersion = false;
  config.showComment = false;
  // What Apptainer writes, and what the descriptor says by default.
  config.preferredHashAlgorithm = hash.sha256;
}
