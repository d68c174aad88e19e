// As hpc-enter.ts beside it, under one of Apptainer's names.

import { failure } from "../apptainer/log.ts";
import { anewWord, type PersonaName } from "../apptainer/name.ts";
import { reportError } from "../errors-out.ts";
import { enterHpc } from "../hpc/enter.ts";
import type { HpcForm } from "../hpc/form.ts";
import { speakAs } from "../voice.ts";

/** `argv` is the whole command line. */
export function enter(form: HpcForm, name: PersonaName, argv: readonly string[]): number {
  try {
    return enterHpc(form, [anewWord, name, ...argv]);
  } catch (error) {
    speakAs({
      error: "FATAL:  ",
      warn: () => {},
      warningLine: () => undefined,
      info: () => {},
      manner: undefined,
      publishes: "loopback",
    });
    reportError(error, { debug: false });
    return failure;
  }
}
