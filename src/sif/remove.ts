import { type Change, editSif } from "./edit.ts";
import { endOfObjects } from "./layout.ts";
import { descriptorBytes } from "./object.ts";

export interface RemoveWish {
  /** Overwrites the data with zeros. Else they stay in the file, found by nobody who asks for objects. */
  readonly zero: boolean;
  /** Cuts the file behind the last object that is left. Space between objects stays. */
  readonly compact: boolean;
  /** Of the change; seconds since 1970. */
  readonly time: number;
}

/**
 * Frees the slot of an object (sif/pkg/sif/delete.go). The zeros are written after the moment of change, so that no kill
 * leaves an object that is there and empty: a kill right then leaves one that is gone, with its data still in the file.
 */
export function removeObject(path: string, id: number, wish: RemoveWish): void {
  editSif(path, removal(id, wish));
}

export function removal(id: number, wish: RemoveWish): Change {
  return (file, draft) => {
    const { header } = file;
    const object = file.object(id);
    const left = file.objects.filter((other) => other !== object);
    const isPrimary = object.extra.kind === "partition" && object.extra.partition === "primary-system";
    draft.table.fill(0, object.slot * descriptorBytes, (object.slot + 1) * descriptorBytes);
    const end = endOfObjects(header, left);
    draft.header = {
      ...header,
      architecture: isPrimary ? "unknown" : header.architecture,
      modifiedAt: wish.time,
      descriptorsFree: header.descriptorsTotal - left.length,
      dataSize: wish.compact ? end - header.dataOffset : header.dataSize,
    };
    if (wish.compact) draft.length = end;
    if (wish.zero) draft.zero = { offset: object.offset, size: object.size };
    return "changed";
  };
}
