import type { ImageUser, StoredImage } from "#image";
import type { Digest } from "#spec";
import { listContainers } from "./container/list.ts";
import type { Engine } from "./engine-handle.ts";

// What containers hold of the images: rmi and prune leave it alone.

/** Gives the containers that were made from an image. Reads all containers once, at the first question. */
export function imageUsers(engine: Engine): (image: StoredImage) => readonly ImageUser[] {
  let users: Map<string, ImageUser[]> | undefined;
  return (image) => {
    users ??= readUsers(engine);
    return users.get(image.id) ?? [];
  };
}

function readUsers(engine: Engine): Map<string, ImageUser[]> {
  const users = new Map<string, ImageUser[]>();
  for (const { spec, state } of listContainers(engine)) {
    const user = { container: spec.name, running: ["starting", "running", "paused"].includes(state.status) };
    const known = users.get(spec.image.id);
    if (known === undefined) users.set(spec.image.id, [user]);
    else known.push(user);
  }
  return users;
}

/** Diff IDs of the layers that containers stand on, also where their image has lost its last name. */
export function heldLayers(engine: Engine): readonly Digest[] {
  return listContainers(engine).flatMap(({ spec }) => spec.image.diffIds);
}
