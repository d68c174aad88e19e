import type { BuiltImage } from "#engine";
import { parseReference, printFamiliar, printReference } from "#spec";
import { type BuildOutput, describeOutput, wantsImage } from "./build-output.ts";
import { type ProgressForm, seconds } from "./build-progress.ts";
import { writeFlagFile } from "./flag-file.ts";
import type { Flags } from "./parse.ts";
import { err, errLine, outLine } from "./print.ts";

// What `vial build` says of an image that is built: in files for scripts, and on the terminal.

/** Writes the files of --iidfile and --metadata-file. */
export function writeBuilt(flags: Flags, image: BuiltImage): void {
  writeFlagFile("--iidfile", flags.text("iidfile"), image.id);
  const text = `${JSON.stringify(metadataOf(flags, image), null, 2)}\n`;
  writeFlagFile("--metadata-file", flags.text("metadata-file"), text);
}

/** `took` in milliseconds. */
export function printBuilt(
  flags: Flags,
  image: BuiltImage,
  build: { readonly form: ProgressForm; readonly outputs: readonly BuildOutput[]; readonly took: number },
): void {
  const { form, outputs, took } = build;
  const names = flags.list("tag").map((name) => printFamiliar(parseReference(name)));
  if (form === "rawjson") err(`${JSON.stringify({ kind: "built", ...metadataOf(flags, image), took })}\n`);
  else if (form !== "quiet") {
    const saved = image.saved > 0 ? `, ${seconds(image.saved)} saved by the cache` : "";
    const made = wantsImage(outputs) ? image.id : outputs.map(describeOutput).join(", ");
    errLine(`Built ${names.length === 0 ? made : names.join(", ")} in ${seconds(took)}${saved}`);
  }
  // An ID behind an archive would be a part of it.
  const isFree = outputs.every(({ destination }) => destination !== "-");
  if (isFree && (form === "quiet" || names.length > 0)) outLine(image.id);
}

/** BuildKit's names. */
function metadataOf(flags: Flags, image: BuiltImage) {
  return {
    "containerimage.config.digest": image.id,
    "containerimage.descriptor": image.descriptor,
    "containerimage.digest": image.descriptor.digest,
    "image.name": flags
      .list("tag")
      .map((name) => printReference(parseReference(name)))
      .join(","),
  };
}
