import { TarFault } from "./tar-header.ts";

// The records of a pax extended header (POSIX pax, "LENGTH KEY=VALUE\n"), reduced to what the reader uses.

export interface PaxRecords {
  path?: string;
  linkPath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  userName?: string;
  groupName?: string;
  mtime?: number;
  mtimeNanoseconds?: number;
  deviceMajor?: number;
  deviceMinor?: number;
  xattrs?: Map<string, Buffer>;
  sparseMajor?: number;
  sparseMinor?: number;
  sparseName?: string;
  sparseSize?: number;
  /** offset, length, offset, length ... (pax formats 0.0 and 0.1). */
  sparseMap?: number[];
}

const SPACE = 32;
const EQUALS = 61;
const NEWLINE = 10;

/** Reads the records of `buffer[from..to)` into `records`. A later record of the same key counts. */
export function readPax(buffer: Buffer, from: number, to: number, records: PaxRecords): void {
  for (let at = from; at < to; ) {
    let length = 0;
    let i = at;
    for (; i < to && buffer[i] !== SPACE; i++) {
      const digit = buffer[i]! - 48;
      if (digit < 0 || digit > 9 || i - at > 8) throw new TarFault("a pax record has no length");
      length = length * 10 + digit;
    }
    const end = at + length;
    if (length === 0 || end > to || end <= i + 2 || buffer[end - 1] !== NEWLINE) {
      throw new TarFault("a pax record has a wrong length");
    }
    const equals = buffer.indexOf(EQUALS, i + 1);
    if (equals < 0 || equals >= end) throw new TarFault('a pax record has no "="');
    readRecord(buffer, buffer.toString("latin1", i + 1, equals), equals + 1, end - 1, records);
    at = end;
  }
}

const names: Readonly<Record<string, "path" | "linkPath" | "userName" | "groupName" | "sparseName">> = {
  path: "path",
  linkpath: "linkPath",
  uname: "userName",
  gname: "groupName",
  "GNU.sparse.name": "sparseName",
};

const numbers: Readonly<
  Record<
    string,
    "size" | "uid" | "gid" | "deviceMajor" | "deviceMinor" | "sparseMajor" | "sparseMinor" | "sparseSize"
  >
> = {
  size: "size",
  uid: "uid",
  gid: "gid",
  "SCHILY.devmajor": "deviceMajor",
  "SCHILY.devminor": "deviceMinor",
  "GNU.sparse.major": "sparseMajor",
  "GNU.sparse.minor": "sparseMinor",
  "GNU.sparse.size": "sparseSize",
  "GNU.sparse.realsize": "sparseSize",
};

function readRecord(buffer: Buffer, key: string, from: number, to: number, records: PaxRecords): void {
  // Keys come from strangers: "__proto__" must find nothing.
  const name = Object.hasOwn(names, key) ? names[key] : undefined;
  const number = Object.hasOwn(numbers, key) ? numbers[key] : undefined;
  const text = () => buffer.toString("latin1", from, to);
  if (name !== undefined) set(records, name, nameOf(key, text()));
  else if (number !== undefined) set(records, number, wholeOf(key, text()));
  else if (key === "mtime") readTime(text(), records);
  else if (key === "GNU.sparse.map") records.sparseMap = readMap(text());
  else if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
    records.sparseMap ??= [];
    records.sparseMap.push(wholeOf(key, text()) ?? 0);
  } else readXattr(buffer, key, from, to, records);
}

/** An empty value takes the record of a global header back. */
function set<K extends keyof PaxRecords>(
  records: PaxRecords,
  key: K,
  value: PaxRecords[K] | undefined,
): void {
  if (value === undefined) delete records[key];
  else records[key] = value;
}

function nameOf(key: string, text: string): string | undefined {
  if (text.includes("\0")) throw new TarFault(`the pax record "${key}" holds a NUL byte`);
  return text === "" ? undefined : text;
}

function wholeOf(key: string, text: string): number | undefined {
  if (text === "") return undefined;
  const value = /^[0-9]{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new TarFault(`the pax record "${key}" is not a sensible number`);
  return value;
}

/** Decimal seconds with any number of digits after the point; before 1970 they are negative. */
function readTime(text: string, records: PaxRecords): void {
  if (text === "") {
    delete records.mtime;
    delete records.mtimeNanoseconds;
    return;
  }
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw new TarFault('the pax record "mtime" is not a time');
  const fraction = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  const seconds = Number(match[2]);
  const negative = match[1] === "-";
  // A time is stored as whole seconds rounded down plus nanoseconds, so -1.25 is -2 s + 750,000,000 ns.
  records.mtime = negative ? -seconds - (fraction > 0 ? 1 : 0) : seconds;
  records.mtimeNanoseconds = negative && fraction > 0 ? 1e9 - fraction : fraction;
}

function readMap(text: string): number[] {
  return text === "" ? [] : text.split(",").map((part) => wholeOf("GNU.sparse.map", part) ?? Number.NaN);
}

function readXattr(buffer: Buffer, key: string, from: number, to: number, records: PaxRecords): void {
  const star = key.startsWith("SCHILY.xattr.");
  if (!star && !key.startsWith("LIBARCHIVE.xattr.")) return;
  const name = star ? key.slice(13) : unescapeName(key.slice(17));
  if (name === "" || name.length > 255 || name.includes("\0")) {
    throw new TarFault("an extended attribute has an impossible name");
  }
  records.xattrs ??= new Map();
  // star's form wins when both are there: libarchive writes both for other readers' sake.
  if (!star && records.xattrs.has(name)) return;
  const value = star
    ? Buffer.from(buffer.subarray(from, to))
    : Buffer.from(buffer.toString("latin1", from, to), "base64");
  // Linux' own limit is 65536, and the erofs format holds 65535.
  if (value.length > 65_535) throw new TarFault(`the extended attribute "${name}" is longer than 64 KiB`);
  records.xattrs.set(name, value);
}

function unescapeName(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
