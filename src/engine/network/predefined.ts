import { defaultName, readRecord } from "#network";
import type { Engine } from "../engine-handle.ts";

/** The networks that are no networks, with Docker's name for their driver. */
export const withoutRecord = { host: "host", none: "null" } as const;

export function isWithoutRecord(name: string): name is keyof typeof withoutRecord {
  return Object.hasOwn(withoutRecord, name);
}

export function isPredefined(name: string): boolean {
  // "default" is how Docker's clients call the network of a container that asks for none.
  return name === defaultName || name === "default" || isWithoutRecord(name);
}

/**
 * The id of a network, or nothing when there is none of that name. Of a predefined one that is nowhere on record it is the same
 * each time.
 */
export function networkId(engine: Engine, name: string): string {
  const record = isWithoutRecord(name) ? undefined : readRecord(engine.place, name);
  if (record !== undefined) return record.id;
  if (!isPredefined(name)) return "";
  return new Bun.CryptoHasher("sha256").update(`${engine.place.root}/${name}`).digest("hex");
}
