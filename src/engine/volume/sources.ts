import { existsSync, fstatSync, mkdirSync, writeFileSync } from "node:fs";
import {
  attachAt,
  cloneTree,
  type DeviceMount,
  mountDevice,
  openFlag,
  openInside,
  openRoot,
  unmountLazily,
} from "#host";
import { layerPlace, mountRoot } from "#image";
import type { ContainerSpec, MountWish, VolumeMount } from "#runtime";
import { containerFolder } from "../container/folder.ts";
import { currentState } from "../container/state.ts";
import type { Engine } from "../engine-handle.ts";
import { recordVolumeEvent } from "../events.ts";
import { layerMissing } from "../error.ts";
import { mountSubpathInvalid, volumeDeviceRefused, volumeDeviceTaken, volumeFilesLost } from "./error.ts";
import { parseDevice } from "./options.ts";
import { dataFolder, findVolume, type Volume } from "./record.ts";
import { volumeUsers } from "./users.ts";

// Where the volumes and images that a container mounts lie on the host. A plain volume is its folder. What has to be
// mounted first is mounted below RUN/mounts, one folder for all, as it is for the root: each process that starts a
// container has a mount namespace of its own. Never below the bundle or the volume itself, for those are deleted with all
// that is in them, and that must not be somebody's files.

/** Gives the path on the host by the path inside. In this process's mount namespace, which has to be its own. */
export function openSources(engine: Engine, spec: ContainerSpec): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const [index, mount] of spec.mounts.entries()) {
    const point = `${engine.place.run}/mounts/${index}`;
    if (mount.kind === "volume") sources.set(mount.target, openVolume(engine, spec, mount, point));
    if (mount.kind === "image") sources.set(mount.target, openImage(engine, mount, point));
  }
  return sources;
}

/** Says that the volumes of a container are mounted now. */
export function recordMounts(engine: Engine, spec: ContainerSpec): void {
  for (const mount of spec.mounts) {
    if (mount.kind !== "volume") continue;
    const { name, target, propagation, readonly } = mount;
    recordVolumeEvent(engine, name, "mount", {
      container: spec.id,
      destination: target,
      propagation,
      "read/write": String(!readonly),
    });
  }
}

/** Lets go of what openSources() has mounted, when this process lives on. */
export function closeSources(engine: Engine, spec: ContainerSpec): void {
  for (const index of spec.mounts.keys())
    for (const form of [".folder", ".file", ".device", ".image"])
      unmountLazily(`${engine.place.run}/mounts/${index}${form}`);
}

/** Where the files of a volume are, for whoever copies them. In a mount namespace of one's own when it has options. */
export function showVolume(engine: Engine, volume: Volume): string {
  const device = parseDevice(volume.options);
  if (device === undefined) return dataFolder(engine, volume.name);
  const folder = shownAt(engine);
  freePoint(folder);
  mountVolume(volume.name, device, folder);
  return folder;
}

/** Lets go of what showVolume() has mounted. */
export function closeVolume(engine: Engine): void {
  unmountLazily(shownAt(engine));
}

function shownAt(engine: Engine): string {
  return `${engine.place.run}/mounts/shown`;
}

function openVolume(engine: Engine, spec: ContainerSpec, mount: VolumeMount, point: string): string {
  const volume = findVolume(engine, mount.name);
  const device = parseDevice(volume.options);
  const data = dataFolder(engine, volume.name);
  if (device === undefined) {
    if (!existsSync(data)) throw volumeFilesLost(volume.name, data);
    return mount.subpath === "" ? data : openSubpath(data, mount.subpath, point);
  }
  if (device.type === "tmpfs") refuseSecond(engine, spec, volume.name);
  const folder = `${point}.device`;
  freePoint(folder);
  mountVolume(volume.name, device, folder);
  return mount.subpath === "" ? folder : openSubpath(folder, mount.subpath, point);
}

function mountVolume(name: string, device: DeviceMount, folder: string): void {
  try {
    mountDevice(device, folder);
  } catch (error) {
    throw volumeDeviceRefused(name, device.device, error);
  }
}

/** A file system in memory is there as long as the mount, which is one container's. */
function refuseSecond(engine: Engine, spec: ContainerSpec, name: string): void {
  for (const user of volumeUsers(engine).get(name) ?? []) {
    const { status } = currentState(containerFolder(engine, user.id));
    if (user.id !== spec.id && (status === "running" || status === "paused"))
      throw volumeDeviceTaken(name, user.name);
  }
}

function openImage(engine: Engine, mount: Extract<MountWish, { kind: "image" }>, point: string): string {
  const layers = (mount.found?.diffIds ?? []).map(
    (diffId) => layerPlace(engine.store, diffId) ?? refuseMissing(mount.image, diffId),
  );
  const folder = `${point}.image`;
  freePoint(folder);
  mountRoot({ layers, writable: undefined, target: folder, volatile: false });
  return mount.subpath === "" ? folder : openSubpath(folder, mount.subpath, point);
}

function refuseMissing(image: string, diffId: string): never {
  throw layerMissing(image, diffId);
}

/**
 * Shows a part of a tree at a place of its own. A container may swap names for links in its volume meanwhile: the path is
 * resolved once, inside of the tree, and what it led to is taken by its descriptor (CVE-2017-1002101, CVE-2021-25741).
 */
function openSubpath(tree: string, subpath: string, point: string): string {
  using root = openRoot(tree);
  using found = openFound(root.fd, subpath);
  const place = fstatSync(found.fd).isDirectory() ? `${point}.folder` : `${point}.file`;
  if (place.endsWith(".folder")) freePoint(place);
  else {
    freePoint(`${point}.folder`);
    unmountLazily(place);
    writeFileSync(place, "");
  }
  using part = cloneTree(found.path, []);
  using target = openPath(place);
  attachAt(part, target.fd);
  return place;
}

function openFound(root: number, subpath: string) {
  try {
    return openInside(root, subpath, openFlag.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP") throw error;
    throw mountSubpathInvalid(subpath, "nothing is there");
  }
}

function openPath(path: string) {
  using top = openRoot("/");
  return openInside(top.fd, path, openFlag.path);
}

/** A restart comes from conmon's exit command, which sees the mount of the run before. */
function freePoint(folder: string): void {
  while (unmountLazily(folder));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}
