import type { DataType } from "./data-type.ts";
import type { SifHeader } from "./header.ts";
import { descriptorBytes, type SifObject } from "./object.ts";

// Where things go in a file that Vial writes: the numbers of Apptainer and SingularityCE (sif/pkg/sif/create.go,
// descriptor_input.go). A reader takes what the header says.

export const defaultCapacity = 48;
/** Where the table begins. What lies between it and the header is zero. */
export const tableOffset = 4096;

export function dataOffsetOf(capacity: number): number {
  return tableOffset + capacity * descriptorBytes;
}

/** File systems are mounted where they are, through a loop device or mmap(2), so they begin on a page. */
export function defaultAlignment(type: DataType): number {
  return type === "partition" ? 4096 : 1;
}

export function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/**
 * The end of the last object: where the next may begin. Space of deleted objects between others is not used again. A table
 * that somebody put among or behind the data is kept clear of.
 */
export function endOfObjects(header: SifHeader, objects: readonly SifObject[]): number {
  const { dataOffset, descriptorsOffset, descriptorsSize } = header;
  const start = descriptorsOffset < dataOffset ? dataOffset : descriptorsOffset + descriptorsSize;
  return objects.reduce((end, { offset, size }) => Math.max(end, offset + size), start);
}
