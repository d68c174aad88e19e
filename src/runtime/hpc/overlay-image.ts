import { closeSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { inUserNamespace, lockDescriptor, makeMount, mountAttribute, openLoop } from "#host";
import { overlayFolderRefused } from "./error.ts";
import type { HpcImage } from "./root-source.ts";
import type { HpcWish, OverlayWish } from "./wish.ts";

// An overlay in a file: ext3 with the folders "upper" and "work", as `vial overlay create` and Apptainer make it, or a squashfs
// that is laid over the image as it is. The kernel mounts it from a loop device, which goes with the mount.

/** Where the layers of an overlay lie. */
export interface OverlayLayer {
  readonly lower: string;
  /** The folder that has "upper" and "work". */
  readonly folder: string;
  readonly readonly: boolean;
}

/**
 * The wish with the overlay that lies in the image's own file: nearest to the image, and written into with --writable. Throws
 * overlay-folder-refused.
 */
export function withOwnOverlay(wish: HpcWish, image: HpcImage, warn: (sentence: string) => void): HpcWish {
  if (image.overlay === undefined) return wish;
  const isWritten = wish.root === "writable";
  if (inUserNamespace() && !isWritten) {
    warn(`the changes that "${image.name}" keeps in itself are left out: ${rootAlone}`);
    return wish;
  }
  const own: OverlayWish = { folder: image.name, part: image.overlay, readonly: !isWritten };
  return { ...wish, root: isWritten ? "read-only" : wish.root, overlays: [...wish.overlays, own] };
}

const rootAlone = "the kernel mounts file system images for root alone";

/** Makes folders of all overlays; those in files are mounted below `session`. Throws overlay-folder-refused. */
export function openOverlays(overlays: readonly OverlayWish[], session: string): readonly OverlayLayer[] {
  return overlays.map((overlay, index) => {
    const { folder, readonly } = overlay;
    if (statSync(folder, { throwIfNoEntry: false })?.isFile() !== true)
      return { folder, readonly, lower: `${folder}/upper` };
    const place = `${session}/overlay-${index}`;
    try {
      mkdirSync(place, { mode: 0o755 });
      const isPacked = mountFile(overlay, place);
      return { folder: place, readonly, lower: isPacked ? place : `${place}/upper` };
    } catch (error) {
      throw overlayFolderRefused(folder, error);
    }
  });
}

/** True for a squashfs. */
function mountFile({ folder: path, readonly, part }: OverlayWish, place: string): boolean {
  if (inUserNamespace()) throw new Error(rootAlone);
  const file = openSync(path, readonly ? "r" : "r+");
  try {
    const { offset, size } = part ?? { offset: 0, size: 0 };
    const kind = kindOf(file, offset);
    if (kind === "squashfs" && !readonly)
      throw new Error('a squashfs takes no changes: write ":ro" behind it');
    // Two mounts of one file, of which one writes, would destroy it. The loop device keeps the lock with the open file.
    if (!lockDescriptor(file, readonly ? "shared" : "exclusive"))
      throw new Error(readonly ? "a container that runs writes into it" : "a container that runs uses it");
    using device = openLoop(file, offset, size, readonly ? "read" : "write");
    using mount = makeMount(
      kind,
      [["source", device.path], ...(readonly ? ([["ro", null]] as const) : [])],
      mountAttribute.nodev | mountAttribute.nosuid | (readonly ? mountAttribute.readonly : 0),
    );
    mount.attach(place);
    return kind === "squashfs";
  } finally {
    closeSync(file);
  }
}

const superblockMagic = 1024 + 56;

function kindOf(file: number, offset: number): "squashfs" | "ext3" {
  const head = Buffer.alloc(2048);
  const count = readSync(file, head, 0, head.length, offset);
  if (head.toString("latin1", 0, 4) === "hsqs") return "squashfs";
  // linux: fs/ext4/ext4.h, EXT4_SUPER_MAGIC
  if (count === head.length && head.readUInt16LE(superblockMagic) === 0xef53) return "ext3";
  throw new Error("it is neither a folder, nor an image with ext3 or squashfs");
}
