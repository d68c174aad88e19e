import { codeOfDataType, type DataType, dataTypeOf } from "./data-type.ts";
import {
  type Extra,
  encodeExtra,
  type NewExtra,
  type PartitionType,
  parseExtra,
  partitionTypes,
} from "./extra.ts";
import { SifFault } from "./fault.ts";
import { amountAt } from "./header.ts";

// A descriptor: 585 bytes that tell of one object, little-endian, without gaps (SIF 1.0: sif/pkg/sif/descriptor.go,
// rawDescriptor). The word "descriptor" belongs to the OCI here, so what it describes gives the name: object.

export const descriptorBytes = 585;
const usedAt = 4;
const nameAt = 73;
export const nameBytes = 128;
const extraAt = 201;

/** The upper bits of each group, and of a link to a group (descrGroupMask). */
const groupMask = 0xf0000000;

export interface SifObject {
  /** Its place in the table, from 0. */
  readonly slot: number;
  /** From 1, by habit slot + 1. */
  readonly id: number;
  readonly type: DataType | "unknown";
  readonly typeCode: number;
  /** 0: it belongs to no group. */
  readonly group: number;
  /** 0: none. Else an object, or with `linkIsGroup` a group. */
  readonly link: number;
  readonly linkIsGroup: boolean;
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  /** Bytes of the data alone. */
  readonly size: number;
  /** With the gap before it. */
  readonly sizeWithPadding: number;
  /** Seconds since 1970; see noTime. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Of who made it, in files of Singularity before 3.6; 0 since. */
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly extra: Extra;
  /** The 585 bytes: signatures cover them, and what we do not know in them is kept. */
  readonly raw: Buffer;
}

/** Reads one slot, which lies at `at` in the file; undefined when it is free. Throws SifFault. */
export function parseObject(raw: Buffer, slot: number, at: number): SifObject | undefined {
  const used = raw[usedAt]!;
  if (used === 0) return undefined;
  if (used !== 1)
    throw new SifFault(
      at + usedAt,
      `descriptor ${slot + 1} is marked with ${used}, which is neither free nor used`,
    );
  const typeCode = raw.readInt32LE(0);
  const type = dataTypeOf(typeCode);
  const id = raw.readUInt32LE(5);
  if (id === 0) throw new SifFault(at + 5, `descriptor ${slot + 1} has no id`);
  const link = raw.readUInt32LE(13);
  const nameField = raw.subarray(nameAt, nameAt + nameBytes);
  // A name may fill all its bytes and then has no NUL.
  const nameEnd = nameField.indexOf(0);
  return {
    slot,
    id,
    type,
    typeCode,
    group: withoutMask(raw.readUInt32LE(9)),
    link: withoutMask(link),
    linkIsGroup: hasMask(link),
    offset: amountAt(raw, 17, at + 17, `offset of object ${id}`),
    size: amountAt(raw, 25, at + 25, `size of object ${id}`),
    sizeWithPadding: amountAt(raw, 33, at + 33, `padded size of object ${id}`),
    createdAt: Number(raw.readBigInt64LE(41)),
    modifiedAt: Number(raw.readBigInt64LE(49)),
    uid: Number(raw.readBigInt64LE(57)),
    gid: Number(raw.readBigInt64LE(65)),
    name: nameField.toString("utf8", 0, nameEnd < 0 ? nameBytes : nameEnd),
    extra: parseExtra(type, raw.subarray(extraAt), at + extraAt),
    raw,
  };
}

function hasMask(value: number): boolean {
  return (value & groupMask) >>> 0 === groupMask;
}

function withoutMask(value: number): number {
  return hasMask(value) ? (value & ~groupMask) >>> 0 : value;
}

export type SifLink =
  | { readonly kind: "none" }
  | { readonly kind: "object"; readonly id: number }
  | { readonly kind: "group"; readonly group: number };

/** What a writer says of an object. Owners are written as 0, as Apptainer does. */
export interface NewDescriptor {
  readonly id: number;
  readonly type: DataType;
  readonly group: number;
  readonly link: SifLink;
  readonly offset: number;
  readonly size: number;
  readonly sizeWithPadding: number;
  readonly time: number;
  readonly name: string;
  readonly extra: NewExtra;
}

export function encodeObject(object: NewDescriptor): Buffer {
  const bytes = Buffer.alloc(descriptorBytes);
  bytes.writeInt32LE(codeOfDataType(object.type), 0);
  bytes[usedAt] = 1;
  bytes.writeUInt32LE(object.id, 5);
  bytes.writeUInt32LE((object.group | groupMask) >>> 0, 9);
  bytes.writeUInt32LE(encodeLink(object.link), 13);
  const numbers = [object.offset, object.size, object.sizeWithPadding, object.time, object.time];
  for (const [index, number] of numbers.entries()) bytes.writeBigInt64LE(BigInt(number), 17 + 8 * index);
  bytes.write(object.name, nameAt, nameBytes, "utf8");
  encodeExtra(object.extra).copy(bytes, extraAt);
  return bytes;
}

function encodeLink(link: SifLink): number {
  switch (link.kind) {
    case "none":
      return 0;
    case "object":
      return link.id;
    case "group":
      return (link.group | groupMask) >>> 0;
    default:
      return link satisfies never;
  }
}

/** The same descriptor of a partition with another type of partition. File system and architecture stay, known or not. */
export function withPartitionType(raw: Buffer, type: PartitionType, modifiedAt: number): Buffer {
  const bytes = Buffer.from(raw);
  bytes.writeInt32LE(partitionTypes.codeOf(type), extraAt + 4);
  bytes.writeBigInt64LE(BigInt(modifiedAt), 49);
  return bytes;
}
