import { ask, askSecret, readAllInput } from "./ask.ts";
import type { Flag } from "./command.ts";
import { keyPasswordMissing, keyPasswordsDiffer, optionsConflict } from "./error.ts";
import { boolFlag, textFlag } from "./flag.ts";
import type { Flags } from "./parse.ts";
import { isTerminal } from "./print.ts";
import { voice } from "./voice.ts";

// The password of a secret key: a flag, standard input, or a question at the terminal.

export const passwordFlags: readonly Flag[] = [
  textFlag("password", "string", "Password of the key; others on this machine can see it", "P"),
  boolFlag("password-stdin", "Read the password from standard input"),
];

/** Of a key that is there. `what` names it in the question. Throws key-password-missing. */
export function keyPassword(flags: Flags, what: string): string {
  return given(flags) ?? asked(`Password of ${what}: `);
}

/** Of a key that is to be locked by it; empty for none. Asked for twice. */
export function newKeyPassword(flags: Flags, what: string): string {
  const known = given(flags);
  if (known !== undefined) return known;
  const password = asked(`New password of ${what}, empty for none: `);
  if (askSecret("The same again: ") !== password) throw keyPasswordsDiffer();
  return password;
}

function given(flags: Flags): string | undefined {
  const word = flags.text("password");
  if (flags.bool("password-stdin")) {
    if (word !== undefined) throw optionsConflict("--password", "--password-stdin", "both give the password");
    return readAllInput().replace(/\r?\n$/, "");
  }
  if (word !== undefined && word !== "") voice().warn("--password on the command line can be seen by others");
  return word;
}

function asked(question: string): string {
  if (!isTerminal(0)) throw keyPasswordMissing();
  return askSecret(question);
}

/** A line from the terminal where the flag was not given; empty without a terminal. */
export function textOrAsk(flags: Flags, name: string, question: string): string {
  const word = flags.text(name);
  if (word !== undefined) return word;
  return isTerminal(0) ? ask(question) : "";
}
