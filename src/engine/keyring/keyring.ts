import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { isDiskFull, type Lock, lockExclusive, writeDurable } from "#host";
import { loadSignatures, type PgpKey, type Trust } from "#sif";
import { isVialError } from "#spec";
import {
  keyAmbiguous,
  keyElsewhere,
  keyringEmpty,
  keyringUnreadable,
  keyringUnsafe,
  keyringUnwritable,
  keyUnknown,
} from "./error.ts";
import { type KeyringPlace, keyringPlaces, machineKeys, ownKeys, type Ring, ringFile } from "./places.ts";

// OpenPGP keys on this machine. Loaded when it is asked for (`loadKeyring` of the door).

/** A key and where it lies. */
export interface KnownKey {
  readonly key: PgpKey;
  /** The first of the places that has it. */
  readonly place: KeyringPlace;
}

/**
 * The keys of a ring from all places, each once. What the copies of a key say is taken together: a revocation that came to one
 * of them counts. Throws keyring-unreadable, keyring-unsafe, pgp-keys-unreadable.
 */
export async function readKeyring(
  ring: Ring,
  places: readonly KeyringPlace[] = keyringPlaces(),
): Promise<readonly KnownKey[]> {
  const { fingerprintOf } = await loadSignatures();
  const known = new Map<string, KnownKey>();
  for (const place of places) {
    if (ring === "secret" && place.origin === "machine") continue;
    for (const key of await readRing(place, ring)) {
      const print = fingerprintOf(key);
      const before = known.get(print);
      const merged = before === undefined ? key : await mergeKeys(before.key, key);
      known.set(print, { key: merged, place: before?.place ?? place });
    }
  }
  return [...known.values()];
}

async function readRing(place: KeyringPlace, ring: Ring): Promise<readonly PgpKey[]> {
  const path = ringFile(place, ring);
  const bytes = readRingFile(path, ring);
  if (bytes === undefined) return [];
  const { readPgpKeys } = await loadSignatures();
  const keys = await readPgpKeys(bytes, path);
  return ring === "public" ? keys.map((key) => key.toPublic()) : keys.filter((key) => key.isPrivate());
}

/** Who may write into a ring decides who is believed, and who may read secret keys may sign. */
function readRingFile(path: string, ring: Ring): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw keyringUnreadable(path, error);
  }
  try {
    const mode = fstatSync(fd).mode & 0o777;
    if ((mode & (ring === "secret" ? 0o077 : 0o022)) !== 0) throw keyringUnsafe(path, mode);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** `update` of the library wants two of a kind, and gives a new key. */
async function mergeKeys(one: PgpKey, other: PgpKey): Promise<PgpKey> {
  if (one.isPrivate() === other.isPrivate()) return await one.update(other as never);
  return one.isPrivate() ? one : other;
}

export interface ImportedKey {
  readonly key: PgpKey;
  readonly ring: Ring;
  /** `updated`: it was there, and has taken up what this copy of it says. */
  readonly outcome: "new" | "updated";
}

/** Adds keys to a place: secret ones to both rings. Throws keyring-unwritable and the errors of reading. */
export async function addKeys(keys: readonly PgpKey[], place: KeyringPlace): Promise<readonly ImportedKey[]> {
  const imported: ImportedKey[] = [];
  await changeRings(place, async () => {
    const secret = keys.filter((key) => key.isPrivate());
    if (secret.length > 0 && place.origin !== "machine")
      imported.push(...(await addToRing(place, "secret", secret)));
    const added = await addToRing(
      place,
      "public",
      keys.map((key) => key.toPublic()),
    );
    imported.push(...added.filter(({ key }) => !imported.some((other) => isSame(other.key, key))));
  });
  return imported;
}

async function addToRing(place: KeyringPlace, ring: Ring, keys: readonly PgpKey[]): Promise<ImportedKey[]> {
  const there = [...(await readRing(place, ring))];
  const imported: ImportedKey[] = [];
  for (const key of keys) {
    const index = there.findIndex((other) => isSame(other, key));
    const before = there[index];
    if (before === undefined) there.push(key);
    else there[index] = await mergeKeys(before, key);
    imported.push({ key, ring, outcome: before === undefined ? "new" : "updated" });
  }
  writeRing(place, ring, there);
  return imported;
}

/** Takes a key out of a ring of a place. Throws key-unknown, key-elsewhere. */
export async function removeKey(id: string, ring: Ring, place: KeyringPlace): Promise<PgpKey> {
  let removed: PgpKey | undefined;
  await changeRings(place, async () => {
    const there = await readRing(place, ring);
    const found = matching(there, id);
    if (found.length > 1) throw keyAmbiguous(id, await printsOf(found));
    [removed] = found;
    if (removed === undefined) {
      const elsewhere = (await readKeyring(ring)).find(({ key }) => matching([key], id).length > 0);
      if (elsewhere !== undefined) throw keyElsewhere(id, ringFile(elsewhere.place, ring));
      throw keyUnknown(id, ring);
    }
    writeRing(
      place,
      ring,
      there.filter((key) => key !== removed),
    );
  });
  return removed as PgpKey;
}

/** The key that a person names: by its number in the list, its fingerprint, or the last 16 digits or more of that. */
export async function chooseKey(keys: readonly KnownKey[], id: string, ring: Ring): Promise<KnownKey> {
  if (keys.length === 0) throw keyringEmpty(ring);
  if (/^\d{1,4}$/.test(id)) {
    const numbered = keys[Number(id)];
    if (numbered === undefined) throw keyUnknown(id, ring);
    return numbered;
  }
  const found = keys.filter(({ key }) => matching([key], id).length > 0);
  const [first] = found;
  if (first === undefined) throw keyUnknown(id, ring);
  if (found.length > 1) throw keyAmbiguous(id, await printsOf(found.map(({ key }) => key)));
  return first;
}

async function printsOf(keys: readonly PgpKey[]): Promise<string[]> {
  const { fingerprintOf } = await loadSignatures();
  return keys.map(fingerprintOf);
}

/** The public keys of all places, for verification. */
export async function trustOfKeyring(places?: readonly KeyringPlace[]): Promise<Trust> {
  const { fingerprintOf } = await loadSignatures();
  const keys = (await readKeyring("public", places)).map(({ key }) => key);
  return {
    kind: "pgp",
    find: (fingerprint) => keys.find((key) => fingerprintOf(key) === fingerprint),
    knows: (keyId) => keys.some((key) => key.getKeyIDs().some((own) => own.toHex().toUpperCase() === keyId)),
  };
}

/** Fewer digits of a fingerprint can be made to fit. */
function matching(keys: readonly PgpKey[], id: string): PgpKey[] {
  const wanted = id.replace(/^0x/i, "").replace(/\s+/g, "").toUpperCase();
  if (!/^[0-9A-F]{16,64}$/.test(wanted)) return [];
  return keys.filter((key) => key.getFingerprint().toUpperCase().endsWith(wanted));
}

function isSame(one: PgpKey, other: PgpKey): boolean {
  return one.getFingerprint() === other.getFingerprint();
}

function writeRing(place: KeyringPlace, ring: Ring, keys: readonly PgpKey[]): void {
  const path = ringFile(place, ring);
  try {
    writeDurable(
      path,
      Buffer.concat(keys.map((key) => key.write())),
      place.origin === "machine" ? 0o644 : 0o600,
    );
  } catch (error) {
    throw keyringUnwritable(path, error, isDiskFull(error));
  }
}

/** One process at a time; the rings themselves are replaced whole. */
async function changeRings(place: KeyringPlace, change: () => Promise<void>): Promise<void> {
  const { folder, origin } = place;
  try {
    const mode = origin === "machine" ? 0o755 : 0o700;
    mkdirSync(folder, { recursive: true, mode });
    if ((statSync(folder).mode & 0o777 & ~mode) !== 0) chmodSync(folder, mode);
  } catch (error) {
    throw keyringUnwritable(folder, error, isDiskFull(error));
  }
  using _lock = lockIfPossible(`${folder}/lock`);
  await change();
}

/** Homes on file systems without locks: keys are changed by hand, one command at a time. */
function lockIfPossible(path: string): Lock | undefined {
  try {
    return lockExclusive(path);
  } catch (error) {
    if (isVialError(error) && error.code === "lock-unsupported") return undefined;
    throw isVialError(error) ? error : keyringUnwritable(path, error, isDiskFull(error));
  }
}

export { type KeyringPlace, keyringPlaces, machineKeys, ownKeys, type Ring, ringFile };
