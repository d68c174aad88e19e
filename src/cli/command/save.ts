import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { openEngine } from "#engine";
import { findImage, saveDockerArchive, saveLayout, saveOciArchive, selectImages } from "#image";
import { parsePlatform } from "#spec";
import type { Command } from "../command.ts";
import { archiveToTerminal, flagValueInvalid, outputMissing } from "../error.ts";
import { textFlag } from "../flag.ts";
import { isTerminal, out } from "../print.ts";

export const command: Command = {
  name: "save",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Write images to an archive, for `load` here, in Docker or in Podman",
  flags: [
    textFlag(
      "format",
      "form",
      "Form of the archive: docker-archive (default), oci-archive,\nor oci-dir (a folder)",
    ),
    textFlag("output", "file", "Write to a file instead of standard output", "o"),
    textFlag("platform", "os/arch", "Take only an image for this platform"),
  ],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const { store } = openEngine();
    const form = flags.text("format") ?? "docker-archive";
    const output = flags.text("output");
    if (!["docker-archive", "oci-archive", "oci-dir"].includes(form))
      throw flagValueInvalid("--format", form, "docker-archive, oci-archive or oci-dir");
    const wanted = flags.text("platform");
    // Throws where the image is there for other platforms alone.
    if (wanted !== undefined) for (const name of names) findImage(store, name, parsePlatform(wanted));
    const images = selectImages(store, names);
    if (form === "oci-dir") {
      if (output === undefined) throw outputMissing("oci-dir");
      saveLayout(store, images, output);
      return 0;
    }
    const chunks = form === "oci-archive" ? saveOciArchive(store, images) : saveDockerArchive(store, images);
    if (output !== undefined) writeFileWhole(output, chunks);
    else if (isTerminal(1)) throw archiveToTerminal("save");
    else for (const chunk of chunks) out(chunk);
    return 0;
  },
};

/** A file comes into being complete or not at all; a pipe or a device is written as it is. */
export function writeFileWhole(path: string, chunks: Iterable<Uint8Array>): void {
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false;
  const target = isSpecial ? path : `${path}.part-${process.pid}`;
  const fd = openSync(target, "w", 0o600);
  try {
    for (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
    if (!isSpecial) renameSync(target, path);
  } catch (error) {
    if (!isSpecial) rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
