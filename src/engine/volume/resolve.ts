import { resolve } from "node:path";
import type { MountWish, VolumeMount } from "#runtime";
import { containerFolder, containerId, readSpec } from "../container/folder.ts";
import type { ImageRecord } from "../container/image-record.ts";
import type { Engine } from "../engine-handle.ts";
import { ensureVolume } from "./create.ts";
import {
  imageVolumeHostile,
  mountImageUnknown,
  mountSubpathInvalid,
  mountTargetInvalid,
  mountTargetTwice,
  volumesFromInvalid,
} from "./error.ts";

// What the mounts of a new container are, by Docker's rule: those of --volumes-from first, which its own replace, then the
// image's VOLUMEs where nothing else is mounted.

export interface MountsWish {
  readonly mounts?: readonly MountWish[] | undefined;
  readonly volumesFrom?: readonly string[] | undefined;
}

/**
 * The mounts, with their volumes made: the anonymous ones are added to `made`, for removeAnonymousVolumes() when the
 * container does not come about. Call it while the volumes are held (holdVolumes). Throws mount-target-twice,
 * container-unknown and what createVolume() throws.
 */
export function resolveMounts(
  engine: Engine,
  image: Pick<ImageRecord, "defaults">,
  imageName: string,
  wish: MountsWish,
  made: MountWish[],
): readonly MountWish[] {
  const mounts = new Map<string, MountWish>();
  for (const text of wish.volumesFrom ?? [])
    for (const mount of mountsOf(engine, text)) mounts.set(mount.target, mount);
  const own = new Set<string>();
  for (const mount of wish.mounts ?? []) {
    const target = cleanTarget(mount.target);
    if (own.has(target)) throw mountTargetTwice(target);
    own.add(target);
    mounts.set(target, checked({ ...mount, target }));
  }
  for (const path of Object.keys(image.defaults.Volumes ?? {})) {
    const target = resolve("/", path);
    if (/^\/(proc|sys)(\/|$)|^\/(dev)?$/.test(target)) throw imageVolumeHostile(imageName, path);
    if (!mounts.has(target)) mounts.set(target, anonymousMount(target));
  }
  return [...mounts.values()].map((mount) => makeVolume(engine, mount, made));
}

/** A mount of a volume that is made for this container alone. */
export function anonymousMount(target: string): VolumeMount {
  return {
    kind: "volume",
    name: "",
    anonymous: true,
    target,
    readonly: false,
    propagation: "rprivate",
    nocopy: false,
    subpath: "",
    create: { driver: "local", options: {}, labels: {} },
  };
}

function makeVolume(engine: Engine, mount: MountWish, made: MountWish[]): MountWish {
  if (mount.kind !== "volume") return mount;
  const { name } = ensureVolume(engine, { ...mount.create, name: mount.name });
  const resolved = { ...mount, name };
  if (mount.name === "") made.push(resolved);
  return resolved;
}

/** Whether resolveMounts() has volumes to claim or to make. */
export function wantsVolumes(image: Pick<ImageRecord, "defaults">, wish: MountsWish): boolean {
  return (
    (wish.volumesFrom ?? []).length > 0 ||
    (wish.mounts ?? []).some((mount) => mount.kind === "volume") ||
    Object.keys(image.defaults.Volumes ?? {}).length > 0
  );
}

/** The volumes, binds and images of another container. Its anonymous volumes become the last one's to remove. */
function mountsOf(engine: Engine, text: string): readonly MountWish[] {
  const [name = "", mode, more] = text.split(":");
  const words = mode === undefined ? [] : mode.split(",");
  if (name === "" || more !== undefined || words.some((word) => !["ro", "rw", "z", "Z"].includes(word)))
    throw volumesFromInvalid(text);
  const readonly = words.includes("ro");
  const { mounts } = readSpec(containerFolder(engine, containerId(engine, name)));
  return mounts.flatMap((mount): MountWish[] => {
    if (mount.kind === "tmpfs") return [];
    if (mount.kind === "image") return [mount];
    if (mount.kind === "bind") return [{ ...mount, readonly: mount.readonly || readonly }];
    return [{ ...mount, readonly: mount.readonly || readonly, nocopy: true }];
  });
}

/** Cleaned as text. A container that runs is not there yet: what the path leads to is the runtime's to find out. */
function cleanTarget(target: string): string {
  if (!target.startsWith("/")) throw mountTargetInvalid(target, "it is no absolute path");
  const path = resolve("/", target);
  if (path === "/") throw mountTargetInvalid(target, "it is the root, which is the image's");
  return path;
}

function checked(mount: MountWish): MountWish {
  if (mount.kind === "image" && mount.found === undefined) throw mountImageUnknown(mount.image);
  if (mount.kind !== "volume" && mount.kind !== "image") return mount;
  const { subpath } = mount;
  if (subpath.startsWith("/")) throw mountSubpathInvalid(subpath, "it is an absolute path");
  const steps = subpath.split("/").filter((step) => step !== "" && step !== ".");
  if (steps.includes("..")) throw mountSubpathInvalid(subpath, 'it has ".." in it');
  return { ...mount, subpath: steps.join("/") };
}
