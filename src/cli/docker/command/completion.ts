import type { Command } from "../../command.ts";
import { flagValueInvalid } from "../../error.ts";
import { out } from "../../print.ts";
import { dockerOptions } from "../options.ts";
import { groups, wordsOfGroup } from "../commands.ts";
import { globalCommand } from "../globals.ts";
import { optionTable } from "../table/options.ts";

// Completion of Docker's words in bash and zsh, from the table. Behind them the shell completes files.

export const command: Command = {
  name: "completion",
  usage: "bash|zsh",
  summary: "Print a script that completes docker's words in a shell",
  flags: [],
  args: [1, 1],
  run(_flags, [shell = ""]) {
    if (shell !== "bash" && shell !== "zsh") throw flagValueInvalid("completion", shell, "bash or zsh");
    const head = shell === "zsh" ? "#compdef docker\nautoload -U +X bashcompinit && bashcompinit\n" : "";
    out(head + printBash());
    return 0;
  },
};

function printBash(): string {
  const singles = Object.keys(optionTable).filter((name) => !name.includes(" "));
  const first = [...singles, ...groups, "completion", "help"].sort();
  const groupRows = groups.map((group) => `    ${group}) more="${wordsOfGroup(group).join(" ")}" ;;`);
  const rows = Object.keys(optionTable).map((name) => {
    const options = (dockerOptions(name) ?? []).flatMap((flag) => [
      `--${flag.name}`,
      ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    ]);
    return `    "${name}") options="${options.join(" ")} --help" ;;`;
  });
  const globals = globalCommand.flags.map(({ name }) => `--${name}`).join(" ");
  return `_docker() {
  local current=\${COMP_WORDS[COMP_CWORD]} first= second= word options= more=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) if [ -z "$first" ]; then first=$word; elif [ -z "$second" ]; then second=$word; fi ;;
    esac
  done
  if [ -z "$first" ]; then
    options="${globals}"
    more="${first.join(" ")}"
  elif [ -z "$second" ]; then
    case $first in
${groupRows.join("\n")}
    esac
  fi
  case $first in
    container|image|system)
      case $second in
        inspect|prune|df) first="$first $second" ;;
        ls|list) if [ "$first" = image ]; then first=images; else first=ps; fi ;;
        rm) if [ "$first" = image ]; then first=rmi; else first=rm; fi ;;
        *) first=$second ;;
      esac ;;
    ${groups.filter((group) => !["container", "image", "system"].includes(group)).join("|")}) first="$first $second" ;;
  esac
  case $first in
${rows.join("\n")}
  esac
  COMPREPLY=()
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ -n "$more" ]; then COMPREPLY=($(compgen -W "$more" -- "$current")); fi ;;
  esac
}
complete -o default -o bashdefault -F _docker docker
`;
}
