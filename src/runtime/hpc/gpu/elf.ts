// A reader of ELF files that takes only what the loader of glibc compares before it loads one: for which machine it is, and
// which versions of symbols it needs and defines. By the program headers and the dynamic section, as the loader does, for a
// stripped file has no others. The file is a stranger's: every place in it is looked at before it is believed, every list
// has an end, and nothing is read but the pages that are asked for.
// Sources: elf(5); the System V ABI, "Dynamic Section"; the LSB Core, "Symbol Versioning".

export interface ElfObject {
  readonly bits: 32 | 64;
  /** e_machine: 62 is x86-64, 183 is AArch64, 3 is i386. */
  readonly machine: number;
  /** Versions without which the loader refuses it (DT_VERNEED): of which file, and their names. */
  readonly needs: readonly { readonly file: string; readonly versions: readonly string[] }[];
  /** Versions that it defines itself (DT_VERDEF), such as GLIBC_2.36. */
  readonly defines: readonly string[];
}

/** Gives up to `length` bytes from `offset` of the file on; less at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

const tag = { strings: 5, stringBytes: 10, defines: 0x6ffffffc, needs: 0x6ffffffe } as const;
const wanted: ReadonlySet<number> = new Set(Object.values(tag));
const LOAD = 1;
const DYNAMIC = 2;
/** Of a version definition that names the file itself, and of a need that the loader only warns about. */
const VER_FLG_BASE = 1;
const VER_FLG_WEAK = 2;

const mostHeaders = 128;
const mostEntries = 4096;
const longestName = 256;
const pageBytes = 8192;
const mostPages = 512;

/** What is wrong with a file; only readElf() sees it. */
class Odd extends Error {}

/**
 * Reads a program or shared library of a little-endian machine: one of its two lists, the other one stays empty. Undefined
 * when it is none, or not whole.
 */
export function readElf(readAt: ReadAt, list: "needs" | "defines"): ElfObject | undefined {
  try {
    return parse(new Pages(readAt), list);
  } catch (error) {
    if (error instanceof Odd) return undefined;
    throw error;
  }
}

/** The places of a file, read in pages and kept: the lists lie close together. */
class Pages {
  readonly #readAt: ReadAt;
  readonly #pages = new Map<number, Buffer>();

  constructor(readAt: ReadAt) {
    this.#readAt = readAt;
  }

  bytes(offset: number, length: number): DataView {
    if (!Number.isSafeInteger(offset + length) || offset < 0 || length > pageBytes) throw new Odd();
    const number = Math.floor(offset / pageBytes);
    const start = offset - number * pageBytes;
    const page = this.#page(number);
    if (start + length <= page.length) return new DataView(page.buffer, page.byteOffset + start, length);
    // Over the end of a page, or of the file.
    const both = Buffer.concat([page.subarray(start), this.#page(number + 1)]);
    if (length > both.length) throw new Odd();
    return new DataView(both.buffer, both.byteOffset, length);
  }

  /** A name that ends with a zero byte, before `end`. */
  text(offset: number, end: number): string {
    const room = Math.min(longestName + 1, end - offset);
    if (!Number.isSafeInteger(offset) || offset < 0 || room <= 0) throw new Odd();
    const number = Math.floor(offset / pageBytes);
    const start = offset - number * pageBytes;
    const page = this.#page(number);
    const bytes =
      start + room <= page.length
        ? page.subarray(start, start + room)
        : Buffer.concat([page.subarray(start), this.#page(number + 1)]).subarray(0, room);
    const length = bytes.indexOf(0);
    const text = length < 0 ? "" : bytes.toString("latin1", 0, length);
    // Names of versions and of libraries are words of ASCII; they are shown to the person.
    if (length < 0 || !/^[!-~]*$/.test(text)) throw new Odd();
    return text;
  }

  #page(number: number): Buffer {
    const known = this.#pages.get(number);
    if (known !== undefined) return known;
    if (this.#pages.size === mostPages) throw new Odd();
    const page = this.#readAt(number * pageBytes, pageBytes);
    this.#pages.set(number, page);
    return page;
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function parse(file: Pages, list: "needs" | "defines"): ElfObject {
  const ident = file.bytes(0, 20);
  const isElf = ident.getUint32(0) === 0x7f454c46 && ident.getUint8(5) === 1;
  const size = ident.getUint8(4);
  if (!isElf || (size !== 1 && size !== 2)) throw new Odd();
  const bits = size === 1 ? 32 : 64;
  const machine = ident.getUint16(18, true);
  const segments = readSegments(file, bits);
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  // A static program needs nothing.
  if (dynamic === undefined) return { bits, machine, needs: [], defines: [] };
  const entries = readDynamic(file, dynamic, bits);
  const [listAt, stringsAt] = [entries.get(tag[list]), entries.get(tag.strings)];
  if (listAt === undefined || stringsAt === undefined) return { bits, machine, needs: [], defines: [] };
  const [at, strings] = [offsetOf(segments, listAt), offsetOf(segments, stringsAt)];
  const end = strings + (entries.get(tag.stringBytes) ?? 0);
  const name = (offset: number) => file.text(strings + offset, end);
  return {
    bits,
    machine,
    needs: list === "needs" ? readNeeds(file, at, name) : [],
    defines: list === "defines" ? readDefines(file, at, name) : [],
  };
}

function readSegments(file: Pages, bits: 32 | 64): readonly Segment[] {
  const header = file.bytes(0, bits === 64 ? 64 : 52);
  const [start, bytes, count] =
    bits === 64
      ? [whole(header, 32), header.getUint16(54, true), header.getUint16(56, true)]
      : [header.getUint32(28, true), header.getUint16(42, true), header.getUint16(44, true)];
  if (bytes !== (bits === 64 ? 56 : 32) || count > mostHeaders) throw new Odd();
  const table = file.bytes(start, count * bytes);
  const segments: Segment[] = [];
  for (let at = 0; at < table.byteLength; at += bytes) {
    const type = table.getUint32(at, true);
    if (type !== LOAD && type !== DYNAMIC) continue;
    segments.push(
      bits === 64
        ? { type, offset: whole(table, at + 8), address: whole(table, at + 16), size: whole(table, at + 32) }
        : {
            type,
            offset: table.getUint32(at + 4, true),
            address: table.getUint32(at + 8, true),
            size: table.getUint32(at + 16, true),
          },
    );
  }
  return segments;
}

function readDynamic(file: Pages, { offset, size }: Segment, bits: 32 | 64): ReadonlyMap<number, number> {
  const bytes = bits === 64 ? 16 : 8;
  const table = file.bytes(offset, size - (size % bytes));
  const entries = new Map<number, number>();
  for (let at = 0; at < table.byteLength; at += bytes) {
    // All names that are asked for fit into 32 bits, and those beyond are none of them.
    const name = table.getUint32(at, true);
    if (name === 0) break;
    // The values of other entries may be anything.
    if (!wanted.has(name) || (bits === 64 && table.getUint32(at + 4, true) !== 0)) continue;
    entries.set(name, bits === 64 ? whole(table, at + 8) : table.getUint32(at + 4, true));
  }
  return entries;
}

/** Where in the file lies what the loader would find at an address. */
function offsetOf(segments: readonly Segment[], address: number): number {
  const home = segments.find(
    (segment) =>
      segment.type === LOAD && address >= segment.address && address < segment.address + segment.size,
  );
  if (home === undefined) throw new Odd();
  return address - home.address + home.offset;
}

/** Verneed: version, count, file, aux, next. Vernaux: hash, flags, other, name, next. Steps count from where they stand. */
function readNeeds(file: Pages, start: number, name: (offset: number) => string): ElfObject["needs"] {
  const needs: { file: string; versions: string[] }[] = [];
  let left = mostEntries;
  walk(start, (at) => {
    const entry = file.bytes(at, 16);
    const versions: string[] = [];
    if (entry.getUint16(2, true) > 0)
      walk(at + entry.getUint32(8, true), (place) => {
        if (left-- === 0) throw new Odd();
        const need = file.bytes(place, 16);
        if ((need.getUint16(4, true) & VER_FLG_WEAK) === 0) versions.push(name(need.getUint32(8, true)));
        return need.getUint32(12, true);
      });
    needs.push({ file: name(entry.getUint32(4, true)), versions });
    return entry.getUint32(12, true);
  });
  return needs;
}

/** Verdef: version, flags, index, count, hash, aux, next. The first Verdaux (name, next) is its name, others its parents. */
function readDefines(file: Pages, start: number, name: (offset: number) => string): readonly string[] {
  const defines: string[] = [];
  walk(start, (at) => {
    const entry = file.bytes(at, 20);
    if ((entry.getUint16(2, true) & VER_FLG_BASE) === 0)
      defines.push(name(file.bytes(at + entry.getUint32(12, true), 8).getUint32(0, true)));
    return entry.getUint32(16, true);
  });
  return defines;
}

/** Follows a list whose entries say how far the next one is; 0 ends it. It goes forwards alone, so it has an end. */
function walk(start: number, visit: (offset: number) => number): void {
  let at = start;
  for (let count = 0; ; count++) {
    if (count === mostEntries) throw new Odd();
    const step = visit(at);
    if (step === 0) return;
    at += step;
  }
}

function whole(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw new Odd();
  return value;
}
