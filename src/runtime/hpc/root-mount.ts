import { closeSync, openSync } from "node:fs";
import {
  canSquashfuse,
  cloneTree,
  type DetachedMount,
  inUserNamespace,
  makeMount,
  mountAttribute,
  mountSquashfuse,
  openLoop,
} from "#host";
import { mountLayers } from "#image";
import { rootFsRefused } from "./error.ts";
import type { RootSource } from "./root-source.ts";
import { unpackedRoot } from "./unpacked-root.ts";

const { readonly, nosuid, nodev } = mountAttribute;

export interface RootMountOptions {
  /** For folders: the image itself is changed. */
  readonly writable: boolean;
  /** Where an image file is unpacked that cannot be mounted. */
  readonly unpackFolder: string;
  readonly caller: { readonly uid: number; readonly gid: number };
  readonly warn: (sentence: string) => void;
}

/** Mounts an image's root file system so that it hangs nowhere yet. */
export function mountRootSource(source: RootSource, options: RootMountOptions): DetachedMount {
  const { writable } = options;
  const isUser = inUserNamespace();
  try {
    switch (source.kind) {
      case "folder":
        return cloneTree(source.path, [
          "nodev",
          ...(isUser ? (["nosuid"] as const) : []),
          ...(writable ? [] : (["readonly"] as const)),
        ]);
      case "squashfs":
        return isUser ? mountForUser(source, options) : mountByKernel(source);
      case "layers":
        return mountLayers(source.layers, nodev | (isUser ? nosuid : 0));
      default:
        return source satisfies never;
    }
  } catch (error) {
    throw rootFsRefused(source.kind === "layers" ? source.name : source.path, error);
  }
}

/** The kernel mounts a squashfs in its first user namespace alone. */
function mountForUser(
  source: Extract<RootSource, { readonly kind: "squashfs" }>,
  { caller, unpackFolder, warn }: RootMountOptions,
): DetachedMount {
  const { path, offset } = source;
  if (canSquashfuse()) return mountSquashfuse({ path, offset, uid: caller.uid, gid: caller.gid });
  return cloneTree(unpackedRoot(source, unpackFolder, warn), ["nodev", "nosuid", "readonly"]);
}

function mountByKernel(source: Extract<RootSource, { readonly kind: "squashfs" }>): DetachedMount {
  const file = openSync(source.path, "r");
  try {
    using device = openLoop(file, source.offset, source.size);
    return makeMount(
      "squashfs",
      [
        ["source", device.path],
        ["ro", null],
      ],
      readonly | nodev,
    );
  } finally {
    closeSync(file);
  }
}
