import { execInContainer, execWithOwnTerminal, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { readEnvironment } from "../container-wish.ts";
import { inputNoTerminal } from "../error.ts";
import { isTerminal, out } from "../print.ts";
import { startFailureCode } from "../start-failure.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "exec",
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  summary: "Run a program in a running container",
  flags: [
    { name: "detach", short: "d", kind: "bool", help: "Run in the background" },
    { name: "env", short: "e", kind: "list", value: "name[=value]", help: "Set an environment variable" },
    { name: "env-file", kind: "list", value: "file", help: "Read environment variables from a file" },
    { name: "interactive", short: "i", kind: "bool", help: "Keep stdin open" },
    { name: "privileged", kind: "bool", help: "All capabilities" },
    { name: "tty", short: "t", kind: "bool", help: "Allocate a terminal" },
    { name: "user", short: "u", kind: "string", value: "user[:group]", help: "User inside" },
    { name: "workdir", short: "w", kind: "string", value: "path", help: "Working folder inside" },
  ],
  interspersed: false,
  args: [2, Number.POSITIVE_INFINITY],
  failureCode: startFailureCode,
  run(flags, [name = "", ...words]) {
    const detach = flags.bool("detach");
    const ownTerminal = flags.bool("tty") && !detach && !isTerminal(0);
    if (ownTerminal && flags.bool("interactive")) throw inputNoTerminal("exec", "-it");
    if (flags.bool("tty") && detach)
      voice().warn('a program in the background gets no terminal: "-t" is left out');
    const wish = {
      command: words,
      terminal: flags.bool("tty") && !detach,
      interactive: flags.bool("interactive"),
      detach,
      env: readEnvironment(flags),
      workingDir: flags.text("workdir"),
      user: flags.text("user"),
      privileged: flags.bool("privileged"),
    };
    return ownTerminal
      ? execWithOwnTerminal(openEngine(), name, wish, out)
      : execInContainer(openEngine(), name, wish);
  },
};
