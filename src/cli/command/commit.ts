import { commitContainer, openEngine } from "#engine";
import { parseChanges } from "#image";
import { parseReference } from "#spec";
import type { Command } from "../command.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "commit",
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  summary: "Make an image of a container with its changes",
  mapped: "range",
  flags: [
    textFlag("author", "name", "Author of the image", "a"),
    listFlag(
      "change",
      "instruction",
      "Change the image's settings: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL,\nUSER, VOLUME, WORKDIR",
      "c",
    ),
    textFlag("message", "text", "Comment in the image's history", "m"),
    boolFlag("pause", "Freeze the container meanwhile (default: if it can be)", "p"),
  ],
  args: [1, 2],
  async run(flags, [name = "", reference]) {
    const changes = flags.list("change");
    const id = await commitContainer(openEngine(), name, {
      reference: reference === undefined ? undefined : parseReference(reference),
      author: flags.text("author"),
      message: flags.text("message"),
      change: changes.length === 0 ? undefined : parseChanges(changes),
      pause: flags.boolOr("pause", "try"),
      warn: voice().warn,
    });
    outLine(id);
    return 0;
  },
};
