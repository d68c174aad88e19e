import { mkdirSync } from "node:fs";
import {
  cloneTree,
  type DetachedMount,
  findProgram,
  inUserNamespace,
  makeMount,
  mountAttribute,
  mountFuseOverlayfs,
} from "#host";
import { overlayRefused } from "../error.ts";

/** One unpacked layer: an erofs file, or a folder in overlayfs's form. */
export interface LayerPlace {
  readonly kind: "erofs" | "folder";
  readonly path: string;
}

export interface RootMount {
  /** Bottom first, as diff_ids stand in the image config. */
  readonly layers: readonly LayerPlace[];
  /** Where the container's own changes go; undefined for a read-only view. */
  readonly writable: { readonly upper: string; readonly work: string } | undefined;
  readonly target: string;
  /** The changes need not survive a power cut (a container that is removed at its end): leaves out syncs. */
  readonly volatile: boolean;
}

/**
 * Stacks layers and mounts them at `target`, in this process's mount namespace. Each erofs layer is mounted from its
 * file without a loop device and without a place in the tree, so the stack is one mount, and goes as one.
 */
export function mountRoot(root: RootMount): void {
  const mounted: DetachedMount[] = [];
  try {
    const lowers = distinctLayers(root.layers).map((layer) => {
      if (layer.kind === "folder") return layer.path;
      const mount = mountErofs(layer.path);
      mounted.push(mount);
      return mount.path;
    });
    if (lowers.length === 0) lowers.push(emptyFolder(root.target));
    const options: [string, string | null][] = lowers.map((path) => ["lowerdir+", path]);
    if (root.writable !== undefined) {
      options.push(["upperdir", root.writable.upper], ["workdir", root.writable.work]);
      if (root.volatile) options.push(["volatile", null]);
    } else if (lowers.length === 1) {
      options.push(["lowerdir+", emptyFolder(root.target)]);
    }
    options.push(markOption());
    using overlay = makeMount("overlay", options, root.writable === undefined ? mountAttribute.readonly : 0);
    overlay.attach(root.target);
  } catch (error) {
    if (!inUserNamespace() || !mountByFuse(root)) throw overlayRefused(root.target, error);
  } finally {
    for (const mount of mounted) mount[Symbol.dispose]();
  }
}

/** The layers as one read-only mount that hangs nowhere yet. `attributes` as for makeMount(). */
export function mountLayers(layers: readonly LayerPlace[], attributes: number): DetachedMount {
  const distinct = distinctLayers(layers);
  const mounted: DetachedMount[] = [];
  try {
    const lowers = distinct.map((layer) => {
      const mount = layer.kind === "folder" ? cloneTree(layer.path, []) : mountErofs(layer.path);
      mounted.push(mount);
      return mount.path;
    });
    const options: [string, string | null][] = lowers.map((path) => ["lowerdir+", path]);
    // An overlay without a place for changes needs two layers: one twice is refused, so an empty one is beside it.
    using empty = makeMount("tmpfs", [["size", "4k"]]);
    if (lowers.length < 2) options.push(["lowerdir+", empty.path]);
    options.push(markOption());
    return makeMount("overlay", options, attributes | mountAttribute.readonly);
  } finally {
    for (const mount of mounted) mount[Symbol.dispose]();
  }
}

function mountErofs(path: string): DetachedMount {
  const options = [
    ["source", path],
    ["ro", null],
  ] as const;
  return makeMount("erofs", options, mountAttribute.readonly);
}

/** Where overlayfs keeps its marks: in a user namespace it may not write trusted attributes. */
function markOption(): [string, string | null] {
  return inUserNamespace() ? ["userxattr", null] : ["redirect_dir", "nofollow"];
}

/** The way for ordinary users on kernels that keep overlayfs to root. False when it cannot be gone here. */
function mountByFuse(root: RootMount): boolean {
  const layers = distinctLayers(root.layers);
  if (findProgram("fuse-overlayfs") === undefined || layers.some((layer) => layer.kind !== "folder"))
    return false;
  const lowers = layers.length === 0 ? [emptyFolder(root.target)] : layers.map((layer) => layer.path);
  mountFuseOverlayfs({ lowers, writable: root.writable, target: root.target });
  return true;
}

/** Top first. Of a layer that occurs twice the upper one counts: what the lower one holds, it holds too. */
function distinctLayers(layers: readonly LayerPlace[]): readonly LayerPlace[] {
  const seen = new Set<string>();
  return layers.toReversed().filter((layer) => !seen.has(layer.path) && seen.add(layer.path) !== undefined);
}

/** An overlay needs a lower layer, and two when it has no upper one. */
function emptyFolder(target: string): string {
  const path = `${target}.empty`;
  mkdirSync(path, { recursive: true });
  return path;
}
