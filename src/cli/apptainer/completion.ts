import { commands, groups } from "./commands.ts";
import { globalOptions } from "./globals.ts";
import type { PersonaCommand } from "./option.ts";

// Completions for shells, from the table: commands and options that act. Behind them the shell completes files.

export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

const names = ["apptainer", "singularity"] as const;

/** The script that a shell reads. `describes`: with the help texts, where the shell shows them (fish). */
export function printCompletion(shell: Shell, describes: boolean): string {
  switch (shell) {
    case "bash":
      return bash();
    case "zsh":
      return `#compdef ${names.join(" ")}\nautoload -U +X bashcompinit && bashcompinit\n${bash()}`;
    case "fish":
      return fish(describes);
    default:
      return shell satisfies never;
  }
}

function working(): readonly PersonaCommand[] {
  return commands.filter(({ state, isHidden }) => state.is === "works" && isHidden !== true);
}

function optionsOf({ options }: PersonaCommand): PersonaCommand["options"] {
  return options.filter(
    ({ state, isHidden }) => (state.is === "works" || state.is === "always") && isHidden !== true,
  );
}

/** First words of commands that work. */
function firstWords(): readonly string[] {
  return [...new Set(working().map(({ name }) => name.split(" ")[0] ?? ""))].sort();
}

function secondWords(group: string): readonly string[] {
  return working()
    .filter(({ name }) => name.startsWith(`${group} `))
    .map(({ name }) => name.slice(group.length + 1));
}

function workingGroups(): readonly string[] {
  return groups.filter((group) => secondWords(group).length > 0);
}

function bash(): string {
  const groupRows = workingGroups().map((group) => `    ${group}) more="${secondWords(group).join(" ")}" ;;`);
  const commandRows = working().map((command) => {
    const words = optionsOf(command).flatMap(({ name, short }) => [
      `--${name}`,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    return `    "${command.name}") options="${words.join(" ")}" ;;`;
  });
  return `_apptainer() {
  local current=\${COMP_WORDS[COMP_CWORD]} first= second= word options= more=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) if [ -z "$first" ]; then first=$word; elif [ -z "$second" ]; then second=$word; fi ;;
    esac
  done
  if [ -z "$first" ]; then
    options="${globalOptions.map(([name]) => `--${name}`).join(" ")}"
    more="${firstWords().join(" ")}"
  elif [ -z "$second" ]; then
    case $first in
  ${groupRows.join("\n  ")}
    esac
  fi
  case $first in
    ${workingGroups().join("|")}) first="$first $second" ;;
  esac
  case $first in
${commandRows.join("\n")}
  esac
  COMPREPLY=()
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ -n "$more" ]; then COMPREPLY=($(compgen -W "$more" -- "$current")); fi ;;
  esac
}
complete -o default -o bashdefault -F _apptainer ${names.join(" ")}
`;
}

function fish(describes: boolean): string {
  const note = (text: string) => (describes ? ` -d '${text.replace(/['\\]/g, "\\$&")}'` : "");
  const single = working().filter(({ name }) => !name.includes(" "));
  const lines = names.flatMap((program) => {
    const complete = (condition: string, rest: string) => `complete -c ${program} -n '${condition}' ${rest}`;
    const summaries = new Map(single.map(({ name, summary }) => [name, summary]));
    return [
      ...firstWords().map((word) =>
        complete("__fish_use_subcommand", `-f -a ${word}${note(summaries.get(word) ?? "")}`),
      ),
      ...working().flatMap((command) => {
        const [first = "", second] = command.name.split(" ");
        const inFirst = `__fish_seen_subcommand_from ${first}`;
        const isHere =
          second === undefined ? inFirst : `${inFirst}; and __fish_seen_subcommand_from ${second}`;
        const words = secondWords(first).join(" ");
        return [
          ...(second === undefined
            ? []
            : [
                complete(
                  `${inFirst}; and not __fish_seen_subcommand_from ${words}`,
                  `-f -a ${second}${note(command.summary)}`,
                ),
              ]),
          ...optionsOf(command).map(({ name, short, kind, help }) =>
            complete(
              isHere,
              `-l ${name}${short === undefined ? "" : ` -s ${short}`}${kind === "bool" ? "" : " -r"}${note(help)}`,
            ),
          ),
        ];
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}
