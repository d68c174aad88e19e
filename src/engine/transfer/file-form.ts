import { closeSync, openSync, readSync } from "node:fs";
import { isSif } from "#sif";

const O_NONBLOCK = 0o4000;
const headBytes = 2048;

/** What an image file is by its first bytes. Everything that is neither SIF nor squashfs counts as an archive, whose reader tells more. */
export function fileFormOf(path: string): "sif" | "squashfs" | "oci-archive" {
  const head = Buffer.alloc(headBytes);
  // A named pipe does not hold us up.
  const fd = openSync(path, O_NONBLOCK);
  try {
    const bytes = head.subarray(0, readSync(fd, head, 0, headBytes, 0));
    if (isSif(bytes)) return "sif";
    return bytes.toString("latin1", 0, 4) === "hsqs" ? "squashfs" : "oci-archive";
  } finally {
    closeSync(fd);
  }
}
