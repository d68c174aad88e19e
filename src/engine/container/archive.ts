import { normalize } from "node:path";
import {
  type Copied,
  copyIn,
  copyOut,
  decompress,
  type PathInfo,
  pathInfo,
  readDescriptor,
  sniffStream,
} from "#image";
import { type ContainerSpec, readAccounts, resolveUser } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { archiveReadonly } from "../error.ts";
import { containerFolder, readSpec } from "./folder.ts";
import { openRootView } from "./root-view.ts";

// Files of a container as tar streams, for a process that does nothing else: it may be blocked by them, and mounts the root
// of a container that does not run for itself alone.

/** What a path in a container is; undefined where nothing is. */
export function containerPathInfo(engine: Engine, id: string, path: string): PathInfo | undefined {
  using view = openRootView(engine, containerFolder(engine, id));
  return pathInfo({ root: view.path, path });
}

/** A file or folder of a container as a tar, with its owners and extended attributes. */
export function* readContainerArchive(engine: Engine, id: string, path: string): Generator<Buffer, void> {
  using view = openRootView(engine, containerFolder(engine, id));
  yield* copyOut({ root: view.path, path }, { archive: true });
}

/**
 * Unpacks a tar from an open descriptor, plain or packed by gzip or zstd, into a folder of a container. Owners are those of
 * the tar; with `asUser` all belongs to the container's user, if it has one.
 */
export async function writeContainerArchive(
  engine: Engine,
  id: string,
  path: string,
  source: { readonly descriptor: number; readonly asUser: boolean },
): Promise<Copied> {
  const place = containerFolder(engine, id);
  const spec = readSpec(place);
  // The view of one that does not run is writable: what it will be when it runs is decided here.
  if (spec.readonlyRoot && !isBelowMount(spec, path)) throw archiveReadonly(path);
  using view = openRootView(engine, place);
  const { uid, gid } = resolveUser(spec.user, readAccounts(view.path), spec.groupAdd);
  const { compression, bytes } = await sniffStream(readDescriptor(source.descriptor));
  try {
    return await copyIn(
      decompress(bytes, compression),
      { root: view.path, path },
      {
        archive: true,
        from: "own",
        owner: source.asUser && spec.user !== "" ? { uid, gid } : undefined,
      },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EROFS") throw archiveReadonly(path);
    throw error;
  }
}

function isBelowMount(spec: ContainerSpec, path: string): boolean {
  const whole = `${normalize(`/${path}`)}/`;
  return spec.mounts.some(({ target }) => whole.startsWith(`${normalize(target)}/`));
}
