import { signalNumber } from "#spec";
import { optionInvalid } from "./error.ts";

/** signalNumber() of a flag's value. Throws option-invalid. */
export function parseSignal(flag: string, text: string): number {
  const number = signalNumber(text);
  if (number === undefined) throw optionInvalid(flag, text, "it is no signal of Linux", `${flag} SIGTERM`);
  return number;
}
