import { readFileSync } from "node:fs";
import { loadKeyring } from "#engine";
import { loadSignatures } from "#sif";
import { showControls } from "#kit";
import { readAllBytes } from "../ask.ts";
import type { Command } from "../command.ts";
import { keyNotSecret } from "../error.ts";
import { boolFlag } from "../flag.ts";
import { keyringToChange, keysDirFlag } from "../key-choice.ts";
import { outLine } from "../print.ts";
import { checkReadable } from "../readable.ts";

export const command: Command = {
  name: "key import",
  usage: "[OPTIONS] FILE|-",
  summary: "Take OpenPGP keys in, armored or binary, public or secret",
  flags: [
    boolFlag("global", "Into the keyring of the machine, for all users: public keys, as root", "g"),
    keysDirFlag,
    boolFlag("secret", "Fail where the file holds no secret key", "s"),
  ],
  examples: ["vial key import colleague.asc", "gpg --export-secret-keys ada@example.org | vial key import -"],
  args: [1, 1],
  async run(flags, [source = ""]) {
    const { fingerprintOf, ownerOf, readPgpKeys } = await loadSignatures();
    const { addKeys } = await loadKeyring();
    const place = await keyringToChange(flags, flags.bool("global"));
    if (source !== "-") checkReadable("FILE", source);
    const bytes = source === "-" ? readAllBytes() : readFileSync(source);
    const name = source === "-" ? "standard input" : source;
    const keys = await readPgpKeys(bytes, name);
    if (flags.bool("secret") ? !keys.some((key) => key.isPrivate()) : keys.length === 0)
      throw keyNotSecret(name, flags.bool("secret") ? "secret " : "");
    for (const { key, ring, outcome } of await addKeys(keys, place))
      outLine(`${fingerprintOf(key)}  ${ring}, ${outcome}: ${showControls(ownerOf(key))}`);
    return 0;
  },
};
