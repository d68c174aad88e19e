import { programFailed } from "../error.ts";
import { run } from "../run.ts";

// mkfs.ext3(8) of e2fsprogs: an ext3 file system in a file, which has the files of a folder from its beginning.

export interface Ext3Wish {
  /** The file, which has its size. */
  readonly path: string;
  /** What is copied into it, with owners and modes. */
  readonly folder: string;
}

export function mkfsExt3Args({ path, folder }: Ext3Wish): readonly string[] {
  // "nodiscard": what was written to have its place on the disk keeps it.
  return ["-q", "-F", "-m", "0", "-E", "nodiscard", "-d", folder, path];
}

/** Throws program-missing, program-failed. */
export async function mkfsExt3(wish: Ext3Wish): Promise<void> {
  const result = await run("mkfs.ext3", mkfsExt3Args(wish), { keepOutput: 16_384 });
  if (result.exitCode !== 0) throw programFailed("make the ext3 file system", "mkfs.ext3", result);
}
