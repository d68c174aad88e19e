import { type Change, editSif } from "./edit.ts";
import { sifPrimaryDoubtful, sifPrimaryUnfit, sifRootUnfit } from "./error.ts";
import type { Extra } from "./extra.ts";
import type { SifFile } from "./file.ts";
import { descriptorBytes, type SifObject, withPartitionType } from "./object.ts";

export type Partition = SifObject & { readonly extra: Extract<Extra, { kind: "partition" }> };

export function isPartition(object: SifObject): object is Partition {
  return object.extra.kind === "partition";
}

/** One, or none; a file that lies may name several. */
export function primaries(objects: readonly SifObject[]): Partition[] {
  return objects.filter(isPartition).filter(({ extra }) => extra.partition === "primary-system");
}

/** The partition that holds the root file system. Throws sif-primary-doubtful where that is not clear. */
export function primaryPartition(file: SifFile): Partition {
  const found = primaries(file.objects);
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw sifPrimaryDoubtful(
      file.path,
      found.map(({ id }) => id),
    );
  return first;
}

/** The root file system where it is a squashfs. Throws sif-primary-doubtful, sif-root-unfit. */
export function squashfsRoot(file: SifFile): Partition {
  const found = primaryPartition(file);
  const { fileSystem } = found.extra;
  if (fileSystem !== "squashfs") throw sifRootUnfit(file.path, fileSystem);
  return found;
}

/**
 * Makes a system partition the primary one, and the one that was so an ordinary system partition (sif/pkg/sif/set.go).
 * `time` is written as the time of the change.
 */
export function setPrimary(path: string, id: number, time: number): void {
  editSif(path, promotion(id, time));
}

export function promotion(id: number, time: number): Change {
  return (file, draft) => {
    const { path } = file;
    const object = file.object(id);
    if (!isPartition(object)) throw sifPrimaryUnfit(path, id, `no partition (${object.type})`);
    const { partition, architecture } = object.extra;
    const before = primaries(file.objects);
    if (partition === "primary-system" && before.length === 1) return "nothing";
    if (partition !== "system" && partition !== "primary-system")
      throw sifPrimaryUnfit(path, id, `a partition of the type "${partition}"`);
    const put = (target: Partition, type: "system" | "primary-system") =>
      withPartitionType(target.raw, type, time).copy(draft.table, target.slot * descriptorBytes);
    for (const other of before) put(other, "system");
    put(object, "primary-system");
    draft.header = { ...file.header, architecture, modifiedAt: time };
    return "changed";
  };
}
