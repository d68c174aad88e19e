import { type Engine, isImageUri, listRemoteTags, openEngine } from "#engine";
import {
  type ImageReference,
  type Platform,
  parseNamed,
  parseReference,
  printFamiliar,
  printReference,
} from "#spec";
import type { Command } from "../command.ts";
import { fileFlags, readPlatform } from "../convert-wish.ts";
import { allTagsOfOne, flagForFiles } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { outLine } from "../print.ts";
import { pullShowingProgress } from "../pull-progress.ts";

export const command: Command = {
  name: "pull",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]\n       vial pull [OPTIONS] [FILE.sif] URI",
  summary: "Get an image from a registry, into the store or as one file",
  flags: [
    boolFlag("all-tags", "Pull every tag of the repository", "a"),
    boolFlag(
      "disable-content-trust",
      "Taken for Docker's sake: signatures of Docker's kind are not asked for",
    ),
    textFlag("dir", "folder", "Put the file there"),
    ...fileFlags,
    textFlag("platform", "os/arch", "Take the image for this platform"),
    boolFlag("quiet", "Print the name alone", "q"),
  ],
  args: [1, 2],
  examples: [
    "vial pull debian:12",
    "vial pull docker://debian:12",
    "vial pull tool.sif oras://registry.example/tool:1.0",
  ],
  async run(flags, words) {
    const [name = ""] = words;
    if (words.length > 1 || isImageUri(name))
      return await (await import("../pull-file.ts")).pullFile(flags, words);
    refuseFileFlags(flags, name);
    const engine = openEngine();
    const options = {
      platform: readPlatform(flags),
      quiet: flags.bool("quiet"),
    };
    if (!flags.bool("all-tags")) {
      await pullOne(engine, parseReference(name), options);
      return 0;
    }
    const repository = parseNamed(name);
    if (repository.tag !== undefined || repository.digest !== undefined) throw allTagsOfOne("pull", name);
    for (const tag of await listRemoteTags(repository))
      await pullOne(engine, { ...repository, tag }, options);
    return 0;
  },
};

/** Flags that say something of a file, where there is none. */
function refuseFileFlags(flags: Flags, name: string): void {
  const given = ["compression", "dir", "force", "no-https", "tmpdir"].find((flag) => flags.has(flag));
  if (given !== undefined) throw flagForFiles("pull", given, `vial pull --${given} ... docker://${name}`);
}

async function pullOne(
  engine: Engine,
  reference: ImageReference,
  options: { readonly platform: Platform | undefined; readonly quiet: boolean },
): Promise<void> {
  const pulled = await pullShowingProgress(engine, reference, options.platform, options);
  if (!options.quiet) {
    outLine(`Digest: ${pulled.repositoryDigest}`);
    outLine(
      pulled.changed
        ? `Status: Downloaded newer image for ${printFamiliar(reference)}`
        : `Status: Image is up to date for ${printFamiliar(reference)}`,
    );
  }
  outLine(printReference(reference));
}
