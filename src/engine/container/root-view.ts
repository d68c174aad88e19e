import { fstatSync, mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import {
  bindMount,
  conmonFile,
  enterPrivateMounts,
  isAlive,
  openFlag,
  openInside,
  openRoot,
  type ProcessMark,
  unmountLazily,
} from "#host";
import { layerPlace, mountRoot } from "#image";
import type { ContainerSpec, MountWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning, layerMissing } from "../error.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { mountContainerRoot } from "./prepare.ts";
import { currentState } from "./state.ts";
import { closeSources, openSources } from "../volume/sources.ts";
import { makeWorkingFolder } from "./working-folder.ts";

/** A container's files under one folder of this process. */
export interface RootView extends Disposable {
  readonly path: string;
}

/** The first process of a container, undefined when it does not run. */
export function runningPid(engine: Engine, name: string): number | undefined {
  const state = currentState(findContainer(engine, name));
  return state.status === "running" || state.status === "paused" ? state.process.pid : undefined;
}

/**
 * The root of a container with its mounts: through its first process when it runs, mounted for this process alone when it
 * does not.
 */
export function openRootView(engine: Engine, place: ContainerFolder): RootView {
  const state = currentState(place);
  if (state.status === "running" || state.status === "paused") return openProcessRoot(place, state.process);
  const spec = readSpec(place);
  return mountedView(engine, (target) => {
    mountContainerRoot(engine, spec, place, target);
    const sources = openSources(engine, spec);
    for (const wish of spec.mounts) if (wish.kind !== "tmpfs") bindInto(target, bindOf(wish, sources));
    closeSources(engine, spec);
  });
}

function bindOf(wish: Exclude<MountWish, { kind: "tmpfs" }>, sources: ReadonlyMap<string, string>): Bind {
  if (wish.kind === "bind") return wish;
  const { target } = wish;
  const readonly = wish.kind === "image" || wish.readonly;
  return { source: sources.get(target) ?? "", target, readonly, recursive: true };
}

type Bind = Pick<Extract<MountWish, { kind: "bind" }>, "source" | "target" | "readonly" | "recursive">;

/** A bind as the container will have it. A file over which nothing was mounted yet is left to the start. */
function bindInto(root: string, wish: Bind): void {
  const info = statSync(wish.source, { throwIfNoEntry: false });
  if (info === undefined) return;
  if (info.isDirectory()) makeWorkingFolder(root, wish.target, { uid: 0, gid: 0 }, []);
  using top = openRoot(root);
  // Inside the root: a link of the image may not lead the mount elsewhere.
  const open = () => openInside(top.fd, wish.target, openFlag.path);
  try {
    using target = open();
    bindMount(wish.source, target.path, {
      recursive: wish.recursive,
      reopen: wish.readonly ? open : undefined,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * The root of a process by an open descriptor, so that it stays this one. A pid may go to a process of the host between
 * the look and the opening, and a container's first process begins in the host's root: both are found out afterwards.
 */
function openProcessRoot(place: ContainerFolder, mark: ProcessMark): RootView {
  const root = openRoot(`/proc/${mark.pid}/root`);
  const [found, own] = [fstatSync(root.fd), statSync("/")];
  if (isAlive(mark) && (found.ino !== own.ino || found.dev !== own.dev)) return root;
  root[Symbol.dispose]();
  throw containerNotRunning(readSpec(place).name);
}

/**
 * The root of a container without what is mounted into it. Of a running one: as its monitor has it, in whose mount
 * namespace it was put together.
 */
export function openFilesView(engine: Engine, place: ContainerFolder): RootView {
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused")
    return mountedView(engine, (target) => mountContainerRoot(engine, readSpec(place), place, target));
  const monitor = state.attendant?.pid ?? conmonPid(place);
  return { path: `/proc/${monitor}/root${engine.place.run}/rootfs`, [Symbol.dispose]() {} };
}

function conmonPid(place: ContainerFolder): number {
  return Number(readFileSync(`${place.bundle}/${conmonFile.pid}`, "utf8"));
}

/** The image's files below a container's changes. */
export function openImageView(engine: Engine, spec: ContainerSpec): RootView {
  return mountedView(engine, (target) => {
    const layers = spec.image.diffIds.map(
      (diffId) => layerPlace(engine.store, diffId) ?? refuse(spec, diffId),
    );
    mountRoot({ layers, writable: undefined, target, volatile: false });
  });
}

function refuse(spec: ContainerSpec, diffId: string): never {
  throw layerMissing(spec.imageName, diffId);
}

function mountedView(engine: Engine, mountAt: (target: string) => void): RootView {
  enterPrivateMounts();
  const path = `${engine.place.run}/view-${process.pid}`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  mountAt(path);
  return {
    path,
    [Symbol.dispose]() {
      unmountLazily(path);
      rmdirSync(path);
    },
  };
}
