import { type KnownKey, loadKeyring, type Ring } from "#engine";
import { ask } from "./ask.ts";
import { keyUndecided } from "./error.ts";
import { describeKeys } from "./key-text.ts";
import { err, isTerminal } from "./print.ts";

/** The key that `--keyidx` names, the only one that there is, or the answer of a person. Throws key-undecided, key-unknown. */
export async function choiceOfKey(ring: Ring, wanted: string | undefined): Promise<KnownKey> {
  const { chooseKey, readKeyring } = await loadKeyring();
  const keys = await readKeyring(ring);
  if (wanted !== undefined) return await chooseKey(keys, wanted, ring);
  const [only] = keys;
  if (only === undefined || keys.length === 1) return await chooseKey(keys, "0", ring);
  if (!isTerminal(0)) throw keyUndecided(ring, keys.length);
  err(await describeKeys(keys));
  return await chooseKey(keys, ask("Number of the key: "), ring);
}
