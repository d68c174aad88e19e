import { type Engine, listRemoteTags, openEngine } from "#engine";
import {
  type ImageReference,
  type Platform,
  parseNamed,
  parsePlatform,
  parseReference,
  printFamiliar,
  printReference,
} from "#spec";
import type { Command } from "../command.ts";
import { allTagsOfOne } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";
import { pullShowingProgress } from "../pull-progress.ts";

export const command: Command = {
  name: "pull",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  summary: "Get an image from a registry",
  flags: [
    boolFlag("all-tags", "Pull every tag of the repository", "a"),
    boolFlag(
      "disable-content-trust",
      "Taken for Docker's sake: signatures of Docker's kind are not asked for",
    ),
    textFlag("platform", "os/arch", "Take the image for this platform"),
    boolFlag("quiet", "Print the name alone", "q"),
  ],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const engine = openEngine();
    const wanted = flags.text("platform");
    const options = {
      platform: wanted === undefined ? undefined : parsePlatform(wanted),
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
