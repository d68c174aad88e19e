import { readdirSync, readFileSync, rmSync } from "node:fs";
import { type Place, writeAtomic } from "#host";
import { reasonOf } from "#spec";
import { networkAmbiguous, networkDamaged, networkUnknown } from "./error.ts";
import { defaultName, isNetworkName, recordFile, recordFolder } from "./place.ts";
import type { NetworkRecord } from "./record.ts";

/** Under the lock of the networks. */
export function writeRecord(place: Place, record: NetworkRecord): void {
  writeAtomic(recordFile(place, record.name), JSON.stringify(record), 0o600);
}

export function removeRecord(place: Place, name: string): void {
  rmSync(recordFile(place, name), { force: true });
}

/** Undefined when there is none. Throws network-damaged. */
export function readRecord(place: Place, name: string): NetworkRecord | undefined {
  if (!isNetworkName(name)) return undefined;
  try {
    return JSON.parse(readFileSync(recordFile(place, name), "utf8")) as NetworkRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (error instanceof SyntaxError) throw networkDamaged(name, reasonOf(error));
    throw error;
  }
}

/** The names of the networks that Vial has made, in order. */
export function recordNames(place: Place): readonly string[] {
  try {
    return readdirSync(recordFolder(place))
      .flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -5)] : []))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Every network that Vial has made. */
export function listRecords(place: Place): readonly NetworkRecord[] {
  return recordNames(place).flatMap((name) => readRecord(place, name) ?? []);
}

/** A network by its name, its id, or the beginning of its id. Throws network-unknown, network-ambiguous. */
export function findRecord(place: Place, text: string): NetworkRecord {
  const named = readRecord(place, text);
  if (named !== undefined) return named;
  if (/^[0-9a-f]{1,64}$/.test(text)) {
    const fitting = listRecords(place).filter(({ id }) => id.startsWith(text));
    if (fitting.length > 1)
      throw networkAmbiguous(
        text,
        fitting.map(({ name }) => name),
      );
    if (fitting[0] !== undefined) return fitting[0];
  }
  throw networkUnknown(text, [...new Set([...recordNames(place), defaultName, "host", "none"])]);
}
