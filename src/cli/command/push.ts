import { type Engine, openEngine, pushImage } from "#engine";
import { listImages } from "#image";
import {
  familiarName,
  type ImageReference,
  parseNamed,
  parsePlatform,
  parseReference,
  printReference,
} from "#spec";
import type { Command } from "../command.ts";
import { allTagsOfOne, repositoryNotHere } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";
import { showingTransfer } from "../pull-progress.ts";

export const command: Command = {
  name: "push",
  usage: "[OPTIONS] NAME[:TAG]",
  summary: "Send an image to the registry in its name",
  flags: [
    boolFlag("all-tags", "Push every tag of the repository that is here", "a"),
    boolFlag("disable-content-trust", "Taken for Docker's sake: signatures of Docker's kind are not made"),
    textFlag("platform", "os/arch", "Push the image of this platform alone"),
    boolFlag("quiet", "Print the name alone", "q"),
  ],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const engine = openEngine();
    const wanted = flags.text("platform");
    const platform = wanted === undefined ? {} : { platform: parsePlatform(wanted) };
    const quiet = flags.bool("quiet");
    const references = flags.bool("all-tags") ? tagsOf(engine, name) : [parseReference(name)];
    for (const reference of references) {
      const pushed = await showingTransfer({ quiet }, (transfer) =>
        pushImage(engine, reference, { ...transfer, ...platform }),
      );
      outLine(
        quiet
          ? printReference(reference)
          : `${reference.tag ?? "latest"}: digest: ${pushed.digest} size: ${pushed.size}`,
      );
    }
    return 0;
  },
};

function tagsOf(engine: Engine, name: string): readonly ImageReference[] {
  const repository = parseNamed(name);
  if (repository.tag !== undefined || repository.digest !== undefined) throw allTagsOfOne("push", name);
  const references = listImages(engine.store)
    .images.flatMap((image) => image.names.map(parseNamed))
    .filter((reference) => familiarName(reference) === familiarName(repository));
  if (references.length === 0) throw repositoryNotHere(familiarName(repository));
  return references;
}
