import { commands } from "./commands.ts";
import { globalOptions } from "./globals.ts";
import type { Option, PersonaCommand, State } from "./option.ts";

// The help texts, from the table. What does not act here is marked.

const more = "Run 'apptainer --help' for more detailed usage information.\n";

/** `apptainer --help`. */
export function printOverview(): string {
  const single = commands.filter(({ name, isHidden }) => !name.includes(" ") && isHidden !== true);
  const groups = new Map<string, PersonaCommand[]>();
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    if (second !== undefined) groups.set(first, [...(groups.get(first) ?? []), command]);
  }
  const rows = [
    ...single.map((command): Row => [command.name, `${command.summary}${mark(command.state)}`]),
    ...[...groups].map(([name, list]): Row => {
      const all = list.every(({ state }) => state.is === list[0]?.state.is);
      const words = list.map((command) => command.name.slice(name.length + 1)).join(", ");
      return [name, `${words}${all ? mark(list[0]?.state ?? { is: "works" }) : ""}`];
    }),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    "Apptainer's command line, carried out by Vial\n\nUsage:\n  apptainer [global options...] <command>\n\n" +
    `Commands:\n${columns(rows)}\nGlobal options:\n${columns(globalRows())}\n` +
    "Run 'apptainer help <command>' for its options; docs/apptainer.md lists what works, and what does not and why.\n"
  );
}

export function printHelp(command: PersonaCommand): string {
  const reason = command.state.is === "works" ? "" : `\n${stateText(command.state)}\n`;
  const options = command.options.length === 0 ? "" : `\nOptions:\n${printOptions(command)}`;
  return `${command.summary}\n\nUsage:\n  apptainer [global options...] ${command.name} ${command.usage}\n${reason}${options}\n${more}`;
}

/** `apptainer sif --help`. */
export function printGroupHelp(group: string): string {
  const list = commands.filter(({ name }) => name.startsWith(`${group} `));
  const rows = list.map(
    (command): Row => [command.name.slice(group.length + 1), `${command.summary}${mark(command.state)}`],
  );
  return `Usage:\n  apptainer [global options...] ${group} <command>\n\nCommands:\n${columns(rows)}\n${more}`;
}

/** What stands below the error of a command line that cannot be read. */
export function printUsageError(command: PersonaCommand | undefined, sentence: string): string {
  const name = command === undefined ? "apptainer" : (command.name.split(" ").at(-1) ?? "");
  const options =
    command === undefined || command.options.length === 0
      ? ""
      : `Options for ${name} command:\n\n${printOptions(command)}\n`;
  return `Error for command "${name}": ${sentence}\n\n${options}${more}`;
}

type Row = readonly [string, string];

function printOptions(command: PersonaCommand): string {
  return columns(
    [...command.options]
      .filter(({ isHidden }) => isHidden !== true)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((option): Row => [optionColumn(option), `${option.help}${mark(option.state)}`]),
  );
}

function optionColumn({ name, short, kind, value }: Option): string {
  const text = kind === "bool" ? "" : ` ${value ?? "text"}`;
  return `${short === undefined ? "    " : `-${short}, `}--${name}${text}`;
}

function mark({ is }: State): string {
  return is === "not-yet" ? " (not yet)" : is === "refused" ? " (refused)" : "";
}

function stateText({ is, note = "" }: State): string {
  return `${is === "refused" ? "Refused" : "Not yet"}: ${note}`;
}

function globalRows(): readonly Row[] {
  return globalOptions.map(([name, short, , help]) => [
    `${short === "" ? "    " : `-${short}, `}--${name}`,
    help,
  ]);
}

function columns(rows: readonly Row[]): string {
  const width = Math.min(38, Math.max(0, ...rows.map(([left]) => left.length)) + 3);
  return rows
    .map(([left, right]) =>
      left.length + 2 > width
        ? `  ${left}\n  ${" ".repeat(width)}${right}\n`
        : `  ${left.padEnd(width)}${right}\n`,
    )
    .join("");
}
