import { statSync } from "node:fs";
import { type ConvertWish, type Converted, convertImage, type ImagePlace, openEngine } from "#engine";
import { parseSquashfsPacking } from "#sif";
import { parsePlatform, type Platform, printReference } from "#spec";
import { flagsTogether, flagValueInvalid } from "./error.ts";
import { boolFlag, textFlag } from "./flag.ts";
import type { Flag } from "./command.ts";
import type { Flags } from "./parse.ts";
import { showingTransfer } from "./pull-progress.ts";

// What `convert`, and `pull` and `push` of files, have in common.

/** The flags of the work on files; `platform` and `quiet` are the verbs' own. */
export const fileFlags: readonly Flag[] = [
  textFlag("arch", "name", "Take the image for this architecture, as in --platform linux/NAME"),
  textFlag("compression", "name[:level]", "How a squashfs is packed: zstd (default), gzip, lz4, lz4:hc, xz"),
  boolFlag("force", "Replace the file that is there", "F"),
  boolFlag(
    "no-https",
    "Let the registry be spoken to without TLS, or with a certificate that nobody vouches for",
  ),
  textFlag("tmpdir", "folder", "Pack the file system there first (default VIAL_TMPDIR, or beside the file)"),
];

/** `--platform`, or `--arch`, which is a part of it. */
export function readPlatform(flags: Flags): Platform | undefined {
  const [platform, arch] = [flags.text("platform"), flags.text("arch")];
  if (platform !== undefined && arch !== undefined) throw flagsTogether("--platform", "--arch");
  const text = platform ?? arch;
  return text === undefined ? undefined : parsePlatform(text);
}

type FileWish = Omit<ConvertWish, "source" | "target" | "report" | "warn" | "signal">;

/** What `fileFlags` say. */
export function readFileWish(flags: Flags): FileWish {
  const temporary = flags.filled("tmpdir") ?? (process.env.VIAL_TMPDIR || undefined);
  if (temporary !== undefined && statSync(temporary, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw flagValueInvalid("--tmpdir", temporary, "a folder that is there");
  return {
    platform: readPlatform(flags),
    packing: parseSquashfsPacking(flags.filled("compression") ?? "zstd"),
    force: flags.bool("force"),
    insecure: flags.bool("no-https"),
    temporary,
  };
}

/** Moves an image, and shows how it goes. */
export async function convertShowing(
  source: ImagePlace,
  target: ImagePlace,
  wish: FileWish,
  options: { readonly quiet: boolean },
): Promise<Converted> {
  const engine = openEngine();
  return await showingTransfer(options, async (transfer) => {
    const { report = () => {}, warn = () => {}, signal = new AbortController().signal } = transfer;
    return await convertImage(engine, { ...wish, source, target, report, warn, signal });
  });
}

/** What is said of a push, as `vial push` does. */
export function printPushed(place: ImagePlace, { pushed }: Converted, quiet: boolean): string {
  if (!("reference" in place) || pushed === undefined) throw new Error("our bug: this was no push");
  const { reference } = place;
  return quiet
    ? printReference(reference)
    : `${reference.tag ?? "latest"}: digest: ${pushed.digest} size: ${pushed.size}`;
}
