import { type DeviceMount, type MountFlagName, mountFlagNames } from "#host";
import { volumeOptionInvalid } from "./error.ts";

// The options of Docker's driver "local": what mount(8) would be given. Without them a volume is a folder of the store.

/** What is so without a flag. */
const usual = ["rw", "suid", "dev", "exec", "async", "defaults"];
/** How a bind is spelt. */
const binds = ["bind", "rbind"];

/** Undefined for a plain folder. Throws volume-option-invalid, in Docker's words. */
export function parseDevice(options: Readonly<Record<string, string>>): DeviceMount | undefined {
  const unknown = Object.keys(options).find((name) => !["type", "device", "o"].includes(name));
  if (unknown !== undefined) throw volumeOptionInvalid(`invalid option: "${unknown}"`);
  const { type, device, o } = options;
  if (type === undefined && device === undefined && o === undefined) return undefined;
  for (const [name, value] of Object.entries({ device, type }))
    if (value === undefined || value === "") throw volumeOptionInvalid(`missing required option: "${name}"`);
  const words = (o ?? "").split(",").filter((word) => word !== "");
  const isBind = words.some((word) => binds.includes(word));
  if (isBind && !(device ?? "").startsWith("/"))
    throw volumeOptionInvalid(`the device of a bind is an absolute path, and "${device}" is none`);
  for (const word of words)
    if (/^r?(private|shared|slave|unbindable)$|^(remount|move)$/.test(word))
      throw volumeOptionInvalid(`invalid option: "o=${word}": Vial mounts a volume for its containers alone`);
  const rest = words.filter((word) => !isFlag(word) && !usual.includes(word) && !binds.includes(word));
  if (isBind && rest[0] !== undefined)
    throw volumeOptionInvalid(`invalid option: "o=${rest[0]}": a bind takes flags alone`);
  return {
    type: isBind ? "bind" : (type ?? ""),
    device: device ?? "",
    flags: words.filter(isFlag),
    data: rest.join(","),
  };
}

function isFlag(word: string): word is MountFlagName {
  return (mountFlagNames as readonly string[]).includes(word);
}
