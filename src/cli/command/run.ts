import { createAndBegin, createUnderMonitor, launchRun, openEngine, runAttached, runDirectly } from "#engine";
import { openIdFile } from "../cidfile.ts";
import type { Command } from "../command.ts";
import { containerFlags } from "../container-flags.ts";
import { joinedContainer, readContainerWish } from "../container-wish.ts";
import { inputNoTerminal } from "../error.ts";
import { isTerminal } from "../print.ts";
import { startFailureCode } from "../start-failure.ts";
import { followTerminal, readDetachKeys, sayDetached, terminalStreams } from "../streams.ts";
import { imageForRun, imagesOfMounts } from "../image-for-run.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "run",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  summary: "Run a program in a new container",
  mapped: "range",
  meets: joinedContainer,
  flags: [
    ...containerFlags,
    { name: "detach", short: "d", kind: "bool", help: "Run in the background and print the container's id" },
    {
      name: "detach-keys",
      kind: "string",
      value: "keys",
      help: "Keys that leave the container running (default ctrl-p,ctrl-q)",
    },
    { name: "sig-proxy", kind: "bool", help: "Pass signals on to the program (default true)" },
    { name: "quiet", short: "q", kind: "bool", help: "Do not show the progress of a pull" },
  ],
  interspersed: false,
  args: [1, Number.POSITIVE_INFINITY],
  failureCode: startFailureCode,
  async run(flags, [imageName = "", ...words]) {
    const engine = openEngine();
    const wish = readContainerWish(flags, words);
    if (wish.terminal === true && wish.interactive === true && !flags.bool("detach") && !isTerminal(0))
      throw inputNoTerminal("run", "-it");
    const detachKeys = readDetachKeys(flags);
    const image = await imageForRun(engine, imageName, flags);
    const mounts = await imagesOfMounts(engine, wish.mounts ?? [], flags);
    using idFile = openIdFile(flags.filled("cidfile"));
    const detach = flags.bool("detach");
    const { spec, place, early } = createAndBegin(
      engine,
      image,
      imageName,
      { ...wish, mounts },
      (planned, at) => launchRun(engine, planned, at, detach),
    );
    idFile?.write(spec.id);
    const { warn } = voice();
    const passSignals = flags.boolOr("sig-proxy", true);
    if (early.kind === "direct")
      return await runDirectly(engine, spec, place, early.launched, { warn, passSignals });
    const { launched } = early;
    if (detach) {
      createUnderMonitor(engine, spec, place, { attended: false, warn, launched }).begin();
      console.log(spec.id);
      return 0;
    }
    const streams = terminalStreams({ interactive: spec.interactive, detachKeys });
    let restore = () => {};
    try {
      const code = await runAttached(engine, spec, place, {
        streams,
        warn,
        launched,
        attached: (attachment) => {
          restore = followTerminal(attachment, place, spec, passSignals);
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
