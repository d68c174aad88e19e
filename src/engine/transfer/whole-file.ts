import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { copyFile } from "#host";
import { reasonOf } from "#spec";
import { targetTaken, targetUnwritable } from "./error.ts";

/** Before any work: what is there is replaced with `force` alone. Throws target-taken. */
export function checkTarget(path: string, force: boolean): void {
  if (!force && existsSync(path)) throw targetTaken(path);
}

/** Copies a file to a place where it comes into being whole or not at all. Throws target-taken, target-unwritable. */
export function copyWhole(
  from: string,
  to: string,
  options: { readonly force: boolean; readonly mode: number },
): void {
  checkTarget(to, options.force);
  writeWhole(to, options.mode, (fd) => {
    const source = openSync(from, "r");
    try {
      copyFile(source, fd);
    } finally {
      closeSync(source);
    }
  });
}

/** Lets `write` fill a file beside the place, and renames it when whole. Throws target-unwritable. */
export function writeWhole(to: string, mode: number, write: (fd: number) => void): void {
  const temporary = `${to}.part-${process.pid}`;
  try {
    const fd = openSync(temporary, "wx", mode);
    try {
      write(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw targetUnwritable(to, reasonOf(error));
  }
}
