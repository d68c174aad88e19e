import { isImageUri, parseSource, parseTarget } from "#engine";
import { hostPlatform, type Platform, parsePlatform } from "#spec";
import type { Command } from "../../command.ts";
import { convertShowing, readFileWish } from "../../convert-wish.ts";
import { boolFlag, textFlag } from "../../flag.ts";
import type { Flags } from "../../parse.ts";
import { defaultName, inFolder } from "../../pull-file.ts";
import { notAnUri } from "../error.ts";

// `apptainer pull [FILE] URI`: always a SIF file (or a folder), whatever its name ends in, and nothing on standard output.

export const command: Command = {
  name: "pull",
  usage: "[OPTIONS] [FILE] URI",
  summary: "Fetch an image into a file",
  flags: [
    textFlag("arch", "name", "Architecture to fetch"),
    textFlag("arch-variant", "name", "Variant of the architecture"),
    textFlag("compression", "name[:level]", "How the file is packed"),
    textFlag("dir", "path", "Folder for the file"),
    boolFlag("force", "Overwrite a file that is there"),
    textFlag("name", "name", "Name of the file"),
    boolFlag("no-https", "Let the registry be spoken to without TLS"),
    textFlag("platform", "os/arch", "Platform to fetch"),
    boolFlag("quiet", "Show no progress"),
    boolFlag("sandbox", "Make a folder"),
    textFlag("tmpdir", "path", "Folder for what is made on the way"),
  ],
  args: [1, 2],
  async run(flags, words) {
    const uri = words.at(-1) ?? "";
    // A name alone would be asked of a library.
    if (!isImageUri(uri)) throw notAnUri(uri);
    const cwd = process.cwd();
    const source = parseSource(uri, cwd);
    const isFolder = flags.bool("sandbox");
    const given = words.length > 1 ? words[0] : flags.filled("name");
    const name = given ?? defaultName(source).replace(isFolder ? /\.sif$/ : /$^/, "");
    const path = inFolder(flags.filled("dir"), name);
    const target = parseTarget(`${isFolder ? "sandbox" : "sif"}:${path}`, cwd);
    const wish = { ...readFileWish(flags), platform: platformOf(flags) };
    await convertShowing(source, target, wish, { quiet: flags.bool("quiet") });
    return 0;
  },
};

/** A variant alone is one of this machine's architecture, as in Apptainer. */
function platformOf(flags: Flags): Platform | undefined {
  const [arch, variant] = [flags.filled("arch"), flags.filled("arch-variant")];
  if (arch === undefined && variant === undefined) return undefined;
  if (variant === undefined) return parsePlatform(arch ?? "");
  return parsePlatform(`linux/${arch ?? hostPlatform().architecture}/${variant}`);
}
