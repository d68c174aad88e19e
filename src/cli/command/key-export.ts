import { writeAtomic } from "#host";
import { loadSignatures } from "#sif";
import { reasonOf } from "#spec";
import type { Command } from "../command.ts";
import { fileUnwritable } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { choiceOfKey, keyringsToRead, keysDirFlag } from "../key-choice.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "key export",
  usage: "[OPTIONS] FILE|-",
  summary: "Write an OpenPGP key into a file",
  flags: [
    boolFlag("armor", "As text, for mail and the web", "a"),
    textFlag("keyidx", "key", "The key: its number in `vial key list`, or its fingerprint", "k"),
    boolFlag("global", "From the keyring of the machine alone: public keys", "g"),
    keysDirFlag,
    boolFlag("secret", "The secret key, locked as it is; the file is readable by you alone", "s"),
  ],
  examples: ["vial key export --armor -k 0 mine.asc", "vial key export --secret -k 0 backup.pgp"],
  args: [1, 1],
  async run(flags, [target = ""]) {
    const ring = flags.bool("secret") ? "secret" : "public";
    const { key } = await choiceOfKey(
      ring,
      flags.filled("keyidx"),
      await keyringsToRead(flags, flags.bool("global")),
    );
    const { armorOf } = await loadSignatures();
    const content = flags.bool("armor") ? armorOf(key) : key.write();
    if (target === "-") {
      out(content);
      return 0;
    }
    try {
      writeAtomic(target, content, ring === "secret" ? 0o600 : 0o644);
    } catch (error) {
      throw fileUnwritable("FILE", target, reasonOf(error));
    }
    return 0;
  },
};
