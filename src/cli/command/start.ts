import {
  type ContainerSpec,
  findContainer,
  openEngine,
  readSpec,
  startAttached,
  startContainer,
} from "#engine";
import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { forEach } from "../for-each.ts";
import { startFailureCode } from "../start-failure.ts";
import { followTerminal, readDetachKeys, sayDetached, terminalStreams } from "../streams.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "start",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Start containers that were created or have ended",
  mapped: "range",
  meets: (_flags, [name = ""]) => joinedBy(readSpec(findContainer(openEngine(), name))),
  flags: [
    {
      name: "attach",
      short: "a",
      kind: "bool",
      help: "Follow its output, pass signals on, and end with its exit code",
    },
    { name: "interactive", short: "i", kind: "bool", help: "Give it this standard input" },
    {
      name: "detach-keys",
      kind: "string",
      value: "keys",
      help: "Keys that leave the container running (default ctrl-p,ctrl-q)",
    },
  ],
  args: [1, Number.POSITIVE_INFINITY],
  failureCode: (error) => (startFailureCode(error) === 125 ? 1 : startFailureCode(error)),
  async run(flags, names) {
    const engine = openEngine();
    const { warn } = voice();
    if (!flags.bool("attach") && !flags.bool("interactive"))
      return await forEach(names, async (name) => {
        await startContainer(engine, name, { warn });
      });
    const [name = "", second] = names;
    if (second !== undefined)
      throw optionsConflict("--attach", "several containers", "their output could not be told apart");
    const spec = readSpec(findContainer(engine, name));
    const streams = terminalStreams({
      interactive: flags.bool("interactive"),
      detachKeys: readDetachKeys(flags),
    });
    let restore = () => {};
    try {
      const code = await startAttached(engine, name, {
        streams,
        warn,
        attached: (attachment, place) => {
          restore = followTerminal(attachment, place, spec, true);
        },
      });
      if (code !== undefined) return code;
    } finally {
      restore();
    }
    sayDetached(spec.name);
    return 0;
  },
};

/** The container of which this one joins a namespace. */
function joinedBy({ network, pid, ipc }: ContainerSpec): string | undefined {
  return [network, pid, ipc].flatMap((wish) =>
    typeof wish === "object" && "container" in wish ? [wish.container] : [],
  )[0];
}
