import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { openInside, readFileInside } from "#host";
import { type ElfObject, readElf } from "./elf.ts";

// ELF files and caches by their place, on the host or in an image. Regular files alone: a pipe would wait for its writer.

const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const mostBytes = 16 * 1024 * 1024;

/** The processors that Vial runs on, by their number in ELF files. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
export const ownMachine = machines[process.arch] ?? 0;

/** What a file of the host needs. Undefined for what is no ELF file, or cannot be read. */
export function readHostElf(path: string): ElfObject | undefined {
  return onHost(path, (fd) => readOpenElf(fd, "needs"));
}

/** What a library of an image defines. `path` is followed inside the image that `root` is open for, never out of it. */
export function readImageElf(root: number, path: string): ElfObject | undefined {
  return inImage(root, path, (fd) => readOpenElf(fd, "defines"));
}

export function readHostBytes(path: string): Uint8Array | undefined {
  return onHost(path, readWhole);
}

export function readImageBytes(root: number, path: string): Uint8Array | undefined {
  return readFileInside(root, path, mostBytes);
}

export function isInImage(root: number, path: string): boolean {
  return inImage(root, path, () => true) === true;
}

function onHost<T>(path: string, use: (fd: number) => T): T | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags);
    return use(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function inImage<T>(root: number, path: string, use: (fd: number) => T): T | undefined {
  try {
    using file = openInside(root, path, flags);
    return use(file.fd);
  } catch {
    return undefined;
  }
}

function readOpenElf(fd: number, list: "needs" | "defines"): ElfObject | undefined {
  if (!fstatSync(fd).isFile()) return undefined;
  return readElf((offset, length) => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  }, list);
}

function readWhole(fd: number): Uint8Array | undefined {
  const info = fstatSync(fd);
  return info.isFile() && info.size <= mostBytes ? readFileSync(fd) : undefined;
}
