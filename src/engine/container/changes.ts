import type { BigIntStats } from "node:fs";
import {
  addLayerBlob,
  type Change,
  diffPaths,
  diffTar,
  exportTree,
  findImage,
  folderTree,
  holdContent,
  setRef,
  writeImage,
} from "#image";
import { type ContainerDefaults, type Digest, type ImageReference, isVialError } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
import { unpackStoredLayer, type Warn } from "../layers.ts";
import { findContainer, readSpec } from "./folder.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";
import { openFilesView, openImageView } from "./root-view.ts";
import { currentState } from "./state.ts";

/** The runtime makes an empty file where one of ours is mounted over; the container cannot write through to it. */
function isMountPoint(path: string, info: BigIntStats): boolean {
  return ["etc/hosts", "etc/hostname", "etc/resolv.conf"].includes(path) && info.isFile() && info.size === 0n;
}

/** What a container has changed of its image: added, changed, deleted paths. */
export function diffContainer(engine: Engine, name: string): readonly Change[] {
  const place = findContainer(engine, name);
  using view = openImageView(engine, readSpec(place));
  using lower = folderTree(view.path);
  return diffPaths(`${place.folder}/rw/upper`, lower, isMountPoint);
}

/** Everything in a container's root as a tar stream. */
export function* exportContainer(engine: Engine, name: string): Generator<Buffer> {
  using view = openFilesView(engine, findContainer(engine, name));
  yield* exportTree(view.path);
}

export interface CommitWish {
  readonly reference: ImageReference | undefined;
  readonly author: string | undefined;
  readonly message: string | undefined;
  readonly change: ((defaults: ContainerDefaults) => ContainerDefaults) | undefined;
  /** Freezes a running container meanwhile, so that the image holds one moment; "try": if that can be had. */
  readonly pause: boolean | "try";
  readonly warn: Warn;
}

/** Makes an image of a container: its image, with its changes as one layer more. Gives the image id. */
export async function commitContainer(engine: Engine, name: string, wish: CommitWish): Promise<Digest> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  const { store } = engine;
  using _hold = holdContent(store);
  const base = findImage(store, spec.image.id);
  const freeze = wish.pause !== false && currentState(place).status === "running";
  const frozen = freeze && freezeOrWarn(engine, name, wish);
  try {
    const layer = await addLayerBlob(
      store,
      diffTar(`${place.folder}/rw/upper`, { isNothing: isMountPoint }),
      { compression: "gzip" },
    );
    const created = new Date().toISOString();
    const { Env: _env, ...own } = base.config.config ?? {};
    const defaults: ContainerDefaults = {
      ...own,
      Env: spec.env,
      Cmd: spec.command,
      Entrypoint: spec.entrypoint,
      WorkingDir: spec.workingDir,
      User: spec.user,
      Labels: spec.labels,
    };
    const written = writeImage(store, {
      base,
      layers: [layer],
      change: () => wish.change?.(defaults) ?? defaults,
      history: [
        {
          created,
          created_by: [...spec.entrypoint, ...spec.command].join(" "),
          ...(wish.author === undefined ? {} : { author: wish.author }),
          ...(wish.message === undefined ? {} : { comment: wish.message }),
        },
      ],
      created,
      ...(wish.author === undefined ? {} : { author: wish.author }),
    });
    await unpackStoredLayer(store, layer, wish.warn);
    setRef(store, wish.reference, written.descriptor);
    recordEvent(engine, spec, "commit", { imageID: written.id });
    return written.id;
  } finally {
    if (frozen) unpauseContainer(engine, name);
  }
}

/** Gives whether the container is frozen now. */
function freezeOrWarn(engine: Engine, name: string, wish: CommitWish): boolean {
  try {
    pauseContainer(engine, name);
    return true;
  } catch (error) {
    if (wish.pause !== "try" || !isVialError(error) || error.code !== "freeze-failed") throw error;
    wish.warn(`the container was not frozen, so its files may have changed meanwhile: ${error.why}`);
    return false;
  }
}
