import { loadKeyring } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { keyringsToRead, keysDirFlag } from "../key-choice.ts";
import { describeKeys, keysJson } from "../key-text.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "key list",
  usage: "[OPTIONS]",
  summary: "Show the OpenPGP keys: whom you believe, and by which you can sign",
  flags: [
    boolFlag("global", "Of the keyring of the machine alone", "g"),
    boolFlag("json", "Print JSON"),
    keysDirFlag,
    boolFlag("secret", "Secret keys alone, by the numbers that `vial sign -k` takes", "s"),
  ],
  args: [0, 0],
  async run(flags) {
    const { readKeyring } = await loadKeyring();
    const places = await keyringsToRead(flags, flags.bool("global"));
    const secret = await readKeyring("secret", places);
    const keys = flags.bool("secret") ? secret : await readKeyring("public", places);
    out(flags.bool("json") ? await keysJson(keys, secret) : await describeKeys(keys, secret));
    return 0;
  },
};
