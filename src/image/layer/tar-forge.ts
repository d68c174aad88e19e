// For tests: tar archives that no honest tool would write. Every field can be set to anything.

export interface ForgedEntry {
  readonly name: string | Buffer;
  /** The type flag; "0" is a file. */
  readonly type?: string;
  readonly link?: string;
  readonly data?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly prefix?: string;
  /** Records of an extended header before the entry. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  /** Changes the header's bytes before the checksum is made. */
  readonly edit?: (header: Buffer) => void;
}

export function forgeEntry(entry: ForgedEntry): Buffer {
  const data = Buffer.from(entry.data ?? "");
  const header = Buffer.alloc(512);
  const name = typeof entry.name === "string" ? Buffer.from(entry.name) : entry.name;
  name.copy(header, 0, 0, 100);
  header.write(octal(entry.mode ?? 0o644, 7), 100);
  header.write(octal(entry.uid ?? 0, 7), 108);
  header.write(octal(entry.gid ?? 0, 7), 116);
  header.write(octal(data.length, 11), 124);
  header.write(octal(entry.mtime ?? 1_000_000_000, 11), 136);
  header.write(entry.type ?? "0", 156);
  header.write(entry.link ?? "", 157, 100);
  header.write("ustar\x0000", 257, "latin1");
  header.write(octal(entry.major ?? 0, 7), 329);
  header.write(octal(entry.minor ?? 0, 7), 337);
  header.write(entry.prefix ?? "", 345);
  entry.edit?.(header);
  sealHeader(header);
  return Buffer.concat([
    entry.pax === undefined ? Buffer.alloc(0) : forgePax("x", entry.pax),
    header,
    padded(data),
  ]);
}

/** An extended header: "x" for the next entry, "g" for all that follow. */
export function forgePax(type: "x" | "g", records: Readonly<Record<string, string | Buffer>>): Buffer {
  const data = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
  return forgeEntry({ name: "pax", type, data });
}

/** A GNU long name ("L") or long link ("K"). */
export function forgeLong(type: "L" | "K", text: string | Buffer): Buffer {
  const data = Buffer.concat([Buffer.from(text), Buffer.alloc(1)]);
  return forgeEntry({ name: "././@LongLink", type, data });
}

export function forgeArchive(...parts: readonly (Buffer | ForgedEntry)[]): Buffer {
  const blocks = parts.map((part) => (Buffer.isBuffer(part) ? part : forgeEntry(part)));
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function sealHeader(header: Buffer): void {
  header.fill(" ", 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\0 `, 148);
}

function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, "0");
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}
