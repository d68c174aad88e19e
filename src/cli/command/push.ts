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
import { allTagsOfOne, flagForFiles, flagsTogether, repositoryNotHere } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { outLine } from "../print.ts";
import { showingTransfer } from "../pull-progress.ts";

export const command: Command = {
  name: "push",
  usage: "[OPTIONS] NAME[:TAG]\n       vial push [OPTIONS] FILE.sif URI",
  summary: "Send an image to the registry in its name, or a file to a place",
  flags: [
    boolFlag("all-tags", "Push every tag of the repository that is here", "a"),
    boolFlag("disable-content-trust", "Taken for Docker's sake: signatures of Docker's kind are not made"),
    boolFlag("no-https", "With a URI: let the registry be spoken to without TLS"),
    textFlag("platform", "os/arch", "Push the image of this platform alone"),
    boolFlag("quiet", "Print the name alone", "q"),
  ],
  args: [1, 2],
  examples: ["vial push registry.example/tool:1.0", "vial push tool.sif oras://registry.example/tool:1.0"],
  async run(flags, [name = "", uri]) {
    if (uri !== undefined) return await sendFile(flags, name, uri);
    if (flags.has("no-https"))
      throw flagForFiles("push", "no-https", `vial push --no-https ${name} docker://${name}`);
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

async function sendFile(flags: Flags, path: string, uri: string): Promise<number> {
  if (flags.bool("all-tags")) throw flagsTogether("--all-tags", "a URI");
  const { pushFile } = await import("../push-file.ts");
  const platform = flags.text("platform");
  const line = await pushFile(path, uri, {
    insecure: flags.bool("no-https"),
    quiet: flags.bool("quiet"),
    platform: platform === undefined ? undefined : parsePlatform(platform),
  });
  outLine(line);
  return 0;
}

function tagsOf(engine: Engine, name: string): readonly ImageReference[] {
  const repository = parseNamed(name);
  if (repository.tag !== undefined || repository.digest !== undefined) throw allTagsOfOne("push", name);
  const references = listImages(engine.store)
    .images.flatMap((image) => image.names.map(parseNamed))
    .filter((reference) => familiarName(reference) === familiarName(repository));
  if (references.length === 0) throw repositoryNotHere(familiarName(repository));
  return references;
}
