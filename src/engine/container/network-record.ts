import { readFileSync } from "node:fs";
import { writeAtomic } from "#host";
import type { Endpoint, PublishedPort } from "#network";
import type { ContainerFolder } from "./folder.ts";

/** What a container has of networks while it runs: BUNDLE/network.json, gone with the bundle. */
export interface ContainerNetwork {
  /** The first one has the default route. */
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
}

const none: ContainerNetwork = { endpoints: [], ports: [] };

export function writeNetwork(place: ContainerFolder, network: ContainerNetwork): void {
  writeAtomic(`${place.bundle}/network.json`, JSON.stringify(network), 0o600);
}

/** Empty for a container that does not run, or that has no network of its own. */
export function readNetwork(place: ContainerFolder): ContainerNetwork {
  try {
    return JSON.parse(readFileSync(`${place.bundle}/network.json`, "utf8")) as ContainerNetwork;
  } catch (error) {
    // A kill -9 leaves the file whole or not there: it is written by one rename.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return none;
    throw error;
  }
}
