import { columns, printCommand } from "../help.ts";
import type { Command } from "../command.ts";
import { findDockerCommand, groups, wordsOfGroup } from "./commands.ts";
import { globalCommand } from "./globals.ts";
import { optionTable } from "./table/options.ts";
import { withoutCommand } from "./table/states.ts";

// `docker --help`, `docker volume --help`, `docker run --help`.

export async function printDockerOverview(): Promise<string> {
  const singles = Object.keys(optionTable).filter(
    (name) => !name.includes(" ") && !Object.hasOwn(withoutCommand, name),
  );
  const rows = await summaries([...singles, "completion"].sort(), (name) => [name]);
  const { flags } = globalCommand;
  return (
    `Usage:  docker [OPTIONS] COMMAND\n\n${globalCommand.summary}\n\n` +
    `Commands:\n${columns(rows)}\nManagement Commands:\n${columns(groupRows())}\n` +
    `Global Options:\n${printCommand({ ...globalCommand, flags }, "docker").split("Options:\n")[1] ?? ""}\n` +
    "Run 'docker COMMAND --help' for more information on a command.\n"
  );
}

function groupRows(): [string, string][] {
  const missing = Object.entries(withoutCommand)
    .filter(([name]) => !name.includes(" "))
    .map(([name, { is, note }]): [string, string] => [
      name,
      `${is === "refused" ? "(refused)" : "(not yet)"} ${note}`,
    ]);
  return [
    ...groups.map((group): [string, string] => [group, wordsOfGroup(group).join(", ")]),
    ...missing,
  ].sort(([a], [b]) => (a < b ? -1 : 1));
}

export async function printDockerGroup(group: string): Promise<string> {
  const rows = await summaries(wordsOfGroup(group), (word) => [group, word]);
  return (
    `Usage:  docker ${group} COMMAND\n\nCommands:\n${columns(rows)}\n` +
    `Run 'docker ${group} COMMAND --help' for more information on a command.\n`
  );
}

export function printDockerHelp(command: Command, typed: string): string {
  return printCommand(
    { ...command, name: typed, usage: command.usage.split("\n")[0] ?? "", examples: [] },
    "docker",
  );
}

async function summaries(
  names: readonly string[],
  words: (name: string) => readonly string[],
): Promise<[string, string][]> {
  return await Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const found = findDockerCommand(words(name));
      if (found === undefined || "group" in found) return [name, ""];
      return [
        name,
        found.load === undefined ? `(not here) ${found.reason}` : (await found.load()).command.summary,
      ];
    }),
  );
}
