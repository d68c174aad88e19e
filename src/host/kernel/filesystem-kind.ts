import { errno, cString, pointer } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// What kind of file system a folder lies on: statfs(2) tells its number, and one question whether it knows user attributes.

/** `shared`: other machines see it too, and a question for a file goes over the network. `memory`: gone with the machine. */
export type FileSystemReach = "local" | "shared" | "memory" | "layered";

export interface FileSystemKind {
  /** "ext4", "nfs"; "type 0x1234" for one that is not in the table. */
  readonly name: string;
  readonly reach: FileSystemReach;
  /** It knows extended attributes of the kind user.*, in which overlays of an ordinary user keep their marks. */
  readonly userAttributes: boolean;
}

/** Linux's include/uapi/linux/magic.h, and the sources of those that are not in the kernel: Lustre, GPFS, BeeGFS, PanFS, Weka. */
const kinds = new Map<number, readonly [name: string, reach: FileSystemReach]>([
  [0xef53, ["ext4", "local"]],
  [0x58465342, ["xfs", "local"]],
  [0x9123683e, ["btrfs", "local"]],
  [0x2fc12fc1, ["zfs", "local"]],
  [0xf2f52010, ["f2fs", "local"]],
  [0xca451a4e, ["bcachefs", "local"]],
  [0x4d44, ["vfat", "local"]],
  [0x2011bab0, ["exfat", "local"]],
  [0x7366746e, ["ntfs3", "local"]],
  [0x73717368, ["squashfs", "local"]],
  [0xe0f5e1e2, ["erofs", "local"]],
  [0xf15f, ["ecryptfs", "layered"]],
  [0x794c7630, ["overlay", "layered"]],
  [0x01021994, ["tmpfs", "memory"]],
  [0x858458f6, ["ramfs", "memory"]],
  [0x6969, ["nfs", "shared"]],
  [0x0bd00bd0, ["lustre", "shared"]],
  [0x47504653, ["gpfs", "shared"]],
  [0x19830326, ["beegfs", "shared"]],
  [0x00c36400, ["ceph", "shared"]],
  [0xff534d42, ["cifs", "shared"]],
  [0xfe534d42, ["smb3", "shared"]],
  [0x517b, ["smb", "shared"]],
  [0x5346414f, ["afs", "shared"]],
  [0x01021997, ["9p", "shared"]],
  [0xaad7aaea, ["panfs", "shared"]],
  [0x18031977, ["wekafs", "shared"]],
  [0x20030528, ["orangefs", "shared"]],
  [0x01161970, ["gfs2", "shared"]],
  [0x7461636f, ["ocfs2", "shared"]],
  // sshfs, gluster and others: what is behind it, it does not say.
  [0x65735546, ["fuse", "shared"]],
]);

/** The name and the reach that belong to a number of statfs(2). */
export function fileSystemByNumber(type: number): Omit<FileSystemKind, "userAttributes"> {
  const number = type >>> 0;
  const [name, reach] = kinds.get(number) ?? [`type 0x${number.toString(16)}`, "local" as const];
  return { name, reach };
}

/** The kind of the file system of a path, or of the nearest folder above it that is there. */
export function fileSystemKind(path: string): FileSystemKind {
  const answer = Buffer.alloc(128);
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/")) || "/") {
    const name = cString(at);
    const address = BigInt(pointer(name));
    if (systemCall("statfs", address, BigInt(pointer(answer))) === 0)
      return { ...fileSystemByNumber(answer.readUInt32LE(0)), userAttributes: takesUserAttributes(address) };
    if (at === "/" || !at.startsWith("/")) return { ...fileSystemByNumber(0), userAttributes: true };
  }
}

/** An attribute that is not there is one answer (ENODATA); that there are none is another. */
function takesUserAttributes(path: bigint): boolean {
  const attribute = cString("user.vial");
  const EOPNOTSUPP = 95;
  return systemCall("getxattr", path, BigInt(pointer(attribute)), 0n, 0n) >= 0 || errno() !== EOPNOTSUPP;
}

/**
 * Why a file system cannot bear an ordinary user's store, whose layers and builds are overlays; undefined where it can. (The
 * kernel's Documentation/filesystems/overlayfs.rst, "Upper and lower filesystems".)
 */
export function whyNoOverlays(kind: FileSystemKind): string | undefined {
  if (kind.reach === "shared")
    return `it is on ${kind.name}, which machines share: overlays cannot be written on it, and each small file is asked for over the network`;
  if (kind.name === "overlay" || kind.name === "ecryptfs")
    return `it is on ${kind.name}, on which no overlay can be written`;
  if (!kind.userAttributes)
    return `it is on ${kind.name}, which knows no user attributes: overlays keep their marks in them`;
  return undefined;
}

/** Whether unpacked images, which are many small files, should lie elsewhere. */
export function isBadForManyFiles(kind: FileSystemKind): boolean {
  return kind.reach === "shared" || ["vfat", "exfat", "ntfs3"].includes(kind.name);
}
