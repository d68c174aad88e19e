import { limitTo } from "#kit";
import { reportError } from "./errors-out.ts";
import { outLine } from "./print.ts";

/**
 * Does the same to each name, `atOnce` at a time, and prints the name (or the text that `act` gives, or nothing for null)
 * when it is done. An
 * error is reported and the others go on; the exit code is then 1.
 */
export async function forEach(
  names: readonly string[],
  act: (name: string) => unknown,
  atOnce = 1,
): Promise<number> {
  let code = 0;
  const limit = limitTo(atOnce);
  await Promise.all(
    names.map((name) =>
      limit(async () => {
        try {
          const text = await act(name);
          if (text !== null) outLine(typeof text === "string" ? text : name);
        } catch (error) {
          reportError(error, { debug: false });
          code = 1;
        }
      }),
    ),
  );
  return code;
}
