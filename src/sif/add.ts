import { place, primaryArchitecture, writeContent } from "./create.ts";
import { type Change, editSif } from "./edit.ts";
import { sifFull, sifPrimaryTaken } from "./error.ts";
import { endOfObjects } from "./layout.ts";
import { checkNewObject, type NewObject } from "./new-object.ts";
import { descriptorBytes, encodeObject } from "./object.ts";
import { primaries } from "./primary.ts";

/**
 * Adds an object behind the last one, in the first free slot (sif/pkg/sif/add.go). Gives its id. `time` is written as the
 * time of the change. Throws sif-full, sif-primary-taken.
 */
export function addObject(path: string, object: NewObject, time: number): number {
  checkNewObject(object);
  let given = 0;
  editSif(
    path,
    addition(object, time, (id) => {
      given = id;
    }),
  );
  return given;
}

export function addition(object: NewObject, time: number, onId: (id: number) => void): Change {
  return (file, draft) => {
    const { header } = file;
    const total = header.descriptorsTotal;
    const used = new Set(file.objects.map(({ slot }) => slot));
    let slot = 0;
    while (used.has(slot)) slot++;
    if (slot >= total) throw sifFull(file.path, total);
    const architecture = primaryArchitecture(object);
    const [primary] = primaries(file.objects);
    if (architecture !== undefined && primary !== undefined) throw sifPrimaryTaken(file.path, primary.id);
    // By habit slot + 1, which another writer may have given away.
    const ids = new Set(file.objects.map((known) => known.id));
    let id = slot + 1;
    while (ids.has(id)) id++;
    const end = endOfObjects(header, file.objects);
    const offset = place(object, end);
    const size = writeContent(file.fd, object, offset);
    const sizeWithPadding = offset - end + size;
    encodeObject({ ...object, id, offset, size, sizeWithPadding }).copy(draft.table, slot * descriptorBytes);
    draft.addedEnd = offset + size;
    draft.header = {
      ...header,
      architecture: architecture ?? header.architecture,
      modifiedAt: time,
      // Counted, not taken from the header, which others may have left wrong.
      descriptorsFree: total - used.size - 1,
      dataSize: end - header.dataOffset + sizeWithPadding,
    };
    onId(id);
    return "changed";
  };
}
