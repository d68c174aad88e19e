import { authRoutes } from "./docker/auth.ts";
import { buildRoutes } from "./docker/build.ts";
import { commitRoutes } from "./docker/commit.ts";
import { containerRoutes } from "./docker/containers.ts";
import { diskUsageRoutes } from "./docker/disk-usage.ts";
import { distributionRoutes } from "./docker/distribution.ts";
import { imageTransferRoutes } from "./docker/image-transfer.ts";
import { imageRoutes } from "./docker/images.ts";
import { networkRoutes } from "./docker/networks.ts";
import { pruneRoutes } from "./docker/prune.ts";
import { streamRoutes } from "./docker/stream-routes.ts";
import { systemRoutes } from "./docker/system.ts";
import { pluginRoutes, unservedRoutes } from "./docker/unserved.ts";
import { volumeRoutes } from "./docker/volumes.ts";
import type { Route } from "./route.ts";

/** What Vial serves. */
export const servedRoutes: readonly Route[] = [
  ...systemRoutes,
  ...containerRoutes,
  ...streamRoutes,
  ...pluginRoutes,
  ...authRoutes,
  ...buildRoutes,
  ...commitRoutes,
  ...diskUsageRoutes,
  ...distributionRoutes,
  ...imageTransferRoutes,
  ...imageRoutes,
  ...networkRoutes,
  ...pruneRoutes,
  ...volumeRoutes,
];

/** Every route, with those that say why they are not served. */
const routes: readonly Route[] = [...servedRoutes, ...unservedRoutes(servedRoutes)];

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a path without its version. A name may have slashes (`/images/a/b/json`): `{name}` takes them. */
export function findRoute(method: string, path: string): Match | undefined {
  for (const { route, pattern, names } of compiled.get(method) ?? []) {
    const found = pattern.exec(path);
    if (found === null) continue;
    return {
      route,
      params: Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1] ?? "")])),
    };
  }
  return undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function compile(route: Route) {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return name === "name" ? "(.+)" : "([^/]+)";
  });
  return { route, pattern: new RegExp(`^${source}$`), names };
}

const compiled = Map.groupBy(routes.map(compile), ({ route }) => route.method) as ReadonlyMap<
  string,
  readonly ReturnType<typeof compile>[]
>;
