// The generated part of docs/docker.md: every command and option of Docker's, and what becomes of it.

import { loaderOf } from "../src/cli/docker/commands.ts";
import { stateOf } from "../src/cli/docker/extend.ts";
import { links } from "../src/cli/docker/links.ts";
import { dockerOptions } from "../src/cli/docker/options.ts";
import { optionTable } from "../src/cli/docker/table/options.ts";
import { withoutCommand } from "../src/cli/docker/table/states.ts";

export async function printDockerTable(): Promise<string> {
  const names = [...new Set([...Object.keys(optionTable), ...Object.keys(links)])]
    .filter((name) => !Object.hasOwn(withoutCommand, name))
    .sort();
  const rows = await Promise.all(names.map(rowOf));
  const missing = Object.entries(withoutCommand).map(
    ([name, { is, note }]) => `| \`${name}\` | ${is === "refused" ? "refused" : "not yet"} | ${cell(note)} |`,
  );
  return `| command | state | |\n|---|---|---|\n${[...rows, ...missing].sort().join("\n")}`;
}

async function rowOf(name: string): Promise<string> {
  const loaded = await loaderOf(name)?.();
  if (loaded === undefined) return `| \`${name}\` | not yet | this version of Vial has no command for it |`;
  const states = (dockerOptions(name) ?? []).map((option) => ({
    option: option.name,
    state: stateOf(loaded.command, name, option.name),
  }));
  const taken = group(
    states.flatMap(({ option, state }) => (state.is === "taken" ? [[state.note, option]] : [])),
  );
  const absent = group(
    states.flatMap(({ option, state }) => (state.is === "not here" ? [[state.note, option]] : [])),
  );
  const notes = [
    ...[...taken].map(([note, options]) => `taken: ${options} (${note})`),
    ...[...absent].map(([note, options]) => `not here: ${options} (${note})`),
  ];
  return `| \`${name}\` | works | ${cell(notes.join("; "))} |`;
}

/** Options by what is said of them. */
function group(pairs: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const [note = "", option = ""] of pairs) {
    const before = groups.get(note);
    groups.set(note, `${before === undefined ? "" : `${before} `}\`--${option}\``);
  }
  return groups;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
