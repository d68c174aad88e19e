import { type Filters, hasLabel, parseMoment } from "#spec";
import { pruneBuildCache } from "./build-cache.ts";
import { type PrunedContainers, pruneContainers } from "./container/prune.ts";
import type { Engine } from "./engine-handle.ts";
import { pruneUnusedImages } from "./image-names.ts";
import { pruneNetworks } from "./network/remove.ts";
import { type PrunedVolumes, pruneVolumes } from "./volume/remove.ts";

export const systemPruneFilters = ["until", "label", "label!"] as const;

export interface SystemPruneWish {
  /** Also images with a name that no container uses, and the folders of RUN --mount=type=cache. */
  readonly all: boolean;
  /** Anonymous volumes too. */
  readonly volumes: boolean;
  readonly filters: Filters;
}

export interface SystemPruned {
  readonly containers: PrunedContainers["ids"];
  readonly networks: readonly string[];
  readonly volumes: PrunedVolumes["names"];
  readonly images: { readonly untagged: readonly string[]; readonly deleted: readonly string[] };
  readonly cache: readonly string[];
  /** Bytes on the disk. */
  readonly freed: number;
  /** True when somebody was adding content, and none of it was freed: the next one does it. */
  readonly deferred: boolean;
}

/** Removes what nothing uses. In Docker's order: containers first, for they use the rest. */
export async function pruneSystem(engine: Engine, wish: SystemPruneWish): Promise<SystemPruned> {
  const { filters } = wish;
  const until = filters.get("until")?.map((text) => parseMoment("until", text, Date.now()));
  const before = until === undefined ? undefined : Math.min(...until);
  const labels = filters.get("label") ?? [];
  const labelsNot = filters.get("label!") ?? [];
  const fits = (own: Readonly<Record<string, string>>, created: string): boolean =>
    (before === undefined || Date.parse(created) < before) &&
    labels.every((wanted) => hasLabel(own, wanted)) &&
    !labelsNot.some((unwanted) => hasLabel(own, unwanted));
  const containers = await pruneContainers(engine, (spec) => fits(spec.labels, spec.created));
  const networks = pruneNetworks(engine, (network) => fits(network.labels, network.created));
  const volumes = wish.volumes
    ? pruneVolumes(engine, { all: false, fits: ({ labels: own, created }) => fits(own, created) })
    : { names: [], freed: 0 };
  const images = pruneUnusedImages(engine, {
    all: wish.all,
    ...(before === undefined ? {} : { until: before }),
    labels,
    labelsNot,
  });
  const cache =
    labels.length + labelsNot.length > 0
      ? undefined
      : pruneBuildCache(engine, { keep: 0, all: wish.all, ...(before === undefined ? {} : { before }) });
  return {
    containers: containers.ids,
    networks,
    volumes: volumes.names,
    images,
    cache: (cache?.forgotten ?? []).map(({ key }) => key),
    freed: containers.freed + volumes.freed + images.freed + (cache?.freed ?? 0),
    deferred: images.deferred || cache?.deferred === true,
  };
}
