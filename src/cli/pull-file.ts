import { type ImagePlace, parseSource, parseTarget } from "#engine";
import { convertShowing, readFileWish } from "./convert-wish.ts";
import { flagsTogether, pullTargetNoFile } from "./error.ts";
import type { Flags } from "./parse.ts";
import { outLine } from "./print.ts";

/** `vial pull [FILE] URI`: an image as one file. Prints its path. */
export async function pullFile(flags: Flags, words: readonly string[]): Promise<number> {
  if (flags.bool("all-tags")) throw flagsTogether("--all-tags", "a file or a URI");
  const cwd = process.cwd();
  const source = parseSource(words.at(-1) ?? "", cwd);
  const given = words.length > 1 ? words[0] : undefined;
  const path = inFolder(flags.filled("dir"), given ?? defaultName(source));
  const asked = parseTarget(path, cwd);
  if ("reference" in asked) throw pullTargetNoFile(path);
  // A name that says nothing of a form, such as "image", is that of a SIF file.
  const isPlain = asked.kind === "store" || (asked.kind === "sandbox" && !/^sandbox:|\/$/.test(path));
  const target = isPlain ? parseTarget(`sif:${path}`, cwd) : asked;
  await convertShowing(source, target, readFileWish(flags), { quiet: flags.bool("quiet") });
  if (!flags.bool("quiet")) outLine(path);
  return 0;
}

/** A name below the folder of `--dir`; an absolute path stays what it is. */
export function inFolder(folder: string | undefined, name: string): string {
  return folder === undefined || name.startsWith("/") ? name : `${folder.replace(/\/+$/, "")}/${name}`;
}

/** As Apptainer has it: "docker://registry.example/a/tool:1.0" becomes "tool_1.0.sif". */
export function defaultName(place: ImagePlace): string {
  const plain = (text: string) => text.replace(/[^A-Za-z0-9._+-]/g, "_");
  if ("reference" in place) {
    const { path, tag, digest } = place.reference;
    const version = tag ?? (digest === undefined ? "latest" : digest.replace(":", "."));
    return `${path.slice(path.lastIndexOf("/") + 1)}_${version}.sif`;
  }
  if (place.kind === "store") return `${plain(place.name.replaceAll(":", "_"))}.sif`;
  const base = place.path
    .slice(place.path.lastIndexOf("/") + 1)
    .replace(/\.(tar|sif|simg|sqfs|squashfs)$/, "");
  const tag = "tag" in place && place.tag !== undefined ? `_${place.tag}` : "";
  return `${plain(base)}${plain(tag)}.sif`;
}
