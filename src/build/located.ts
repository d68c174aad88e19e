import { isVialError, type SourceRange, withPlace } from "#spec";
import { fileUnreadable } from "./error.ts";

/** An error of another room with the lines of the recipe that it happened at; one that has lines keeps them. */
export function located(error: unknown, title: string, where: SourceRange | undefined): unknown {
  if (where === undefined) return error;
  if (isVialError(error))
    return error.where !== undefined || error.kind === "canceled" ? error : withPlace(error, where);
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM" ? fileUnreadable(title, error as Error, where) : error;
}
