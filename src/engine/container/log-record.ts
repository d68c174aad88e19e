import { fstatSync, readSync } from "node:fs";

// conmon's log: a record per line of output, `TIME STREAM TAG TEXT`; the tag P says that the line goes on in the stream's
// next record (conmon, k8s-file; the format of Kubernetes' container runtime interface):
//
//     2026-11-23T20:16:16.710572929+00:00 stdout F text

export interface LogSlice {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
}

export interface LogFilter {
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly timestamps: boolean;
  /** Docker's attributes of a line, of which there are none: a blank. */
  readonly details?: boolean;
}

const newline = 10;
const blank = 32;
const fullTag = 70;
const partialTag = 80;
const outSize = 128 * 1024;
/** conmon cuts lines at 8 KiB; a "record" beyond this is no record, and is not kept in memory. */
const maxRecord = 1024 * 1024;

interface LogRecord {
  readonly stream: "stdout" | "stderr";
  readonly timeEnd: number;
  readonly textStart: number;
  readonly full: boolean;
}

/** The record in bytes[from, end), where bytes[end] is its newline; undefined for a line cut short by a kill. */
export function parseRecord(bytes: Buffer, from: number, end: number): LogRecord | undefined {
  const first = bytes.indexOf(blank, from);
  // Both names of streams have six letters: "stdout", "stderr".
  const tagAt = first + 8;
  if (first < 0 || tagAt > end || bytes[first + 7] !== blank) return undefined;
  const letter = bytes[first + 4];
  const stream = letter === 111 ? "stdout" : letter === 101 ? "stderr" : undefined;
  const tag = bytes[tagAt];
  if (stream === undefined || (tag !== fullTag && tag !== partialTag)) return undefined;
  return { stream, timeEnd: first, textStart: Math.min(tagAt + 2, end), full: tag === fullTag };
}

/** Turns records into what was printed, as they come in pieces. */
export class LogPrinter {
  readonly #filter: LogFilter;
  readonly #out = Buffer.allocUnsafe(outSize);
  #rest: Buffer = Buffer.alloc(0);
  /** Streams in the middle of a line. */
  readonly #open = { stdout: false, stderr: false };
  /** A record after `until` was seen: all that follow are later still. */
  isPast = false;

  constructor(filter: LogFilter) {
    this.#filter = filter;
  }

  *print(piece: Buffer): Generator<LogSlice> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let from = 0;
    let filled = 0;
    let stream: LogSlice["stream"] = "stdout";
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const record = parseRecord(bytes, from, end);
      const start = from;
      from = end + 1;
      if (record === undefined || !this.#fits(bytes, start, record)) continue;
      if (this.isPast) break;
      const time = this.#open[record.stream] ? "" : this.#head(bytes, start, record);
      this.#open[record.stream] = !record.full;
      const text = bytes.subarray(record.textStart, record.full ? end + 1 : end);
      if (filled > 0 && (stream !== record.stream || filled + time.length + text.length > outSize)) {
        yield { stream, bytes: this.#out.subarray(0, filled) };
        filled = 0;
      }
      stream = record.stream;
      if (time.length + text.length > outSize) {
        yield { stream, bytes: Buffer.concat([Buffer.from(time, "latin1"), text]) };
        continue;
      }
      filled += this.#out.write(time, filled, "latin1");
      filled += text.copy(this.#out, filled);
    }
    if (filled > 0) yield { stream, bytes: this.#out.subarray(0, filled) };
    const rest = bytes.subarray(from);
    this.#rest = rest.length > maxRecord ? Buffer.alloc(0) : Buffer.from(rest);
  }

  /** What stands before a line. */
  #head(bytes: Buffer, start: number, record: LogRecord): string {
    const time = this.#filter.timestamps ? printTime(bytes, start, record) : "";
    return this.#filter.details === true ? `${time} ` : time;
  }

  #fits(bytes: Buffer, start: number, record: LogRecord): boolean {
    const { since, until } = this.#filter;
    if (since === undefined && until === undefined) return true;
    const time = parseTime(bytes.toString("latin1", start, record.timeEnd));
    if (until !== undefined && time > until) this.isPast = true;
    return since === undefined || time >= since;
  }
}

/** Milliseconds since 1970, with their fraction. */
function parseTime(text: string): number {
  const fraction = /\.\d{3}(\d+)/.exec(text)?.[1] ?? "";
  return Date.parse(text) + Number(`0.${fraction}0`);
}

/** RFC 3339 in UTC with nanoseconds, as Docker prints it, and a blank. */
function printTime(bytes: Buffer, start: number, record: LogRecord): string {
  const text = bytes.toString("latin1", start, record.timeEnd);
  if (text.endsWith("+00:00")) return `${text.slice(0, -6)}Z `;
  const fraction = /\.\d+/.exec(text)?.[0] ?? "";
  const time = Date.parse(text);
  return Number.isNaN(time) ? `${text} ` : `${new Date(time).toISOString().slice(0, 19)}${fraction}Z `;
}

/** Reads as much as there is from `position`, up to the chunk's length. */
export function readUpTo(fd: number, chunk: Buffer, position: number): number {
  return readSync(fd, chunk, 0, chunk.length, position);
}

const tailChunk = 256 * 1024;

/**
 * Where the last `tail` lines begin, read from the end in pieces, and how many lines the file has too few. A line ends
 * with its full record; a stream's last record counts as one though its line may go on.
 */
export function startOfTail(fd: number, tail: number): { readonly start: number; readonly missing: number } {
  let position = fstatSync(fd).size;
  let wanted = tail;
  /** The first bytes of a piece: the end of a record that begins before it. */
  let rest: Buffer = Buffer.alloc(0);
  let isBehindLast = true;
  const seen = new Set<string>();
  while (position > 0) {
    const piece = Buffer.allocUnsafe(Math.min(tailChunk, position));
    position -= piece.length;
    readSync(fd, piece, 0, piece.length, position);
    const bytes = Buffer.concat([piece, rest]);
    let stop = bytes.length;
    if (isBehindLast) {
      // What stands behind the last newline is still being written.
      stop = bytes.lastIndexOf(newline) + 1;
      isBehindLast = stop === 0;
    }
    while (stop > 0) {
      const before = stop < 2 ? -1 : bytes.lastIndexOf(newline, stop - 2);
      if (before < 0 && position > 0) break;
      const record = parseRecord(bytes, before + 1, stop - 1);
      if (record !== undefined && (record.full || !seen.has(record.stream))) {
        if (wanted === 0) return { start: position + stop, missing: 0 };
        wanted--;
      }
      if (record !== undefined) seen.add(record.stream);
      stop = before + 1;
    }
    rest = bytes.subarray(0, stop);
    if (rest.length > maxRecord) rest = Buffer.alloc(0);
  }
  return { start: 0, missing: wanted };
}
