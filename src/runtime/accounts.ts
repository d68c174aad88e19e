import { constants, fstatSync, readSync } from "node:fs";
import { openInside, openRoot } from "#host";

const maxBytes = 4 * 1024 * 1024;

/**
 * /etc/passwd and /etc/group of a container's root. Links are resolved inside that root; fifos, devices and giant files
 * count as absent (CVE-2022-36109 family).
 */
export function readAccounts(root: string): { readonly passwd: string; readonly group: string } {
  using top = openRoot(root);
  return { passwd: readInside(top.fd, "etc/passwd"), group: readInside(top.fd, "etc/group") };
}

function readInside(root: number, path: string): string {
  try {
    // Non-blocking, because opening a fifo would wait for its writer.
    using file = openInside(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const info = fstatSync(file.fd);
    if (!info.isFile() || info.size > maxBytes) return "";
    const bytes = Buffer.alloc(info.size);
    return bytes.toString("utf8", 0, readSync(file.fd, bytes, 0, bytes.length, 0));
  } catch {
    return "";
  }
}
