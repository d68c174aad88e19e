import { durationInvalid, sizeInvalid } from "./error-list.ts";

const powers = "bkmgtp";

/** Parses `512m`, `1.5GiB`, `1073741824` into bytes; units are powers of 1024 (docker/go-units RAMInBytes). */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text.trim());
  if (match === null) throw sizeInvalid(text);
  return Math.floor(Number(match[1]) * 1024 ** powers.indexOf((match[2] ?? "b").toLowerCase()));
}

/** Bytes for people, powers of 1000, three digits: `74.8MB` (docker/go-units HumanSizeWithPrecision). */
export function printSize(bytes: number): string {
  return printUnits(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 3);
}

/** Bytes for people, powers of 1024, four digits: `1.944GiB` (docker/go-units BytesSize). */
export function printBinarySize(bytes: number): string {
  return printUnits(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 4);
}

function printUnits(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Parses Go's duration syntax (`1m30s`) into nanoseconds. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[+-]/, "");
  let total = 0;
  let rest = body;
  while (rest !== "") {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (match === null) throw durationInvalid(text);
    total += Number(match[1]) * (nanoseconds[match[2] ?? ""] ?? 0);
    rest = rest.slice(match[0].length);
  }
  if (body === "") throw durationInvalid(text);
  return sign * Math.round(total);
}

/** `Less than a second`, `5 minutes`, `About an hour` (docker/go-units HumanDuration). Milliseconds in. */
export function printHumanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
