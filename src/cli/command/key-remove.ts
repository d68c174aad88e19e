import { loadKeyring } from "#engine";
import { loadSignatures } from "#sif";
import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { boolFlag } from "../flag.ts";
import { keyringToChange, keysDirFlag } from "../key-choice.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "key remove",
  usage: "[OPTIONS] FINGERPRINT",
  summary: "Take an OpenPGP key out of the keyring",
  flags: [
    boolFlag("both", "The public key and the secret one", "b"),
    boolFlag("global", "From the keyring of the machine", "g"),
    keysDirFlag,
    boolFlag("public", "The public key (default)", "p"),
    boolFlag("secret", "The secret key, which is lost unless you have it elsewhere", "s"),
  ],
  args: [1, 1],
  async run(flags, [id = ""]) {
    const { removeKey } = await loadKeyring();
    const { fingerprintOf } = await loadSignatures();
    if (flags.bool("global") && (flags.bool("secret") || flags.bool("both")))
      throw optionsConflict("--global", "--secret", "the keyring of the machine holds public keys alone");
    const place = await keyringToChange(flags, flags.bool("global"));
    const secret = flags.bool("secret") || flags.bool("both");
    const isPublic = flags.bool("public") || flags.bool("both") || !secret;
    if (secret) outLine(fingerprintOf(await removeKey(id, "secret", place)));
    if (isPublic) {
      const removed = await removeKey(id, "public", place);
      if (!secret) outLine(fingerprintOf(removed));
    }
    return 0;
  },
};
