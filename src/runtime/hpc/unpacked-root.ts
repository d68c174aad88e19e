import { existsSync, fstatSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { unsquashfsSync } from "#host";
import { unpackFolderUnsafe } from "./error.ts";
import type { RootSource } from "./root-source.ts";

// The last resort: an image file that can be mounted neither by the kernel nor by FUSE is unpacked into a folder, once.

/**
 * The folder of an unpacked image below `place`, by the file's place, size and times. `warn` is told before the work is done.
 * Throws unpack-folder-unsafe, program-missing, program-failed.
 */
export function unpackedRoot(
  source: Extract<RootSource, { readonly kind: "squashfs" }>,
  place: string,
  warn: (sentence: string) => void,
): string {
  const { path, file } = source;
  const { dev, ino, size, mtimeMs, ctimeMs } = fstatSync(file);
  const key = new Bun.CryptoHasher("sha256")
    .update(JSON.stringify([path, dev, ino, size, mtimeMs, ctimeMs, source.offset]))
    .digest("hex")
    .slice(0, 32);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  // Below a folder for all, such as /tmp, somebody else could have put his own image there.
  const info = lstatSync(place);
  if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0)
    throw unpackFolderUnsafe(place);
  const folder = `${place}/${key}`;
  if (existsSync(folder)) return folder;
  warn(
    `"${source.path}" cannot be mounted by this user (no /dev/fuse, or no squashfuse): it is unpacked into ` +
      `${place}, which costs its space there and the time once; the package squashfuse and a /dev/fuse for all avoid it`,
  );
  const temporary = `${folder}.part-${process.pid}`;
  try {
    unsquashfsSync({ file, offset: source.offset, target: temporary, files: "mine" });
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process was quicker.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
