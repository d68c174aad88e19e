// One 512-byte tar header block (POSIX ustar, GNU, star, v7) as plain fields.
//
// Names are "binary" strings: one character per byte (latin1), so that names that are not UTF-8 stay as they are.

export const blockSize = 512;

/** Why a header was refused; the reader turns it into the error of its caller. */
export class TarFault extends Error {}

const NUL = 0;
const SPACE = 32;
const ZERO = 48;

/** True when the block holds only zero bytes: one of the two that end an archive. */
export function isZeroBlock(buffer: Buffer, at: number): boolean {
  // A header begins with its name, so this ends at the first byte for all but the last blocks.
  for (let i = at; i < at + blockSize; i++) if (buffer[i] !== 0) return false;
  return true;
}

/** Compares the checksum with the bytes. Old archives summed signed bytes; both sums are taken, as every tar does. */
export function checkSum(buffer: Buffer, at: number): void {
  let sum = 8 * SPACE;
  for (let i = at; i < at + 148; i++) sum += buffer[i]!;
  for (let i = at + 156; i < at + blockSize; i++) sum += buffer[i]!;
  const wanted = readNumber(buffer, at + 148, 8, "checksum");
  if (wanted === sum) return;
  let signed = 8 * SPACE;
  for (let i = 0; i < blockSize; i++) if (i < 148 || i >= 156) signed += (buffer[at + i]! << 24) >> 24;
  if (wanted !== signed) throw new TarFault(`a header has the checksum ${sum}, wanted ${wanted}`);
}

/** A text field up to its first NUL. */
export function readText(buffer: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && buffer[end] !== NUL) end++;
  return buffer.toString("latin1", at, end);
}

/** A number field: octal text, or base 256 when the first bit is set (GNU). May be negative; never beyond 2^53. */
export function readNumber(buffer: Buffer, at: number, length: number, field: string): number {
  const first = buffer[at]!;
  if (first >= 128) return readBase256(buffer, at, length, field);
  let value = 0;
  let i = at;
  const end = at + length;
  while (i < end && buffer[i] === SPACE) i++;
  for (; i < end; i++) {
    const digit = buffer[i]! - ZERO;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; i < end; i++) {
    const byte = buffer[i];
    if (byte === NUL) break;
    if (byte !== SPACE) throw new TarFault(`the ${field} of a header is not a number`);
  }
  return value;
}

function readBase256(buffer: Buffer, at: number, length: number, field: string): number {
  const first = buffer[at]!;
  // 0x80 begins a positive number, 0xff a negative one in two's complement; the bits between belong to the value.
  const negative = first === 0xff;
  let value = negative ? 0 : first & 0x7f;
  for (let i = at + 1; i < at + length; i++) {
    value = value * 256 + (negative ? 255 - buffer[i]! : buffer[i]!);
    if (value > Number.MAX_SAFE_INTEGER) throw new TarFault(`the ${field} of a header is beyond all limits`);
  }
  return negative ? -value - 1 : value;
}

/** The name of a ustar header is split over two fields; GNU and v7 headers use the second for other things. */
export function readName(buffer: Buffer, at: number): string {
  const name = readText(buffer, at, 100);
  if (buffer[at + 345] === NUL || buffer.toString("latin1", at + 257, at + 263) !== "ustar\0") return name;
  const isStar = buffer.toString("latin1", at + 508, at + 512) === "tar\0";
  const prefix = readText(buffer, at + 345, isStar ? 131 : 155);
  return prefix === "" ? name : `${prefix}/${name}`;
}
