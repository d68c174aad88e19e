import { resolve } from "node:path";
import { type KeyringPlace, type KnownKey, loadKeyring, type Ring } from "#engine";
import { ask } from "./ask.ts";
import { keyUndecided, optionsConflict } from "./error.ts";
import { textFlag } from "./flag.ts";
import { describeKeys } from "./key-text.ts";
import type { Flags } from "./parse.ts";
import { err, isTerminal } from "./print.ts";

/** Of the verbs of `vial key`, as Apptainer has it. */
export const keysDirFlag = textFlag("keysdir", "folder", "Keys in this folder, in place of all others", "d");

/** Where the verb writes: the folder of --keysdir, with --global the machine's, else the caller's own. */
export async function keyringToChange(flags: Flags, isGlobal = false): Promise<KeyringPlace> {
  const { machineKeys, ownKeys } = await loadKeyring();
  return namedKeyring(flags, isGlobal) ?? (isGlobal ? machineKeys : ownKeys());
}

/** Where the verb reads. */
export async function keyringsToRead(flags: Flags, isGlobal = false): Promise<readonly KeyringPlace[]> {
  const { keyringPlaces, machineKeys } = await loadKeyring();
  const named = namedKeyring(flags, isGlobal);
  if (named !== undefined) return [named];
  return isGlobal ? [machineKeys] : keyringPlaces();
}

function namedKeyring(flags: Flags, isGlobal: boolean): KeyringPlace | undefined {
  const folder = flags.filled("keysdir");
  if (folder === undefined) return undefined;
  if (isGlobal) throw optionsConflict("--keysdir", "--global", "both name the keyring");
  return { origin: "own", folder: resolve(folder) };
}

/** The key that `--keyidx` names, the only one that there is, or the answer of a person. Throws key-undecided, key-unknown. */
export async function choiceOfKey(
  ring: Ring,
  wanted: string | undefined,
  places?: readonly KeyringPlace[],
): Promise<KnownKey> {
  const { chooseKey, readKeyring } = await loadKeyring();
  const keys = await readKeyring(ring, places);
  if (wanted !== undefined) return await chooseKey(keys, wanted, ring);
  const [only] = keys;
  if (only === undefined || keys.length === 1) return await chooseKey(keys, "0", ring);
  if (!isTerminal(0)) throw keyUndecided(ring, keys.length);
  err(await describeKeys(keys));
  return await chooseKey(keys, ask("Number of the key: "), ring);
}
