import type { Command } from "../../command.ts";
import { begin, type Mode, startFlags } from "../../instance/start.ts";
import { voice } from "../../voice.ts";

// `apptainer instance start` and `run`: as Vial's, in Apptainer's words.

export const commands: Readonly<Record<Mode, { readonly command: Command }>> = {
  start: { command: starting("start") },
  run: { command: starting("run") },
};

function starting(mode: Mode): Command {
  return {
    name: `instance ${mode}`,
    usage: "[OPTIONS] IMAGE NAME [ARG...]",
    summary: "Start a named instance of an image",
    flags: startFlags,
    interspersed: false,
    args: [2, Number.POSITIVE_INFINITY],
    run(flags, [image = "", name = "", ...words]) {
      begin(mode, flags, { image, name, words });
      voice().info("instance started successfully");
      return 0;
    },
  };
}
