import { statSync } from "node:fs";
import { loadImages, openEngine } from "#engine";
import { readDescriptor, readPath } from "#image";
import { parsePlatform } from "#spec";
import type { Command } from "../command.ts";
import { archiveFromTerminal } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { isTerminal, outLine } from "../print.ts";
import { openProgress } from "../progress.ts";
import { checkReadable } from "../readable.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "load",
  usage: "[OPTIONS]",
  summary: "Read images from an archive that `save` of Vial, Docker or Podman made",
  flags: [
    textFlag(
      "input",
      "file",
      "Read from a file (or the folder of an OCI layout) instead of standard input",
      "i",
    ),
    textFlag("platform", "os/arch", "Take the image for this platform"),
    boolFlag("quiet", "Do not show the progress", "q"),
  ],
  args: [0, 0],
  async run(flags) {
    const input = flags.text("input");
    if (input === undefined && isTerminal(0)) throw archiveFromTerminal("load", "-i FILE");
    const wanted = flags.text("platform");
    if (input !== undefined) checkReadable("--input", input);
    const info = input === undefined ? undefined : statSync(input);
    const total = info?.isFile() === true ? info.size : undefined;
    using progress = openProgress({ quiet: flags.bool("quiet") });
    const subject = input === undefined ? "the archive on standard input" : `the archive "${input}"`;
    const place =
      input !== undefined && info?.isDirectory() === true
        ? { folder: input }
        : { bytes: counted(input === undefined ? readDescriptor(0) : readPath(input)) };
    const images = await loadImages(openEngine(), place, {
      subject,
      warn: voice().warn,
      ...(wanted === undefined ? {} : { platform: parsePlatform(wanted) }),
    });
    progress[Symbol.dispose]();
    for (const image of images) {
      for (const name of image.names) outLine(`Loaded image: ${name}`);
      if (image.names.length === 0) outLine(`Loaded image ID: ${image.id}`);
    }
    return 0;

    async function* counted(bytes: AsyncIterable<Uint8Array>) {
      let done = 0;
      for await (const chunk of bytes) {
        done += chunk.length;
        progress.event({ kind: "layer", id: "archive", phase: "reading", done, total });
        yield chunk;
      }
      progress.event({ kind: "layer", id: "archive", phase: "unpacking", done, total: undefined });
    }
  },
};
