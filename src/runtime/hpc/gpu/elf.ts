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
export type ReadAt = (offset: number, length: number) => Uint8Array;

const tag = { strings: 5, stringBytes: 10, defines: 0x6ffffffc, needs: 0x6ffffffe } as const;
const LOAD = 1;
const DYNAMIC = 2;
/** Of a version definition that names the file itself, and of a need that the loader only warns about. */
const VER_FLG_BASE = 1;
const VER_FLG_WEAK = 2;

const mostHeaders = 1024;
const mostEntries = 4096;
const longestName = 256;
const pageBytes = 8192;
const mostPages = 512;

/** What is wrong with a file; only readElf() sees it. */
class Odd extends Error {}

/** Reads a program or shared library of a little-endian machine. Undefined when it is none, or not whole. */
export function readElf(readAt: ReadAt): ElfObject | undefined {
  try {
    return parse(new Pages(readAt));
  } catch (error) {
    if (error instanceof Odd) return undefined;
    throw error;
  }
}

/** The places of a file, read in pages and kept: the lists lie close together. */
class Pages {
  readonly #readAt: ReadAt;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(readAt: ReadAt) {
    this.#readAt = readAt;
  }

  bytes(offset: number, length: number): DataView {
    if (!Number.isSafeInteger(offset + length) || offset < 0 || length > pageBytes) throw new Odd();
    const result = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const number = Math.floor((offset + done) / pageBytes);
      const start = offset + done - number * pageBytes;
      const part = this.#page(number).subarray(start, start + length - done);
      if (part.length === 0) throw new Odd();
      result.set(part, done);
      done += part.length;
    }
    return new DataView(result.buffer);
  }

  text(offset: number, end: number): string {
    if (offset >= end) throw new Odd();
    let text = "";
    for (let at = offset; at < end; at++) {
      const byte = this.bytes(at, 1).getUint8(0);
      if (byte === 0) return text;
      // Names of versions and of libraries are words of ASCII; they are shown to the person.
      if (byte <= 0x20 || byte > 0x7e || text.length === longestName) throw new Odd();
      text += String.fromCharCode(byte);
    }
    throw new Odd();
  }

  #page(number: number): Uint8Array {
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

function parse(file: Pages): ElfObject {
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
  const place = (name: keyof typeof tag): number | undefined => {
    const address = entries.get(tag[name]);
    return address === undefined ? undefined : offsetOf(segments, address);
  };
  const strings = place("strings") ?? 0;
  const end = strings + (entries.get(tag.stringBytes) ?? 0);
  const name = (offset: number) => file.text(strings + offset, end);
  const [needs, defines] = [place("needs"), place("defines")];
  return {
    bits,
    machine,
    needs: needs === undefined ? [] : readNeeds(file, needs, name),
    defines: defines === undefined ? [] : readDefines(file, defines, name),
  };
}

function readSegments(file: Pages, bits: 32 | 64): readonly Segment[] {
  const header = file.bytes(0, bits === 64 ? 64 : 52);
  const [start, bytes, count] =
    bits === 64
      ? [whole(header, 32), header.getUint16(54, true), header.getUint16(56, true)]
      : [header.getUint32(28, true), header.getUint16(42, true), header.getUint16(44, true)];
  if (bytes !== (bits === 64 ? 56 : 32) || count > mostHeaders) throw new Odd();
  return Array.from({ length: count }, (_, index) => {
    const view = file.bytes(start + index * bytes, bytes);
    const type = view.getUint32(0, true);
    return bits === 64
      ? { type, offset: whole(view, 8), address: whole(view, 16), size: whole(view, 32) }
      : {
          type,
          offset: view.getUint32(4, true),
          address: view.getUint32(8, true),
          size: view.getUint32(16, true),
        };
  });
}

function readDynamic(file: Pages, { offset, size }: Segment, bits: 32 | 64): ReadonlyMap<number, number> {
  const bytes = bits === 64 ? 16 : 8;
  const entries = new Map<number, number>();
  for (let index = 0; (index + 1) * bytes <= size; index++) {
    if (index === mostEntries) throw new Odd();
    const view = file.bytes(offset + index * bytes, bytes);
    const name = bits === 64 ? Number(view.getBigUint64(0, true)) : view.getUint32(0, true);
    if (name === 0) break;
    // The values of other entries may be anything.
    if (Object.values(tag).some((known) => known === name))
      entries.set(name, bits === 64 ? whole(view, 8) : view.getUint32(4, true));
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
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Odd();
  return Number(value);
}
