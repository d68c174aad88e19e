import { loadSignatures, type SigningKey } from "#sif";
import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { choiceOfKey, keyringsToRead, keysDirFlag } from "../key-choice.ts";
import { readPrivateKey } from "../key-file.ts";
import { keyPassword, passwordFlags } from "../key-password.ts";
import type { Flags } from "../parse.ts";
import { sifNumbersOf } from "../sif-object-wish.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "sign",
  usage: "[OPTIONS] FILE",
  summary: "Sign a SIF file, by OpenPGP as Apptainer does",
  flags: [
    boolFlag("all", "Sign every group, which is the default", "a"),
    textFlag("group-id", "id", "Sign the objects of this group", "g"),
    textFlag("groupid", "id", "Same as --group-id"),
    textFlag("id", "id", "Same as --sif-id"),
    textFlag("key", "file", "Sign by this private key in PEM form: RSA, ECDSA or Ed25519"),
    textFlag("keyidx", "key", "Key: its number in `vial key list --secret`, or its fingerprint", "k"),
    keysDirFlag,
    textFlag("sif-id", "id", "Sign this object alone", "i"),
    ...passwordFlags,
  ],
  examples: ["vial sign image.sif", "vial sign -k 1 --password-stdin image.sif < password.txt"],
  args: [1, 1],
  async run(flags, [path = ""]) {
    const groups = sifNumbersOf(flags, ["group-id", "groupid"]);
    const objects = sifNumbersOf(flags, ["sif-id", "id"]);
    if (flags.bool("all") && groups.length + objects.length > 0)
      throw optionsConflict(
        "--all",
        groups.length > 0 ? "--group-id" : "--sif-id",
        "one says all, the other not",
      );
    const { signSif } = await loadSignatures();
    const key = await signingKey(flags);
    const time = Math.floor(Date.now() / 1000);
    const ids = await signSif(path, { groups, objects, key, time });
    voice().info(`signed "${path}" [signature${ids.length === 1 ? "" : "s"}: object ${ids.join(", ")}]`);
    return 0;
  },
};

async function signingKey(flags: Flags): Promise<SigningKey> {
  const path = flags.filled("key");
  const wanted = flags.filled("keyidx");
  if (path !== undefined) {
    if (wanted !== undefined) throw optionsConflict("--key", "--keyidx", "both name the key");
    if (flags.has("keysdir")) throw optionsConflict("--key", "--keysdir", "both name the key");
    const key = await readPrivateKey(path, () => keyPassword(flags, path));
    return { kind: "key", key, path };
  }
  const { fingerprintOf, isLocked, isSecretKey, unlockPgpKey } = await loadSignatures();
  const { key } = await choiceOfKey("secret", wanted, await keyringsToRead(flags));
  if (!isSecretKey(key)) throw new Error("the secret keyring holds a public key");
  if (!isLocked(key)) return { kind: "pgp", key };
  return { kind: "pgp", key: await unlockPgpKey(key, keyPassword(flags, `the key ${fingerprintOf(key)}`)) };
}
