import { defaultName, readRecord } from "#network";
import type { Engine } from "../engine-handle.ts";

/** The networks that are no networks, with Docker's name for their driver. */
export const withoutRecord = { host: "host", none: "null" } as const;

export function isWithoutRecord(name: string): name is keyof typeof withoutRecord {
  return Object.hasOwn(withoutRecord, name);
}

export function isPredefined(name: string): boolean {
  return name === defaultName || isWithoutRecord(name);
}

/** The id of a network: of `host` and `none` one that is the same each time, for they are nowhere on record. */
export function networkId(engine: Engine, name: string): string {
  if (isWithoutRecord(name))
    return new Bun.CryptoHasher("sha256").update(`${engine.place.root}/${name}`).digest("hex");
  return readRecord(engine.place, name)?.id ?? "";
}
