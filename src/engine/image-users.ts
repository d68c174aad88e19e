import { heldByBuilds } from "#build";
import type { HeldContent, ImageUser, StoredImage } from "#image";
import type { ContainerSpec } from "#runtime";
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
    const user = {
      id: spec.id,
      container: spec.name,
      running: ["starting", "running", "paused"].includes(state.status),
    };
    for (const { id } of imagesOf(spec)) {
      const known = users.get(id);
      if (known === undefined) users.set(id, [user]);
      else known.push(user);
    }
  }
  return users;
}

/** What a container was made from, and the images that it mounts, each once. */
function imagesOf(
  spec: ContainerSpec,
): readonly { readonly id: Digest; readonly diffIds: readonly Digest[] }[] {
  const images = [
    spec.image,
    ...spec.mounts.flatMap((mount) => (mount.kind === "image" ? (mount.found ?? []) : [])),
  ];
  return [...new Map(images.map((image) => [image.id, image])).values()];
}

/** What containers stand on, also where their image has lost its last name, and what builds remember. */
export function heldContent(engine: Engine): HeldContent {
  const steps = heldByBuilds(`${engine.place.root}/build`);
  return {
    layers: [
      ...listContainers(engine).flatMap(({ spec }) => imagesOf(spec).flatMap(({ diffIds }) => diffIds)),
      ...steps.layers,
    ],
    blobs: steps.blobs,
  };
}
