import { SifFault } from "./fault.ts";
import { headerBytes, parseHeader, type SifHeader } from "./header.ts";
import { descriptorBytes, parseObject, type SifObject } from "./object.ts";

/** Bytes that can be read at any place: an open file, or a buffer in tests. */
export interface SifSource {
  readonly size: number;
  /** Fills `into` from `position` on. Asked only for what lies within the size. */
  read(into: Buffer, position: number): void;
}

export interface Sif {
  readonly header: SifHeader;
  /** The 128 bytes of it: signatures cover them as they are. */
  readonly head: Buffer;
  /** The used slots, in the order of the table, which is not that of the ids or of the places in the file. */
  readonly objects: readonly SifObject[];
  /** All slots, as they are in the file. */
  readonly table: Buffer;
}

/**
 * The most descriptors that are read: 9.6 MB of table. Writers give 48, and one for each blob of an OCI-SIF; a count is
 * the one number of the header that decides how much memory we take, so a lie in it must cost nothing.
 */
export const maxDescriptors = 16384;

/**
 * Reads header and descriptors, and refuses a file whose numbers do not fit it: SIF comes from strangers, and what is read
 * here is handed to mount(2) as offset and size. Reads the header and the table, never the data. Throws SifFault.
 */
export function readSif(source: SifSource): Sif {
  const head = Buffer.alloc(Math.min(headerBytes, source.size));
  source.read(head, 0);
  const header = parseHeader(head);
  checkTable(header, source.size);
  const table = Buffer.alloc(header.descriptorsSize);
  source.read(table, header.descriptorsOffset);
  const objects: SifObject[] = [];
  const ids = new Map<number, number>();
  for (let slot = 0; slot < header.descriptorsTotal; slot++) {
    const from = slot * descriptorBytes;
    const at = header.descriptorsOffset + from;
    const object = parseObject(table.subarray(from, from + descriptorBytes), slot, at);
    if (object === undefined) continue;
    const twin = ids.get(object.id);
    if (twin !== undefined)
      throw new SifFault(at + 5, `descriptors ${twin + 1} and ${slot + 1} have the same id ${object.id}`);
    ids.set(object.id, slot);
    checkPlace(object, at, header, source.size);
    objects.push(object);
  }
  checkOverlap(objects, header);
  return { header, head, objects, table };
}

function checkTable(header: SifHeader, fileSize: number): void {
  const { descriptorsTotal, descriptorsFree, descriptorsOffset, descriptorsSize } = header;
  if (descriptorsTotal > maxDescriptors)
    throw new SifFault(
      88,
      `it claims ${descriptorsTotal} descriptors, and Vial reads up to ${maxDescriptors}`,
    );
  if (descriptorsFree > descriptorsTotal)
    throw new SifFault(80, `it claims ${descriptorsFree} free descriptors of ${descriptorsTotal}`);
  if (descriptorsSize !== descriptorsTotal * descriptorBytes)
    throw new SifFault(
      104,
      `it claims ${descriptorsSize} bytes of descriptors, and ${descriptorsTotal} of them take ${descriptorsTotal * descriptorBytes}`,
    );
  if (descriptorsOffset < headerBytes)
    throw new SifFault(96, `the descriptors begin at ${descriptorsOffset}, inside of the header`);
  if (descriptorsOffset + descriptorsSize > fileSize)
    throw new SifFault(
      96,
      `the descriptors end at ${descriptorsOffset + descriptorsSize}, and the file has ${fileSize} bytes`,
    );
}

function checkPlace(object: SifObject, at: number, header: SifHeader, fileSize: number): void {
  const { id, offset, size } = object;
  if (offset < header.dataOffset)
    throw new SifFault(
      at + 17,
      `object ${id} begins at ${offset}, before the data, which begin at ${header.dataOffset}`,
    );
  if (offset + size > fileSize)
    throw new SifFault(at + 25, `object ${id} ends at ${offset + size}, and the file has ${fileSize} bytes`);
}

/** Two objects that share bytes: signed under one name, run under another. */
function checkOverlap(objects: readonly SifObject[], header: SifHeader): void {
  const { descriptorsOffset, descriptorsSize } = header;
  const areas = [
    { name: "the header", from: 0, to: headerBytes, at: 0 },
    {
      name: "the table of descriptors",
      from: descriptorsOffset,
      to: descriptorsOffset + descriptorsSize,
      at: 96,
    },
    ...objects.map(({ id, slot, offset, size }) => ({
      name: `object ${id}`,
      from: offset,
      to: offset + size,
      at: descriptorsOffset + slot * descriptorBytes + 17,
    })),
  ]
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from || a.to - b.to);
  for (const [index, area] of areas.entries()) {
    const next = areas[index + 1];
    if (next !== undefined && next.from < area.to)
      throw new SifFault(
        next.at,
        `${next.name} begins at ${next.from}, inside of ${area.name}, which ends at ${area.to}`,
      );
  }
}
