import { attachContainer, findContainer, openEngine, readSpec } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { followTerminal, readDetachKeys, sayDetached, terminalStreams } from "../streams.ts";

export const command: Command = {
  name: "attach",
  usage: "[OPTIONS] CONTAINER",
  summary: "Join the streams of a running container",
  flags: [
    textFlag("detach-keys", "keys", "Keys that leave the container running (default ctrl-p,ctrl-q)"),
    boolFlag("no-stdin", "Do not give it this standard input"),
    boolFlag("sig-proxy", "Pass signals on to the program (default true)"),
  ],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const engine = openEngine();
    const spec = readSpec(findContainer(engine, name));
    const interactive = spec.interactive && !flags.bool("no-stdin");
    let restore = () => {};
    try {
      const code = await attachContainer(engine, name, {
        streams: terminalStreams({ interactive, detachKeys: readDetachKeys(flags) }),
        attached: (attachment, place) => {
          restore = followTerminal(attachment, place, spec, flags.boolOr("sig-proxy", true));
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
