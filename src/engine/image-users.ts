import type { ImageUser, StoredImage } from "#image";
import type { ContainerSpec } from "#runtime";
import type { Digest } from "#spec";
import { containerFolder, listIds, readSpec } from "./container/folder.ts";
import { currentState } from "./container/state.ts";
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
  for (const spec of readSpecs(engine)) {
    const { status } = currentState(containerFolder(engine, spec.id));
    const user = { container: spec.name, running: ["starting", "running", "paused"].includes(status) };
    const known = users.get(spec.image.id);
    if (known === undefined) users.set(spec.image.id, [user]);
    else known.push(user);
  }
  return users;
}

/** Diff IDs of the layers that containers stand on, also where their image has lost its last name. */
export function heldLayers(engine: Engine): readonly Digest[] {
  return readSpecs(engine).flatMap((spec) => spec.image.diffIds);
}

function readSpecs(engine: Engine): readonly ContainerSpec[] {
  return listIds(engine).flatMap((id) => {
    try {
      return [readSpec(containerFolder(engine, id))];
    } catch {
      // Being made or being removed at this moment.
      return [];
    }
  });
}
