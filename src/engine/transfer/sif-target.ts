import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { type ImageOrigin, singularityFilesOf } from "#build";
import { type Packed, type PackWish, packFiles, type TarTaker } from "#image";
import { architectureOfPlatform, createRootSif, type SquashfsPacking } from "#sif";
import type { Digest, ImageConfig } from "#spec";
import { sifArchitectureNone } from "../error.ts";
import { targetTaken } from "./error.ts";
import type { SourceImage } from "./source.ts";
import { squashfsTaker } from "./squashfs.ts";

/** What of an image a SIF file needs beside its files. */
export interface SifContent {
  readonly config: ImageConfig;
  readonly hasConfig: boolean;
  readonly identity: Digest;
  readonly origin: ImageOrigin;
}

export interface SifTarget {
  readonly path: string;
  readonly packing: SquashfsPacking;
  readonly force: boolean;
  /** Where the root file system is packed first; default: beside the file. */
  readonly temporary?: string | undefined;
}

const definitionPath = "/.singularity.d/Singularity";
const labelsPath = "/.singularity.d/labels.json";

/**
 * Writes a SIF file of what `pack` sends through the packer, the same bytes for the same image. Half a file never stays.
 * Throws sif-architecture-none, target-taken, and what packing does.
 */
export async function writeSifOf(
  content: SifContent,
  target: SifTarget,
  pack: (wish: Omit<PackWish, "diffIds">, take: TarTaker) => Promise<Packed>,
): Promise<void> {
  const { config, identity } = content;
  const architecture = architectureOfPlatform(config.architecture);
  if (architecture === undefined) throw sifArchitectureNone(config.architecture);
  if (!target.force && existsSync(target.path)) throw targetTaken(target.path);
  const seconds = timeOf(config);
  const squashfs =
    target.temporary === undefined
      ? `${target.path}.root-${process.pid}`
      : `${target.temporary}/${basename(target.path)}.root-${process.pid}`;
  try {
    const { texts } = await pack(sifWish(content, seconds), squashfsTaker(squashfs, target.packing, seconds));
    const labels = parseLabels(texts[labelsPath]);
    const definition = texts[definitionPath];
    await createRootSif(target.path, {
      architecture,
      root: { kind: "own-squashfs", path: squashfs },
      ...(definition === undefined ? {} : { deffile: definition }),
      ...(labels === undefined ? {} : { labels }),
      ...(content.hasConfig && config.config != null ? { ociConfig: config.config } : {}),
      identity,
      time: seconds,
      force: target.force,
    });
  } finally {
    rmSync(squashfs, { force: true });
  }
}

/** Packs the files of a source as its config and what it gets of ours say. */
export function packSource(
  source: SourceImage,
  signal: AbortSignal,
): (wish: Omit<PackWish, "diffIds">, take: TarTaker) => Promise<Packed> {
  return (wish, take) => packFiles(source.layers, wish, take, { signal });
}

export function sifWish(content: SifContent, seconds: number): Omit<PackWish, "diffIds"> {
  const { config, origin } = content;
  const { entries } = singularityFilesOf(
    { defaults: config.config ?? {}, architecture: config.architecture, seconds },
    origin,
  );
  return {
    addedTime: seconds,
    added: entries.filter(
      (entry) => entry.kind !== "file" || entry.existing !== "append",
    ) as PackWish["added"],
    addedUnless: "/.singularity.d/actions/run",
    texts: [definitionPath, labelsPath],
  };
}

/** Seconds since 1970 of an image: never the clock. */
export function timeOf(config: ImageConfig): number {
  const created = Math.floor(Date.parse(config.created ?? "") / 1000);
  return Number.isFinite(created) && created > 0 ? created : 0;
}

function parseLabels(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  try {
    const labels = JSON.parse(text) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
  } catch {
    // The image's own, and no labels of ours.
    return undefined;
  }
}
