import type { SourcePlace, Statement } from "../statement.ts";

/** Where a statement stands, without its parts. */
export function placeOf(statement: Statement): SourcePlace {
  const { range, keyword, line, original, comments, gaps } = statement;
  return { range, keyword, line, original, comments, gaps };
}
