// The steps of a script, each for a shell of its own. Behind its command, a step writes the state of the shell into a
// file; the next one begins by reading it. All of it is the shell's own work, by built-in commands only: an image need not
// have sed or cat, and a program that runs could be seen.
//
// A step has its command on the very line where the script has it, so the shell's messages name the right line. What is
// done around it is silent, also under `set -x`.

import { quoteWord } from "#kit";
import { settingsOf, type ScriptShell } from "./shell.ts";
import type { FunctionText, ScriptCommand } from "./split.ts";

export interface CarryOptions {
  readonly shell: ScriptShell;
  /** A file that all steps see, and that becomes no part of the image. */
  readonly statePath: string;
  /** The shell has process numbers of its own, beside a process 1: one that still runs at the end of a step is found. */
  readonly ownProcesses?: boolean;
}

/** The text of one step, to be run by `program FILE`; the program is the first word of the shell's command. */
export interface ShellStep {
  readonly command: ScriptCommand;
  readonly text: string;
}

/** What a step has left in the state file. */
export type CarriedState =
  | { readonly kind: "carried" }
  /** The script has ended inside of the step, by `exit 0` or the like: the steps behind it do nothing. */
  | { readonly kind: "ended" }
  /** The script has to be run whole, from its beginning. */
  | { readonly kind: "hindered"; readonly reason: string };

/** Steps for all commands that do something; those that only define functions are put into the steps behind them. */
export function makeSteps(commands: readonly ScriptCommand[], options: CarryOptions): readonly ShellStep[] {
  const steps: ShellStep[] = [];
  const running = commands.filter((command) => !command.onlyDefines);
  let functions: readonly FunctionText[] = [];
  for (const command of commands) {
    if (!command.onlyDefines) {
      const place = { first: steps.length === 0, last: steps.length === running.length - 1 };
      steps.push({ command, text: printStep(command, functions, place, options) });
      // bash writes its functions into the state, those that came from a file too.
      if (options.shell.family === "bash") functions = [];
    }
    if (options.shell.family === "sh" || command.onlyDefines)
      functions = [
        ...functions.filter(
          (known) =>
            !command.removed.includes(known.name) &&
            !command.functions.some((one) => one.name === known.name),
        ),
        ...command.functions,
      ];
  }
  return steps;
}

export function readCarriedState(text: string): CarriedState {
  if (text === "") return { kind: "ended" };
  const reason = /^# hindered: ([^\n]*)\n/.exec(text)?.[1];
  if (reason !== undefined) return { kind: "hindered", reason };
  // A full disk, or a shell that was killed.
  if (!text.endsWith("\n# end\n")) return { kind: "hindered", reason: "its state is not whole" };
  return { kind: "carried" };
}

function printStep(
  command: ScriptCommand,
  functions: readonly FunctionText[],
  place: { readonly first: boolean; readonly last: boolean },
  options: CarryOptions,
): string {
  const state = quoteWord(options.statePath);
  const page = new Page();
  // `[` and `.` look nowhere else: the path is absolute.
  page.put(1, place.first ? `: >|${state}` : `{ [ -s ${state} ] || exit 0; . ${state}; } >/dev/null 2>&1`);
  for (const { line, text } of functions) page.put(line, text.replace(/\n$/, ""));
  // An emptied state tells that the script has ended, unless the end of the step writes a new one.
  const settings = (settingsOf(options.shell) ?? []).map((word) => quoteWord(word)).join(" ");
  const begin = place.first
    ? settings === ""
      ? ":"
      : `set ${settings}`
    : `{ : >|${state}; eval "unset __vial_args __vial_again __vial_line __vial_word __vial_options __vial_hindrance; $__vial_again" && :; } 2>/dev/null`;
  page.put(command.from, begin);
  page.put(command.from, command.text.replace(/\n$/, ""));
  return `${page.text}\n${place.last ? "" : printEnd(state, options)}`;
}

/** Text put on lines by number: what comes to the same line is parted by a semicolon. */
class Page {
  text = "";
  #line = 1;

  put(line: number, text: string): void {
    if (line > this.#line) {
      this.text += "\n".repeat(line - this.#line);
      this.#line = line;
    } else if (this.text !== "" && !this.text.endsWith("\n")) this.text += "; ";
    this.text += text;
    this.#line += text.split("\n").length - 1;
  }
}

/** Writes the state. Options are looked at first, before any of ours change them. */
function printEnd(state: string, { shell, ownProcesses = false }: CarryOptions): string {
  const functions = shell.family === "bash" ? "declare -f; declare -F; " : "";
  return `{ __vial_again="(exit $?)"; set +o >|${state}; set +aefuxC; } 2>/dev/null
{
[ "$__vial_again" = "(exit 0)" ] && __vial_again=:
__vial_options= __vial_hindrance= __vial_args=
while IFS= read -r __vial_line; do
__vial_options="$__vial_options$__vial_line
"
done <${state}
trap >|${state}
while IFS= read -r __vial_line; do
case $__vial_line in "trap -- '' "*) ;; *) __vial_hindrance='a trap is set' ;; esac
done <${state}
alias >|${state}
[ -s ${state} ] && __vial_hindrance='an alias is set'
jobs >|${state}
[ -s ${state} ] && __vial_hindrance='a command runs in the background'
[ . -ef . ] && ! [ . -ef "$PWD" ] && __vial_hindrance='the working folder is gone'
${ownProcesses ? findProcesses : ""}for __vial_line in "$PWD" "$@"; do
__vial_word=
while :; do
case $__vial_line in
*\\'*) __vial_word=$__vial_word\${__vial_line%%\\'*}"'\\\\''" __vial_line=\${__vial_line#*\\'} ;;
*) break ;;
esac
done
__vial_args="$__vial_args '$__vial_word$__vial_line'"
done
if [ -n "$__vial_hindrance" ]; then
command printf '# hindered: %s\\nexit 70\\n' "$__vial_hindrance" >|${state}
else {
command printf '# carried\\nset -- %s\\n' "$__vial_args"
command printf '%s\\n' '[ "$PWD" = "$1" ] || command cd -- "$1" || exit 70' shift
command printf 'umask '
umask
command printf '%s\\n' ${quoteWord(forget)}
[ "\${IFS+x}" ] || command printf 'unset IFS\\n'
if command -v shopt >/dev/null; then declare -p; shopt -p; ${functions}else set; export -p; readonly -p; fi
command printf '%s# end\\n' "$__vial_options"
} >|${state} || echo '# hindered: its state could not be written' >|${state}
fi
} 2>/dev/null >/dev/null
exit 0
`;
}

/** Variables that the new shell was started with: those that the script has unset must not come back. */
const forget = [
  "set -f",
  "IFS='",
  "'",
  "for __vial_line in $(export -p); do",
  "case $__vial_line in 'export '* | 'declare -x '*)",
  `__vial_line=\${__vial_line#declare -x }`,
  `__vial_line=\${__vial_line#export }`,
  `__vial_line=\${__vial_line%%=*}`,
  "case $__vial_line in '' | [0-9]* | *[!A-Za-z0-9_]* | PWD) ;; *) command unset \"$__vial_line\" ;; esac ;;",
  "esac",
  "done",
].join("\n");

/** Process 1 and the shell are expected; those that have ended and wait for their parent do not count. */
const findProcesses = `for __vial_line in /proc/[0-9]*; do
case \${__vial_line#/proc/} in $$ | 1) continue ;; esac
IFS= read -r __vial_word <"$__vial_line/stat" || continue
case $__vial_word in *') Z '* | *') X '*) ;; *) __vial_hindrance='a process still runs' ;; esac
done
`;
