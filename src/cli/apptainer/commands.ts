import { nearest } from "#kit";
import type { PersonaCommand } from "./option.ts";
import { actions } from "./table/action.ts";
import { images } from "./table/image.ts";
import { instances } from "./table/instance.ts";
import { keys } from "./table/keys.ts";
import { others } from "./table/rest.ts";

// Every command of Apptainer. The help texts, the parser and docs/apptainer.md come from here.

export const commands: readonly PersonaCommand[] = [...actions, ...images, ...keys, ...instances, ...others];

/** Other names that Apptainer takes. */
const aliases: Readonly<Record<string, string>> = {
  "sif delete": "sif del",
  "instance.start": "instance start",
  "instance.list": "instance list",
  "instance.stop": "instance stop",
};

/** The first words of commands with two. */
export const groups: readonly string[] = [
  ...new Set(commands.flatMap(({ name }) => (name.includes(" ") ? [name.split(" ")[0] ?? ""] : []))),
];

export interface Found {
  readonly command: PersonaCommand;
  /** How many words named it. */
  readonly words: number;
}

/** The command that the first words name, or the group where they name that alone. */
export function findPersonaCommand(words: readonly string[]): Found | { readonly group: string } | undefined {
  const [first = "", second = ""] = words;
  const single = find(first);
  if (single !== undefined) return { command: single, words: 1 };
  const pair = find(`${first} ${second}`);
  if (pair !== undefined) return { command: pair, words: 2 };
  return groups.includes(first) ? { group: first } : undefined;
}

function find(name: string): PersonaCommand | undefined {
  const wanted = Object.hasOwn(aliases, name) ? aliases[name] : name;
  return commands.find((command) => command.name === wanted);
}

/** A command with a like name, for "did you mean". */
export function nearCommand(word: string): string | undefined {
  const names = commands
    .filter(({ isHidden }) => isHidden !== true)
    .map(({ name }) => name.split(" ")[0] ?? "");
  return nearest(word, [...new Set(names)]);
}
