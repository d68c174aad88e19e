import type { Engine } from "../engine-handle.ts";
import { recordVolumeEvent } from "../events.ts";
import { volumeDiffers, volumeDriverUnknown, volumeNameInvalid } from "./error.ts";
import { parseDevice } from "./options.ts";
import { anonymousLabels, claimVolume, findVolume, isVolumeName, readVolume, type Volume } from "./record.ts";

/** What a door may wish of a new volume. */
export interface VolumeWish {
  /** Undefined or empty: an anonymous one, with 64 random hexadecimal digits for a name. */
  readonly name?: string | undefined;
  readonly driver?: string | undefined;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Makes a volume, or gives the one of that name when it was made with the same driver and options; as one of many
 * processes. Throws volume-name-invalid, volume-driver-unknown, volume-option-invalid, volume-differs.
 */
export function createVolume(engine: Engine, wish: VolumeWish): Volume {
  const { volume, isNew } = claimOrFind(engine, wish);
  if (!isNew) refuseOther(volume, wish.options ?? {});
  return volume;
}

/** createVolume() for a mount, to which any volume of that name will do unless it has options of its own. */
export function ensureVolume(engine: Engine, wish: VolumeWish): Volume {
  const { volume, isNew } = claimOrFind(engine, wish);
  const options = wish.options ?? {};
  if (!isNew && Object.keys(options).length > 0) refuseOther(volume, options);
  return volume;
}

function claimOrFind(engine: Engine, wish: VolumeWish): { readonly volume: Volume; readonly isNew: boolean } {
  const { driver = "", options = {}, labels = {} } = wish;
  const isNamed = wish.name !== undefined && wish.name !== "";
  const name = isNamed ? wish.name : randomVolumeName();
  if (!isVolumeName(name)) throw volumeNameInvalid(name);
  if (driver !== "" && driver !== "local") throw volumeDriverUnknown(driver);
  parseDevice(options);
  const known = readVolume(engine, name);
  if (known !== undefined) return { volume: known, isNew: false };
  const volume: Volume = {
    name,
    driver: "local",
    created: new Date().toISOString(),
    labels: isNamed ? labels : { ...labels, ...anonymousLabels() },
    options,
  };
  if (!claimVolume(engine, volume)) return { volume: findVolume(engine, name), isNew: false };
  recordVolumeEvent(engine, name, "create");
  return { volume, isNew: true };
}

function randomVolumeName(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}

function refuseOther(volume: Volume, wanted: Readonly<Record<string, string>>): void {
  const [found, other] = [printOptions(volume.options), printOptions(wanted)];
  if (found !== other) throw volumeDiffers(volume.name, "set of options", found, other);
}

function printOptions(options: Readonly<Record<string, string>>): string {
  const list = Object.entries(options)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return list.length === 0 ? "no options" : list.join(" ");
}
