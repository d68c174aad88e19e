// The generated part of docs/apptainer.md: every command and option of Apptainer, and what becomes of it.

import { commands } from "../src/cli/apptainer/commands.ts";
import type { Option, PersonaCommand, State } from "../src/cli/apptainer/option.ts";

const words: Readonly<Record<State["is"], string>> = {
  works: "works",
  always: "taken",
  "not-yet": "not yet",
  refused: "refused",
};

export function printPersonaTable(): string {
  const rows = commands.map(
    ({ name, state }) => `| \`${name}\` | ${words[state.is]} | ${cell(state.note ?? "")} |`,
  );
  const head = "| command | state | |\n|---|---|---|";
  return `${counts()}\n\n${head}\n${rows.join("\n")}\n\n${sections().join("\n\n")}`;
}

function counts(): string {
  const working = commands.filter(({ state }) => state.is === "works");
  const options = working.flatMap((command) => command.options);
  const count = (is: State["is"]) => options.filter(({ state }) => state.is === is).length;
  return (
    `${working.length} of ${commands.length} commands work. Of their ${options.length} options ${count("works")} act, ` +
    `${count("always")} are taken because Vial is so anyway, ${count("not-yet")} are not there yet, and ` +
    `${count("refused")} are refused.`
  );
}

/** One per command; a command that takes most of another's options names that one, and lists its own. */
function sections(): readonly string[] {
  const before: PersonaCommand[] = [];
  return commands
    .filter(({ options }) => options.length > 0)
    .map((command) => {
      const like = before.find(({ options }) => shared(command, options) > options.length * 0.8);
      before.push(command);
      const heading = `### ${command.name}\n\n`;
      if (like === undefined) return heading + table(command, command.options);
      const own = command.options.filter((option) => !like.options.includes(option));
      const lacks = like.options.filter((option) => !command.options.includes(option));
      const without =
        lacks.length === 0 ? "" : ` without ${lacks.map(({ name }) => `\`--${name}\``).join(", ")}`;
      const differs = command.state.is === like.state.is ? "" : `, all of them ${words[command.state.is]}`;
      const sentence = `The options of \`${like.name}\`${without}${differs}${own.length === 0 ? "." : ", and:"}`;
      return heading + sentence + (own.length === 0 ? "" : `\n\n${table(command, own)}`);
    });
}

function shared(command: PersonaCommand, options: readonly Option[]): number {
  return options.filter((option) => command.options.includes(option)).length;
}

function table(command: PersonaCommand, options: readonly Option[]): string {
  const rows = [...options]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((option) => {
      const short = option.short === undefined ? "" : `\`-${option.short}\`, `;
      const hidden = option.isHidden === true ? " (hidden)" : "";
      const state = command.state.is === "works" ? option.state.is : command.state.is;
      const note =
        command.state.is === "works" || option.state.is !== "works" ? (option.state.note ?? "") : "";
      const variables = option.variables.map((name) => `\`${name}\``).join(" ");
      return `| ${short}\`--${option.name}\`${hidden} | ${words[state]} | ${cell(note)} | ${variables} |`;
    });
  return `| option | state | | variables |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
