import { tarInvalid } from "../error.ts";
import { blockSize, checkSum, isZeroBlock, readName, readNumber, readText, TarFault } from "./tar-header.ts";
import { type PaxRecords, readPax } from "./tar-pax.ts";

// A streaming tar reader: bytes are pushed in, entries come out. It holds one header and never a file.
// Formats: v7, ustar, pax (with global headers), GNU long names, base 256 numbers, sparse files in all GNU forms,
// extended attributes as star and libarchive write them.

export type TarType =
  | "file"
  | "directory"
  | "symlink"
  | "hard-link"
  | "character-device"
  | "block-device"
  | "fifo";

/** One member of an archive. Names are binary strings: one character per byte, whatever the encoding. */
export interface TarEntry {
  readonly type: TarType;
  readonly name: string;
  /** The target of a symlink or hard link, else "". */
  readonly linkName: string;
  /** Length of the file in bytes, holes included; 0 for all that is not a file. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Seconds since 1970, rounded down. */
  readonly mtime: number;
  readonly mtimeNanoseconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
  /** The regions that hold data (offset, length, offset, length ...), ascending; undefined for a file without holes. */
  readonly sparse: readonly number[] | undefined;
}

export interface TarHandler {
  entry(entry: TarEntry): void;
  /** Bytes of the entry at `offset` in the file. They belong to the reader again when the call returns. */
  data(bytes: Buffer, offset: number): void;
  /** The entry is complete. Called once per entry, also without data. */
  end(): void;
}

export interface TarOptions {
  /** What is being read, for the error: `the layer "sha256:..."`. */
  readonly subject: string;
  /** Makes the error for a fault; the default is tar-invalid with the subject. */
  readonly refuse?: (reason: string) => Error;
  /**
   * An archive without its two closing blocks may have been cut between two entries, and is refused.
   * `accept` is for those who compare the digest of the whole stream.
   */
  readonly missingEnd?: "refuse" | "accept";
}

const maxHeader = 1 << 20;
const maxPath = 4095;
const maxId = 4_294_967_294;

const types: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hard-link",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  D: "directory",
  "6": "fifo",
};

const State = { header: 0, extension: 1, oldSparse: 2, sparseMap: 3, data: 4, skip: 5, done: 6 } as const;

/** Throws (by default the VialError tar-invalid) at the first fault; after that it must not be used again. */
export class TarReader {
  readonly #handler: TarHandler;
  readonly #options: TarOptions;
  readonly #refuse: (reason: string) => Error;
  #state: number = State.header;
  /** A block that came in parts. */
  readonly #block = Buffer.alloc(blockSize);
  #blockLength = 0;
  #zeroBlocks = 0;

  #extension = Buffer.alloc(0);
  #extensionType = "";
  #extensionLength = 0;
  #global: PaxRecords = {};
  #local: PaxRecords | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

  #entry: TarEntry | undefined;
  /** Bytes of the current member that are still to come in the archive, and the padding behind them. */
  #left = 0;
  #padding = 0;
  #offset = 0;
  #sparse: number[] | undefined;
  #region = 0;
  #mapText = "";

  constructor(handler: TarHandler, options: TarOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#refuse = options.refuse ?? ((reason) => tarInvalid(options.subject, reason));
  }

  /** True when the closing blocks were seen; what follows is ignored. */
  get ended(): boolean {
    return this.#state === State.done;
  }

  push(bytes: Uint8Array): void {
    const chunk = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      this.#push(chunk);
    } catch (error) {
      throw error instanceof TarFault ? this.#refuse(error.message) : error;
    }
  }

  /** Call after the last byte: refuses an archive that was cut. */
  finish(): void {
    if (this.#state === State.done) return;
    const between = this.#state === State.header && this.#blockLength === 0 && !this.#isPending();
    if (between && this.#options.missingEnd === "accept") return;
    throw this.#refuse("the archive ends too early");
  }

  #isPending(): boolean {
    return this.#local !== undefined || this.#longName !== undefined || this.#longLink !== undefined;
  }

  #push(chunk: Buffer): void {
    const length = chunk.length;
    for (let at = 0; at < length; ) {
      switch (this.#state) {
        case State.data:
          at = this.#readData(chunk, at);
          break;
        case State.skip: {
          const count = Math.min(this.#left, length - at);
          this.#left -= count;
          at += count;
          if (this.#left === 0) this.#state = State.header;
          break;
        }
        case State.extension:
          at = this.#readExtension(chunk, at);
          break;
        case State.done:
          return;
        default:
          if (this.#blockLength === 0 && length - at >= blockSize) {
            this.#readBlock(chunk, at);
            at += blockSize;
            break;
          }
          at += this.#gather(chunk, at);
      }
    }
  }

  #gather(chunk: Buffer, at: number): number {
    const count = Math.min(blockSize - this.#blockLength, chunk.length - at);
    chunk.copy(this.#block, this.#blockLength, at, at + count);
    this.#blockLength += count;
    if (this.#blockLength === blockSize) {
      this.#blockLength = 0;
      this.#readBlock(this.#block, 0);
    }
    return count;
  }

  #readBlock(buffer: Buffer, at: number): void {
    if (this.#state === State.oldSparse) this.#readOldSparse(buffer, at);
    else if (this.#state === State.sparseMap) this.#readSparseMap(buffer, at);
    else this.#readHeader(buffer, at);
  }

  #readHeader(buffer: Buffer, at: number): void {
    if (buffer[at] === 0 && isZeroBlock(buffer, at)) {
      if (this.#isPending()) throw new TarFault("the archive ends after an extended header");
      if (++this.#zeroBlocks === 2) this.#state = State.done;
      return;
    }
    if (this.#zeroBlocks > 0) throw new TarFault("bytes follow a lone closing block");
    checkSum(buffer, at);
    const size = readNumber(buffer, at + 124, 12, "size");
    if (size < 0) throw new TarFault("the size of an entry is negative");
    const flag = String.fromCharCode(buffer[at + 156]!);
    const type = Object.hasOwn(types, flag) ? types[flag] : undefined;
    if (type !== undefined) this.#beginEntry(buffer, at, flag, type, size);
    else if ("xgXLK".includes(flag)) this.#beginExtension(flag, size);
    else this.#skipMember(flag, size);
  }

  #skipMember(flag: string, size: number): void {
    // A volume label and a Solaris ACL belong to no file system tree.
    if (flag !== "V" && flag !== "A")
      throw new TarFault(`an entry has the unknown type ${JSON.stringify(flag)}`);
    this.#clearPending();
    this.#left = padded(size);
    this.#state = this.#left > 0 ? State.skip : State.header;
  }

  #beginExtension(flag: string, size: number): void {
    if (size > maxHeader)
      throw new TarFault(`an extended header is ${size} bytes long, at most ${maxHeader} are taken`);
    this.#extensionType = flag;
    this.#extension = Buffer.allocUnsafe(size);
    this.#extensionLength = 0;
    this.#left = padded(size);
    this.#state = State.extension;
    if (size === 0) this.#endExtension();
  }

  #readExtension(chunk: Buffer, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    const wanted = Math.min(count, this.#extension.length - this.#extensionLength);
    chunk.copy(this.#extension, this.#extensionLength, at, at + wanted);
    this.#extensionLength += wanted;
    this.#left -= count;
    if (this.#left === 0) this.#endExtension();
    return at + count;
  }

  #endExtension(): void {
    const bytes = this.#extension;
    this.#state = State.header;
    switch (this.#extensionType) {
      case "L":
        this.#longName = longText(bytes);
        break;
      case "K":
        this.#longLink = longText(bytes);
        break;
      case "g":
        readPax(bytes, 0, bytes.length, this.#global);
        for (const key of ["path", "linkPath", "size", "sparseMap", "sparseName", "sparseMajor"] as const) {
          if (this.#global[key] === undefined) continue;
          throw new TarFault("a global header gives all entries the same path, link or size");
        }
        if ((this.#global.xattrs?.size ?? 0) > 256)
          throw new TarFault("a global header has too many attributes");
        break;
      default:
        this.#local ??= this.#inherited();
        readPax(bytes, 0, bytes.length, this.#local);
    }
  }

  #inherited(): PaxRecords {
    const { xattrs } = this.#global;
    return xattrs === undefined ? { ...this.#global } : { ...this.#global, xattrs: new Map(xattrs) };
  }

  #beginEntry(buffer: Buffer, at: number, flag: string, declared: TarType, headerSize: number): void {
    const pax = this.#local ?? this.#global;
    let name = pax.path ?? this.#longName ?? readName(buffer, at);
    // v7 had no type for folders: a name that ends in a slash was one.
    const type = flag === "\0" && name.endsWith("/") ? "directory" : declared;
    const stored = type === "file" ? (pax.size ?? headerSize) : 0;
    let size = stored;
    this.#sparse = undefined;
    let next: number = State.data;
    if (flag === "S") {
      size = readNumber(buffer, at + 483, 12, "real size");
      this.#sparse = [];
      readSparsePairs(buffer, at + 386, 4, this.#sparse);
      if (buffer[at + 482] === 1) next = State.oldSparse;
    } else if (type === "file" && (pax.sparseMajor !== undefined || pax.sparseMap !== undefined)) {
      size = pax.sparseSize ?? -1;
      name = pax.sparseName ?? name;
      this.#sparse = pax.sparseMap ?? [];
      if (pax.sparseMajor === 1 && pax.sparseMinor === 0) next = State.sparseMap;
      else if ((pax.sparseMajor ?? 0) !== 0) throw new TarFault("a sparse file has an unknown format");
    }
    const entry: TarEntry = {
      type,
      name: checkedPath(name),
      linkName: checkedPath(
        type === "symlink" || type === "hard-link"
          ? (pax.linkPath ?? this.#longLink ?? readText(buffer, at + 157, 100))
          : "",
      ),
      size: checkedSize(size),
      mode: readNumber(buffer, at + 100, 8, "mode") & 0o7777,
      uid: checkedId(pax.uid ?? readNumber(buffer, at + 108, 8, "owner")),
      gid: checkedId(pax.gid ?? readNumber(buffer, at + 116, 8, "group")),
      userName: pax.userName ?? readText(buffer, at + 265, 32),
      groupName: pax.groupName ?? readText(buffer, at + 297, 32),
      mtime: pax.mtime ?? readNumber(buffer, at + 136, 12, "time"),
      mtimeNanoseconds: pax.mtimeNanoseconds ?? 0,
      deviceMajor: isDevice(type) ? (pax.deviceMajor ?? readNumber(buffer, at + 329, 8, "device")) : 0,
      deviceMinor: isDevice(type) ? (pax.deviceMinor ?? readNumber(buffer, at + 337, 8, "device")) : 0,
      xattrs: pax.xattrs,
      sparse: this.#sparse,
    };
    this.#clearPending();
    this.#left = stored;
    this.#padding = padded(stored) - stored;
    this.#entry = entry;
    this.#mapText = "";
    if (next === State.data) this.#beginData();
    else this.#state = next;
  }

  #clearPending(): void {
    this.#local = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
  }

  #readOldSparse(buffer: Buffer, at: number): void {
    const map = this.#sparse!;
    readSparsePairs(buffer, at, 21, map);
    if (map.length * 8 > maxHeader) throw new TarFault("a sparse file has too many regions");
    if (buffer[at + 504] !== 1) this.#beginData();
  }

  /** The map of pax format 1.0: decimal lines before the data, filled up to a whole block. */
  #readSparseMap(buffer: Buffer, at: number): void {
    this.#mapText += buffer.toString("latin1", at, at + blockSize);
    this.#left -= blockSize;
    if (this.#left < 0) throw new TarFault("the map of a sparse file is longer than the file");
    if (this.#mapText.length > maxHeader) throw new TarFault("a sparse file has too many regions");
    const lines = this.#mapText.split("\n");
    const count = Number(lines[0]);
    if (!/^[0-9]{1,7}$/.test(lines[0]!)) throw new TarFault("the map of a sparse file is damaged");
    if (lines.length - 2 < count * 2) return;
    const map = this.#sparse!;
    for (const line of lines.slice(1, 1 + count * 2)) {
      if (!/^[0-9]{1,20}$/.test(line)) throw new TarFault("the map of a sparse file is damaged");
      map.push(Number(line));
    }
    this.#mapText = "";
    this.#beginData();
  }

  #beginData(): void {
    const entry = this.#entry!;
    this.#offset = 0;
    this.#region = 0;
    if (this.#sparse !== undefined) checkSparse(this.#sparse, entry.size, this.#left);
    this.#handler.entry(entry);
    this.#state = State.data;
    if (this.#left === 0) this.#endData();
  }

  #readData(chunk: Buffer, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    if (this.#sparse === undefined) {
      this.#handler.data(
        at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count),
        this.#offset,
      );
      this.#offset += count;
    } else {
      this.#readRegions(this.#sparse, chunk, at, count);
    }
    this.#left -= count;
    if (this.#left === 0) this.#endData();
    return at + count;
  }

  /** `#offset` counts within the current region. */
  #readRegions(map: readonly number[], chunk: Buffer, from: number, count: number): void {
    for (let at = from; at < from + count; ) {
      while (this.#offset === map[this.#region + 1]!) {
        this.#region += 2;
        this.#offset = 0;
      }
      const length = Math.min(map[this.#region + 1]! - this.#offset, from + count - at);
      this.#handler.data(chunk.subarray(at, at + length), map[this.#region]! + this.#offset);
      this.#offset += length;
      at += length;
    }
  }

  #endData(): void {
    this.#handler.end();
    this.#entry = undefined;
    this.#left = this.#padding;
    this.#state = this.#left > 0 ? State.skip : State.header;
  }
}

function padded(size: number): number {
  const size512 = Math.ceil(size / blockSize) * blockSize;
  if (!Number.isSafeInteger(size512)) throw new TarFault("the size of an entry is beyond all limits");
  return size512;
}

function isDevice(type: TarType): boolean {
  return type === "character-device" || type === "block-device";
}

function longText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  if (end < 0) return bytes.toString("latin1");
  for (let i = end; i < bytes.length; i++)
    if (bytes[i] !== 0) throw new TarFault("a long name holds a NUL byte");
  return bytes.toString("latin1", 0, end);
}

function checkedPath(path: string): string {
  if (path.length > maxPath)
    throw new TarFault(`a path is ${path.length} bytes long, at most ${maxPath} are taken`);
  return path;
}

function checkedSize(size: number): number {
  if (size < 0) throw new TarFault("the size of an entry is negative or missing");
  return size;
}

/** -1 means "no change" to chown(2), so it must never get there. */
function checkedId(id: number): number {
  if (id < 0 || id > maxId) throw new TarFault(`an owner or group is ${id}, wanted 0 to ${maxId}`);
  return id;
}

function readSparsePairs(buffer: Buffer, from: number, count: number, map: number[]): void {
  for (let at = from; at < from + count * 24; at += 24) {
    if (buffer[at + 12] === 0) return;
    map.push(readNumber(buffer, at, 12, "sparse offset"), readNumber(buffer, at + 12, 12, "sparse length"));
  }
}

/** Regions must ascend, lie inside the file, and hold exactly the stored bytes: else data could land anywhere. */
function checkSparse(map: readonly number[], size: number, stored: number): void {
  if (map.length % 2 !== 0) throw new TarFault("the map of a sparse file is damaged");
  let end = 0;
  let sum = 0;
  for (let i = 0; i < map.length; i += 2) {
    const [offset, length] = [map[i]!, map[i + 1]!];
    if (!(offset >= end && length >= 0 && offset + length <= size)) {
      throw new TarFault("the map of a sparse file has regions that overlap or leave the file");
    }
    end = offset + length;
    sum += length;
  }
  if (sum !== stored) throw new TarFault(`a sparse file has ${stored} bytes, and its map says ${sum}`);
}
