import { loadKeyring } from "#engine";
import { loadSignatures } from "#sif";
import type { Command } from "../command.ts";
import { flagValueInvalid, optionsConflict } from "../error.ts";
import { textFlag } from "../flag.ts";
import { keyringToChange, keysDirFlag } from "../key-choice.ts";
import { newKeyPassword, passwordFlags, textOrAsk } from "../key-password.ts";
import type { Flags } from "../parse.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "key generate",
  usage: "[OPTIONS]",
  summary: "Make an OpenPGP key pair to sign SIF files with",
  flags: [
    textFlag("algorithm", "rsa|ed25519", "Kind of key (default rsa, which every Singularity verifies)"),
    textFlag("bit-length", "bits", "Length of an RSA key: 2048 to 8192 (default 4096)", "b"),
    textFlag("comment", "text", "Stands behind the name, in brackets", "C"),
    textFlag("email", "address", "Address of the owner", "E"),
    textFlag("expire", "days", "Days after which the key counts for nothing (default: never)"),
    keysDirFlag,
    textFlag("name", "text", "Name of the owner", "N"),
    ...passwordFlags,
  ],
  examples: [
    'vial key generate --name "Ada Lovelace" --email ada@example.org',
    "vial key generate --name CI --algorithm ed25519 --password-stdin < password.txt",
  ],
  args: [0, 0],
  async run(flags) {
    const algorithm = algorithmOf(flags);
    const validSeconds = daysOf(flags);
    const name = textOrAsk(flags, "name", "Name: ");
    const email = textOrAsk(flags, "email", "Address (may be empty): ");
    const comment = flags.text("comment") ?? "";
    const { fingerprintOf, generatePgpKey } = await loadSignatures();
    const { addKeys } = await loadKeyring();
    // Before the password is asked for, and the work done.
    const place = await keyringToChange(flags);
    const password = newKeyPassword(flags, "the key");
    const key = await generatePgpKey({
      ...{ name, email, comment, password, algorithm },
      ...(validSeconds === undefined ? {} : { validSeconds }),
    });
    await addKeys([key], place);
    outLine(fingerprintOf(key));
    return 0;
  },
};

function algorithmOf(flags: Flags) {
  const kind = flags.filled("algorithm") ?? "rsa";
  const bits = flags.filled("bit-length");
  if (kind === "ed25519") {
    if (bits !== undefined)
      throw optionsConflict("--bit-length", "--algorithm ed25519", "such a key has one length");
    return { kind } as const;
  }
  if (kind !== "rsa") throw flagValueInvalid("--algorithm", kind, "rsa or ed25519");
  const number = Number(bits ?? 4096);
  if (!Number.isInteger(number) || number < 2048 || number > 8192)
    throw flagValueInvalid("--bit-length", bits ?? "", "a number from 2048 to 8192");
  return { kind, bits: number } as const;
}

function daysOf(flags: Flags): number | undefined {
  const text = flags.filled("expire");
  if (text === undefined) return undefined;
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  // The field has 32 bits of seconds.
  if (days < 1 || days > 36_500) throw flagValueInvalid("--expire", text, "a number of days from 1 to 36500");
  return days * 86_400;
}
