import type { Command, Flag } from "./command.ts";
import { groups, namesOfGroup, sections, table } from "./commands.ts";

/** `vial help`: every verb with its summary. Loads all of them, which nothing else does. */
export async function printOverview(): Promise<string> {
  const parts = [
    "Usage:  vial [OPTIONS] COMMAND\n\nOne image, run at the depth of isolation that the work needs\n",
  ];
  for (const section of sections) {
    const rows = await summaries(
      section.names.filter((name) => Object.hasOwn(table, name)).map((name) => [name, name]),
    );
    if (rows.length > 0) parts.push(`${section.title}:\n${columns(rows)}`);
  }
  parts.push(
    `Groups, with the commands above under Docker's long names and a few more:\n${columns(Object.entries(groups))}`,
  );
  parts.push(`Options:\n${columns(globalRows)}`);
  parts.push("Run `vial COMMAND --help` for the options of a command\n");
  return parts.join("\n");
}

const globalRows: readonly (readonly [string, string])[] = [
  ["-c, --context NAME", "Speak to the engine of that name (see `vial context`)"],
  ["-H, --host ADDRESS", "Speak to the engine there: unix://PATH, tcp://HOST:PORT, ssh://USER@HOST"],
  ["    --debug", "Show the chain of causes of an error"],
  ["    --root DIR", "Keep everything in DIR (as the variable VIAL_ROOT does)"],
  ["-h, --help", "Show this text"],
  ["-v, --version", "Show the version and stop"],
];

/** `vial image --help`: the verbs of a group. */
export async function printGroup(group: string): Promise<string> {
  const rows = await summaries([...namesOfGroup(group)]);
  return (
    `Usage:  vial ${group} COMMAND\n\n${groups[group] ?? ""}\n\n` +
    `Commands:\n${columns(rows)}\n` +
    `Run \`vial ${group} COMMAND --help\` for the options of a command\n`
  );
}

/** `vial run --help`: usage, summary, the table of flags, and examples. `program`: by whose name Vial was called. */
export function printCommand(command: Command, program = "vial"): string {
  const head = `Usage:  ${program} ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}\n\n${command.summary}\n`;
  const examples = command.examples ?? [];
  const tail = examples.length === 0 ? "" : `\nExamples:\n${examples.map((line) => `  ${line}\n`).join("")}`;
  if (command.flags.length === 0) return head + tail;
  const flags = [...command.flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${head}\nOptions:\n${columns(flags.map((flag) => [flagColumn(flag), flag.help]))}${tail}`;
}

function flagColumn(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.kind === "bool" ? "" : ` ${flag.value ?? (flag.kind === "list" ? "list" : "string")}`;
  return `${short}--${flag.name}${flag.implied === undefined ? value : `[=${value.trim()}]`}`;
}

async function summaries(pairs: readonly (readonly [string, string])[]): Promise<[string, string][]> {
  const rows: [string, string][] = [];
  for (const [shown, name] of pairs) {
    const loaded = await table[name]?.();
    if (loaded !== undefined) rows.push([shown, loaded.command.summary]);
  }
  return rows;
}

/** Two columns, the first as wide as its widest cell, with further lines of the second put below it. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows
    .map(
      ([left, right]) => `  ${left.padEnd(width)}${right.replaceAll("\n", `\n${" ".repeat(width + 2)}`)}\n`,
    )
    .join("");
}
