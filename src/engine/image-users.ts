import { heldByBuilds } from "#build";
import type { HeldContent, ImageUser, StoredImage } from "#image";
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
    const user = {
      id: spec.id,
      container: spec.name,
      running: ["starting", "running", "paused"].includes(state.status),
    };
    const known = users.get(spec.image.id);
    if (known === undefined) users.set(spec.image.id, [user]);
    else known.push(user);
  }
  return users;
}

/** What containers stand on, also where their image has lost its last name, and what builds remember. */
export function heldContent(engine: Engine): HeldContent {
  const steps = heldByBuilds(`${engine.place.root}/build`);
  return {
    layers: [...listContainers(engine).flatMap(({ spec }) => spec.image.diffIds), ...steps.layers],
    blobs: steps.blobs,
  };
}
