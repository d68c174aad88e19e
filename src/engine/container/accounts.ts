import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";

const maxBytes = 4 * 1024 * 1024;

/** /etc/passwd and /etc/group of a container's root. Links, fifos and giant files count as absent (CVE-2022-36109 family). */
export function readAccounts(root: string): { readonly passwd: string; readonly group: string } {
  return { passwd: readInRoot(root, "passwd"), group: readInRoot(root, "group") };
}

function readInRoot(root: string, name: string): string {
  if (lstatSync(`${root}/etc`, { throwIfNoEntry: false })?.isDirectory() !== true) return "";
  let fd: number;
  try {
    fd = openSync(`${root}/etc/${name}`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    const info = fstatSync(fd);
    if (!info.isFile() || info.size > maxBytes) return "";
    const bytes = Buffer.alloc(info.size);
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
