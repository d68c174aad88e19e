import {
  type Engine,
  findImageRecord,
  type ImageRecord,
  isUnpacked,
  type MountWish,
  recallImage,
  unpackAgain,
} from "#engine";
import { optionInvalid } from "./error.ts";
import type { Flags } from "./parse.ts";
import { voice } from "./voice.ts";

/**
 * Finds the image of a new container, pulled first when `--pull` says so or the store does not hold it, and with its
 * layers unpacked.
 */
export async function imageForRun(engine: Engine, name: string, flags: Flags): Promise<ImageRecord> {
  const image = await foundOrPulled(engine, name, flags);
  if (!isUnpacked(engine, image)) await unpackAgain(engine, image, voice().warn);
  return image;
}

/** The mounts, with the images among them found as imageForRun() finds them. */
export async function imagesOfMounts(
  engine: Engine,
  mounts: readonly MountWish[],
  flags: Flags,
): Promise<readonly MountWish[]> {
  const found: MountWish[] = [];
  for (const mount of mounts) {
    if (mount.kind !== "image") found.push(mount);
    else {
      const { id, diffIds } = await imageForRun(engine, mount.image, flags);
      found.push({ ...mount, found: { id, diffIds } });
    }
  }
  return found;
}

async function foundOrPulled(engine: Engine, name: string, flags: Flags): Promise<ImageRecord> {
  const policy = flags.filled("pull") ?? "missing";
  if (policy !== "always" && policy !== "missing" && policy !== "never")
    throw optionInvalid("--pull", policy, "it has to be always, missing or never", "--pull missing");
  const platformText = flags.filled("platform");
  const known = policy !== "always" && platformText === undefined ? recallImage(engine, name) : undefined;
  if (known !== undefined) return known;
  const { parsePlatform } = await import("#spec");
  const platform = platformText === undefined ? undefined : parsePlatform(platformText);
  if (policy !== "always") {
    try {
      return await findImageRecord(engine, name, platform);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (policy === "never" || (code !== "image-unknown" && code !== "platform-mismatch")) throw error;
    }
  }
  if (policy === "missing" && !flags.bool("quiet")) voice().imageMissing?.(name);
  const { pullShowingProgress } = await import("./pull-progress.ts");
  await pullShowingProgress(engine, name, platform, { quiet: flags.bool("quiet") });
  return await findImageRecord(engine, name, platform);
}
