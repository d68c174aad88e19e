import { mkdirSync } from "node:fs";
import { type DetachedMount, inUserNamespace, makeMount, mountAttribute, NearPaths } from "#host";
import { overlayFolderRefused, rootFsRefused } from "./error.ts";
import { openOverlays } from "./overlay-image.ts";
import type { HpcWish } from "./wish.ts";

/** Folders of the session. */
interface Places {
  readonly image: string;
  readonly top: string;
  readonly work: string;
  readonly session: string;
}

/**
 * The root that a container gets where it is not the image as it is: with mount points laid over it, or with a place for
 * changes on top. Undefined where neither is wanted.
 */
export function layRoot(wish: HpcWish, places: Places, isTopEmpty: boolean): DetachedMount | undefined {
  if (wish.root === "writable") return undefined;
  const [, second] = wish.overlays.filter(({ readonly }) => !readonly);
  if (second !== undefined) throw overlayFolderRefused(second.folder, new Error("one takes changes already"));
  const overlays = openOverlays(wish.overlays, places.session);
  const writable = overlays.find(({ readonly }) => !readonly);
  const lowers = overlays.filter(({ readonly }) => readonly).map(({ lower }) => lower);
  if (wish.root === "writable-tmpfs" && writable === undefined)
    return overlay([...lowers, places.image], { upper: places.top, work: places.work });
  if (writable !== undefined) {
    const { folder } = writable;
    try {
      for (const name of ["upper", "work"]) mkdirSync(`${folder}/${name}`, { recursive: true, mode: 0o755 });
      return overlay([places.top, ...lowers, places.image], {
        upper: `${folder}/upper`,
        work: `${folder}/work`,
      });
    } catch (error) {
      throw overlayFolderRefused(folder, error);
    }
  }
  return isTopEmpty && lowers.length === 0
    ? undefined
    : overlay([places.top, ...lowers, places.image], undefined);
}

/** `lowers` top first. */
function overlay(
  lowers: readonly string[],
  writable: { readonly upper: string; readonly work: string } | undefined,
): DetachedMount {
  const isUser = inUserNamespace();
  const attributes =
    mountAttribute.nodev |
    (isUser ? mountAttribute.nosuid : 0) |
    (writable === undefined ? mountAttribute.readonly : 0);
  const quote = (path: string) => path.replace(/[\\:,]/g, "\\$&");
  // All of them are one option, which has its longest.
  using near = new NearPaths(Math.floor(200 / lowers.length));
  const below = lowers.map((path) => quote(near.of(path))).join(":");
  const options: [string, string | null][] = [["lowerdir", below]];
  if (writable !== undefined) options.push(["upperdir", writable.upper], ["workdir", writable.work]);
  // Whiteouts of a user are marked in user.*; without a place for changes there are none, and an image's own marks mean
  // nothing. For root a redirect in an image's trusted.* must not be followed.
  if (!isUser) options.push(["redirect_dir", "nofollow"]);
  else if (writable !== undefined) options.push(["userxattr", null]);
  try {
    return makeMount("overlay", options, attributes);
  } catch (error) {
    if (writable !== undefined && !writable.upper.startsWith("/proc/")) throw error;
    throw rootFsRefused("overlay", error);
  }
}
