import { readFileSync, writeFileSync } from "node:fs";
import { reasonOf } from "#spec";
import { fileUnreadable, fileUnwritable } from "./error.ts";

/** Writes the file that a flag names, when it is given. Throws file-unwritable. */
export function writeFlagFile(flag: string, path: string | undefined, text: string): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw fileUnwritable(flag, path, reasonOf(error));
  }
}

/** Reads the file that a flag names. Throws file-unreadable. */
export function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileUnreadable(flag, path, reasonOf(error));
  }
}
