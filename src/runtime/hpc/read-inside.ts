import { constants, fstatSync, readSync } from "node:fs";
import { openInside } from "#host";
import { isVialError } from "#spec";

const maxBytes = 4 * 1024 * 1024;

/** A regular file of the image, or undefined: not a pipe that would wait for its writer, nor a giant one. */
export function readInside(image: number, path: string): string | undefined {
  try {
    using file = openInside(image, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const info = fstatSync(file.fd);
    if (!info.isFile() || info.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(info.size);
    return bytes.toString("utf8", 0, readSync(file.fd, bytes, 0, bytes.length, 0));
  } catch (error) {
    if (isVialError(error)) throw error;
    return undefined;
  }
}
