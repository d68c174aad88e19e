import { programFailed } from "../error.ts";
import { runSync } from "../run.ts";

// fuse-overlayfs(1): stacks folders where the kernel does not let an ordinary user do it (before Linux 5.11).

export interface FuseOverlay {
  /** Top first. */
  readonly lowers: readonly string[];
  readonly writable: { readonly upper: string; readonly work: string } | undefined;
  readonly target: string;
}

export function fuseOverlayfsArgs(overlay: FuseOverlay): string[] {
  const options = [`lowerdir=${overlay.lowers.map(escapePath).join(":")}`];
  if (overlay.writable !== undefined) {
    options.push(
      `upperdir=${escapePath(overlay.writable.upper)}`,
      `workdir=${escapePath(overlay.writable.work)}`,
    );
  }
  return ["-o", options.join(","), overlay.target];
}

/** Colons and commas end an option there. */
function escapePath(path: string): string {
  return path.replace(/[\\:,]/g, (letter) => `\\${letter}`);
}

/** Mounts; the daemon that serves it ends with the mount namespace. Throws program-missing or program-failed. */
export function mountFuseOverlayfs(overlay: FuseOverlay): void {
  const result = runSync("fuse-overlayfs", fuseOverlayfsArgs(overlay), { ignoreOutput: true });
  if (result.exitCode !== 0)
    throw programFailed("stack layers without the kernel's help", "fuse-overlayfs", result);
}
