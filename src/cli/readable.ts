import { accessSync, constants } from "node:fs";
import { fileUnreadable } from "./error.ts";

/** Throws file-unreadable before work begins on a file that is not there or not ours to read. */
export function checkReadable(flag: string, path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fileUnreadable(flag, path, code === "ENOENT" ? "there is no such file" : (error as Error).message);
  }
}
