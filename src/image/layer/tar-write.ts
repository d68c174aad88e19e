import { blockSize } from "./tar-header.ts";
import type { TarType } from "./tar-read.ts";

// A tar writer that gives the same bytes for the same members: ustar, and pax records only where ustar cannot say it
// (long or non-ASCII names, large numbers, parts of a second, extended attributes). Names are binary strings: one
// character per byte, so that names that are not UTF-8 stay as they are.

export interface TarMember {
  readonly type: TarType;
  /** Without a slash at the end, also for a directory. */
  readonly name: string;
  readonly linkName?: string;
  /** Bytes of a file; the caller sends exactly as many, and then padding. */
  readonly size?: number;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly mtimeNanoseconds?: number;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined;
}

const flags: Readonly<Record<TarType, string>> = {
  file: "0",
  "hard-link": "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

const maxOctal = 8 ** 11 - 1;
const maxId = 8 ** 7 - 1;

/** The header of a member, with the pax header before it where one is needed. */
export function tarHeader(member: TarMember): Buffer {
  const name = member.type === "directory" ? `${member.name}/` : member.name;
  const link = member.linkName ?? "";
  const size = member.type === "file" ? (member.size ?? 0) : 0;
  const [uid, gid] = [member.uid ?? 0, member.gid ?? 0];
  const records: (readonly [key: string, value: string | Uint8Array])[] = [];

  const split = splitName(name);
  if (split === undefined) records.push(["path", name]);
  if (!isAscii(link) || link.length > 100) records.push(["linkpath", link]);
  if (size > maxOctal) records.push(["size", String(size)]);
  if (uid > maxId) records.push(["uid", String(uid)]);
  if (gid > maxId) records.push(["gid", String(gid)]);
  const nanoseconds = member.mtimeNanoseconds ?? 0;
  const isOctalTime = member.mtime >= 0 && member.mtime <= maxOctal;
  if (nanoseconds > 0 || !isOctalTime) records.push(["mtime", paxTime(member.mtime, nanoseconds)]);
  for (const [key, value] of member.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);

  const header = block({
    name: split?.name ?? name.slice(0, 100),
    prefix: split?.prefix ?? "",
    link: link.slice(0, 100),
    flag: flags[member.type],
    mode: member.mode & 0o7777,
    uid: uid > maxId ? 0 : uid,
    gid: gid > maxId ? 0 : gid,
    size: size > maxOctal ? 0 : size,
    mtime: isOctalTime ? member.mtime : 0,
    major: member.deviceMajor ?? 0,
    minor: member.deviceMinor ?? 0,
  });
  return records.length === 0 ? header : Buffer.concat([paxHeader(member.name, records), header]);
}

/** Zero bytes that fill the last block of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The two zero blocks that end an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

/** ustar keeps 100 bytes of name and 155 of leading folders. Undefined when the name does not fit, or is not ASCII. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= 100) return { name, prefix: "" };
  if (name.length > 256) return undefined;
  // The slash of a directory at the end belongs to the name.
  const slash = name.indexOf("/", name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function isAscii(text: string): boolean {
  return /^[\x01-\x7f]*$/.test(text);
}

/** Seconds and nanoseconds as one decimal number; of a time before 1970 the nanoseconds count upwards. */
function paxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  const [whole, part] = seconds < 0 ? [seconds + 1, 1_000_000_000 - nanoseconds] : [seconds, nanoseconds];
  const sign = seconds < 0 && whole === 0 ? "-" : "";
  return `${sign}${whole}.${String(part).padStart(9, "0").replace(/0+$/, "")}`;
}

function paxHeader(name: string, records: readonly (readonly [string, string | Uint8Array])[]): Buffer {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const body = Buffer.concat(sorted.map(([key, value]) => paxRecord(key, value)));
  const base = name.slice(name.lastIndexOf("/") + 1);
  const header = block({
    name: `PaxHeaders.0/${base.replace(/[^\x21-\x7e]/g, "_").slice(0, 80)}`,
    prefix: "",
    link: "",
    flag: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    major: 0,
    minor: 0,
  });
  return Buffer.concat([header, body, tarPadding(body.length)]);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const rest = key.length + bytes.length + 3;
  let length = rest + String(rest).length;
  if (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, "latin1"), bytes, Buffer.from("\n")]);
}

interface Fields {
  readonly name: string;
  readonly prefix: string;
  readonly link: string;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

function block(fields: Fields): Buffer {
  // From the pool of small buffers: a large image has a hundred thousand headers.
  const header = Buffer.allocUnsafe(blockSize).fill(0);
  const text = (value: string, at: number) => header.write(value, at, "latin1");
  const octal = (value: number, at: number, digits: number) => {
    let rest = value;
    for (let place = at + digits - 1; place >= at; place--) {
      header[place] = 48 + (rest % 8);
      rest = Math.floor(rest / 8);
    }
  };
  text(fields.name, 0);
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  octal(fields.size, 124, 11);
  octal(fields.mtime, 136, 11);
  text("        ", 148);
  text(fields.flag, 156);
  text(fields.link, 157);
  text("ustar\u000000", 257);
  octal(fields.major, 329, 7);
  octal(fields.minor, 337, 7);
  text(fields.prefix, 345);
  let sum = 0;
  // By index: an iterator over bytes is ten times as slow.
  for (let place = 0; place < blockSize; place++) sum += header[place]!;
  text(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
