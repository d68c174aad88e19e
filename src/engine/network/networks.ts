import type { EndpointWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import type { NetworkCreateWish } from "./wish.ts";

// The shapes, until the code is there.

export interface NetworkEntry {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly driver: "bridge" | "macvlan" | "host" | "null";
  readonly scope: "local";
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Makes a network. `warning` is for the one who asked. Throws network-exists, subnet-overlaps and others. */
export declare function createNetwork(
  engine: Engine,
  wish: NetworkCreateWish,
): { readonly id: string; readonly warning: string };

/** Every network, the predefined ones too. */
export declare function listNetworks(engine: Engine): readonly NetworkEntry[];

/** A network by name, id or the beginning of its id, in the shape of Docker's `GET /networks/{id}`. Throws network-unknown. */
export declare function describeNetwork(engine: Engine, name: string): Record<string, unknown>;

/** Gives the id. Throws network-in-use, network-predefined. */
export declare function removeNetwork(engine: Engine, name: string): string;

/** Removes the networks that no container has, and that `fits`. Gives their names. */
export declare function pruneNetworks(
  engine: Engine,
  fits: (network: NetworkEntry) => boolean,
): readonly string[];

/** For the running container at once, and for its next starts. */
export declare function connectNetwork(
  engine: Engine,
  network: string,
  container: string,
  wish: Omit<EndpointWish, "network">,
): void;

export declare function disconnectNetwork(
  engine: Engine,
  network: string,
  container: string,
  options: { readonly force: boolean },
): void;
