import { lstatSync, mkdirSync } from "node:fs";
import { storeFolderUnsafe } from "./error.ts";
import { fileSystemKind, whyNoOverlays } from "./kernel/filesystem-kind.ts";
import { outerUid } from "./kernel/user-namespace.ts";

/** Where Vial keeps things on this host. */
export interface Place {
  /** Images, containers and caches; survives a reboot. */
  readonly root: string;
  /** Sockets, bundles and the runtime's state; gone after a reboot. */
  readonly run: string;
  /** Why `root` is not below an ordinary user's home, where he would look for it: a sentence. */
  readonly moved?: string;
}

/** A local disk of every machine, and it outlives a reboot (file-hierarchy(7)). */
export const localDisk = "/var/tmp";

/**
 * `VIAL_ROOT` overrides (its `run` folder is then below it, so that two roots never meet);
 * root uses /var/lib/vial and /run/vial; an ordinary user the XDG base directories. Where those lie on a file system that can
 * bear no overlays, his root is below VIAL_TMPDIR or /var/tmp. Throws store-folder-unsafe.
 */
export function hostPlace(
  env: Readonly<Record<string, string | undefined>> = process.env,
  uid = outerUid(),
  kindOf: typeof fileSystemKind = fileSystemKind,
): Place {
  const override = env.VIAL_ROOT;
  if (override !== undefined && override !== "") {
    const root = override.startsWith("/") ? override : `${process.cwd()}/${override}`;
    return { root, run: `${root}/run` };
  }
  if (uid === 0) return { root: "/var/lib/vial", run: "/run/vial" };
  const home = env.HOME ?? `/tmp/vial-home-${uid}`;
  const data = absolute(env.XDG_DATA_HOME) ?? `${home}/.local/share`;
  const runtime = absolute(env.XDG_RUNTIME_DIR) ?? `/tmp/vial-run-${uid}`;
  const place = { root: `${data}/vial`, run: `${runtime}/vial` };
  const why = whyNoOverlays(kindOf(place.root));
  if (why === undefined) return place;
  const local = absolute(env.VIAL_TMPDIR) ?? localDisk;
  // No better there: what fails then says so itself.
  if (whyNoOverlays(kindOf(local)) !== undefined) return place;
  const root = ownFolder(`${local}/vial-${uid}`);
  return { ...place, root, moved: `your store would be ${place.root}, but ${why}: it is ${root}` };
}

/** In a folder for all, somebody else could have made it before, and put his own images there. */
function ownFolder(path: string): string {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) mkdirSync(path, { mode: 0o700 });
  else if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0)
    throw storeFolderUnsafe(path);
  return path;
}

/**
 * The folder of this user's settings for Vial, `~/.config/vial`; undefined where there is no home. It is not below VIAL_ROOT:
 * what a person has decided outlives any store of images.
 */
export function configFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const config =
    absolute(env.XDG_CONFIG_HOME) ?? (env.HOME === undefined ? undefined : `${env.HOME}/.config`);
  return config === undefined ? undefined : `${config}/vial`;
}

/** The XDG specification says that relative paths are to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") ? path : undefined;
}
