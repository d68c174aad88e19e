// The first half of a start in the profile `hpc` that needs namespaces which only a program without threads can open: as
// little as that takes, for Vial starts anew after it.

import type { HpcForm } from "../hpc/form.ts";
import { enterHpc } from "../hpc/enter.ts";
import { reportError } from "../errors-out.ts";

/** `argv` begins with the verb. */
export function enter(form: HpcForm, argv: readonly string[]): number {
  try {
    return enterHpc(form, ["internal-hpc", ...argv]);
  } catch (error) {
    reportError(error, { debug: false });
    return 125;
  }
}
