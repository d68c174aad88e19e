import { reportError } from "./errors-out.ts";
import { printInspection } from "./format.ts";
import { out } from "./print.ts";

/** Prints what is known of each name, and goes on behind one that is not there. Gives the exit code. */
export function inspectEach(
  names: readonly string[],
  format: string | undefined,
  describe: (name: string) => object,
): number {
  const documents: object[] = [];
  let code = 0;
  for (const name of names) {
    try {
      documents.push(describe(name));
    } catch (error) {
      reportError(error, { debug: false });
      code = 1;
    }
  }
  out(printInspection(documents, format));
  return code;
}
