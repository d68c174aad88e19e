import {
  canSquashfuse,
  cloneTree,
  type DetachedMount,
  inUserNamespace,
  makeMount,
  mountAttribute,
  openLoop,
  type SquashfsServer,
  startSquashfuse,
} from "#host";
import { mountLayers } from "#image";
import { rootFsRefused } from "./error.ts";
import type { RootSource } from "./root-source.ts";
import { type UnpackPlace, unpackedRoot } from "./unpacked-root.ts";

const { readonly, nosuid, nodev } = mountAttribute;

export interface RootMountOptions {
  /** For folders: the image itself is changed. */
  readonly writable: boolean;
  /** Where an image file is unpacked that cannot be mounted. */
  readonly unpack: () => UnpackPlace;
  readonly server: SquashfsServer | undefined;
  readonly warn: (sentence: string) => void;
}

/**
 * Starts what will serve an image's root file system, where a program does that: it takes about as long as all the rest of a
 * start, which goes on beside it. This process then has a mount namespace of its own.
 */
export function beginRoot(source: RootSource): SquashfsServer | undefined {
  if (source.kind !== "squashfs" || !inUserNamespace() || !canSquashfuse()) return undefined;
  const { path, file, offset } = source;
  const refuse = (error: unknown): never => {
    throw rootFsRefused(path, error);
  };
  try {
    const ids = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const server = startSquashfuse({ path, file, offset, ...ids });
    return { mount: server.mount, settled: async () => await server.settled().catch(refuse) };
  } catch (error) {
    return refuse(error);
  }
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
  { server, unpack, warn }: RootMountOptions,
): DetachedMount {
  if (server !== undefined) return server.mount;
  return cloneTree(unpackedRoot(source, unpack(), warn), ["nodev", "nosuid", "readonly"]);
}

function mountByKernel(source: Extract<RootSource, { readonly kind: "squashfs" }>): DetachedMount {
  using device = openLoop(source.file, source.offset, source.size);
  return makeMount(
    "squashfs",
    [
      ["source", device.path],
      ["ro", null],
    ],
    readonly | nodev,
  );
}
