import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { copyFileAt } from "#host";
import { isVialError } from "#spec";
import type { SifArchitecture } from "./architecture.ts";
import { sifFull, sifInTheWay, sifPrimaryTaken, sifUnwritable } from "./error.ts";
import { encodeHeader, nilId, type SifHeader } from "./header.ts";
import { alignUp, dataOffsetOf, defaultAlignment, defaultCapacity, tableOffset } from "./layout.ts";
import { checkId, checkLaunch, checkNewObject, checkNumber, type NewObject } from "./new-object.ts";
import { descriptorBytes, encodeObject } from "./object.ts";
import { maxDescriptors } from "./read.ts";
import { noTime } from "./time.ts";

export interface SifWish {
  /** With its newline, at most 31 bytes; empty for none. */
  readonly launch: string;
  /** A UUID; nilId for none. */
  readonly id: string;
  /** Seconds since 1970; noTime for none. */
  readonly time: number;
  /** How many objects the file can ever hold. */
  readonly capacity?: number;
  readonly objects: readonly NewObject[];
  /** An object that a program writes into the file itself, behind all others. */
  readonly packed?: PackedObject;
  /** An existing file is replaced. */
  readonly force?: boolean;
}

/**
 * mksquashfs can begin at an offset, so a root file system goes straight into its place and is not copied. The program
 * truncates the file when it opens it, which is why it comes first in time and last in place.
 */
export interface PackedObject extends Omit<NewObject, "content"> {
  /** Writes into the file at `path` from `offset` on, to its end. */
  pack(path: string, offset: number): Promise<void>;
}

/**
 * Makes a SIF file. It is written under another name beside its own and renamed when whole: a kill -9 leaves what was there
 * before. Same wish, same bytes: no clock and no chance is asked. Does not wait for the disk.
 */
export async function createSif(path: string, wish: SifWish): Promise<void> {
  checkWish(path, wish);
  const temporary = `${path}.part-${process.pid}`;
  try {
    await write(temporary, wish);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw isVialError(error) || (error as NodeJS.ErrnoException).code === undefined
      ? error
      : sifUnwritable(path, error);
  }
}

function checkWish(path: string, wish: SifWish): void {
  checkLaunch(wish.launch);
  checkId(wish.id);
  const { capacity = defaultCapacity, packed } = wish;
  checkNumber("capacity", capacity, 1, maxDescriptors);
  for (const object of wish.objects) checkNewObject(object);
  if (packed !== undefined) checkNewObject({ ...packed, content: { kind: "bytes", bytes: Buffer.alloc(0) } });
  const all = [...wish.objects, ...(packed === undefined ? [] : [packed])];
  if (all.length > capacity) throw sifFull(path, capacity);
  const primaries = all.flatMap((object, index) =>
    primaryArchitecture(object) === undefined ? [] : [index],
  );
  if (primaries.length > 1) throw sifPrimaryTaken(path, primaries[0]! + 1);
  if (wish.force !== true && existsSync(path)) throw sifInTheWay(path);
}

async function write(path: string, wish: SifWish): Promise<void> {
  const { capacity = defaultCapacity, packed, objects } = wish;
  const dataOffset = dataOffsetOf(capacity);
  // As Apptainer gives it to an image: who may run it runs the launch script.
  let fd = openSync(path, "wx", 0o777);
  try {
    if (packed !== undefined) {
      const end = objects.reduce((at, object) => place(object, at) + sizeOf(object), dataOffset);
      await packed.pack(path, place(packed, end));
      // A program may have put a new file in the place of ours.
      closeSync(fd);
      fd = openSync(path, "r+");
    }
    const table = Buffer.alloc(capacity * descriptorBytes);
    let end = dataOffset;
    let architecture: SifArchitecture | undefined;
    let slot = 0;
    const add = (object: Omit<NewObject, "content">, offset: number, size: number) => {
      const { type, group, link, time, name, extra } = object;
      const sizeWithPadding = offset - end + size;
      const descriptor = {
        id: slot + 1,
        type,
        group,
        link,
        offset,
        size,
        sizeWithPadding,
        time,
        name,
        extra,
      };
      encodeObject(descriptor).copy(table, slot * descriptorBytes);
      architecture ??= primaryArchitecture(object);
      end = offset + size;
      slot++;
    };
    for (const object of objects) {
      const offset = place(object, end);
      add(object, offset, writeContent(fd, object, offset));
    }
    if (packed !== undefined) {
      const offset = place(packed, end);
      add(packed, offset, fstatSync(fd).size - offset);
    }
    // Gaps before aligned objects and the free slots are holes, which read as zeros.
    ftruncateSync(fd, end);
    writeAll(fd, table, tableOffset);
    const header: SifHeader = {
      launch: wish.launch,
      architecture: architecture ?? "unknown",
      id: wish.id,
      createdAt: wish.time,
      modifiedAt: wish.time,
      descriptorsFree: capacity - slot,
      descriptorsTotal: capacity,
      descriptorsOffset: tableOffset,
      descriptorsSize: table.length,
      dataOffset,
      dataSize: end - dataOffset,
    };
    writeAll(fd, encodeHeader(header), 0);
  } finally {
    closeSync(fd);
  }
}

export function place(object: Pick<NewObject, "type" | "alignment">, end: number): number {
  return alignUp(end, object.alignment ?? defaultAlignment(object.type));
}

/** Before a packed object only bytes in memory may stand: their size has to be known before the program starts. */
function sizeOf(object: NewObject): number {
  if (object.content.kind !== "bytes") throw new Error("an object before a packed one is not in memory");
  return object.content.bytes.length;
}

/** The architecture that the header takes from an object, if that is a primary system partition. */
export function primaryArchitecture({ extra }: Pick<NewObject, "extra">): SifArchitecture | undefined {
  return extra.kind === "partition" && extra.partition === "primary-system" ? extra.architecture : undefined;
}

/** Writes the data of an object; gives their size. */
export function writeContent(fd: number, { content }: Pick<NewObject, "content">, offset: number): number {
  if (content.kind === "descriptor") return copyFileAt(content.fd, fd, offset);
  writeAll(fd, content.bytes, offset);
  return content.bytes.length;
}

export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

/** An image without a name in time or place. */
export const anonymous = { launch: "", id: nilId, time: noTime } as const;
