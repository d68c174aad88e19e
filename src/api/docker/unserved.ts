import { endpoints } from "../endpoints.ts";
import type { Method, Route } from "../route.ts";
import { noSwarm, notPartOfSwarm, notServed } from "./phrases.ts";

// What is described and that Vial does not have. Every such path answers with a sentence.

/** Why a path is not served: an error for its answer. */
function reason(method: string, path: string): Error {
  if (path === "/swarm/init" || path === "/swarm/join")
    return notServed("Vial runs containers on one machine: it has no swarm mode");
  if (path === "/swarm/leave") return notPartOfSwarm();
  if (/^\/(swarm|nodes|services|tasks|secrets|configs)(\/|$)/.test(path)) return noSwarm();
  if (path.startsWith("/plugins"))
    return notServed("Vial has no plugins: networks and volumes are made by its own drivers");
  if (path === "/images/search")
    return notServed("Vial asks no index of images: name the image in full, and pull it");
  if (path === "/session" || path === "/grpc")
    return notServed("Vial builds by itself and has no BuildKit: set DOCKER_BUILDKIT=0");
  // The frames of a web socket would need a second form of each stream, for which no client of today asks.
  if (path.endsWith("/attach/ws"))
    return notServed(
      "Vial does not attach by web socket: use POST /containers/{id}/attach with Upgrade: tcp",
    );
  if (path.includes("/checkpoints")) return notServed("Vial makes no checkpoints of containers");
  return notServed(`Vial does not serve ${method} ${path}`);
}

/** Beside the description; the docker command line asks for it. */
const undescribed = [
  "POST /grpc",
  "GET /containers/{id}/checkpoints",
  "POST /containers/{id}/checkpoints",
  "DELETE /containers/{id}/checkpoints/{checkpoint}",
];

/** The routes of all paths that `served` has not. */
export function unservedRoutes(served: readonly Route[]): readonly Route[] {
  const known = new Set(served.map(({ method, path }) => `${method} ${path}`));
  return [...Object.keys(endpoints), ...undescribed]
    .filter((endpoint) => !known.has(endpoint))
    .map((endpoint) => {
      const [method = "", path = ""] = endpoint.split(" ");
      return {
        method: method as Method,
        path,
        handle: () => {
          throw reason(method, path);
        },
      };
    });
}

/** Truly none: tools ask for the list and go on. */
export const pluginRoutes: readonly Route[] = [
  { method: "GET", path: "/plugins", handle: () => ({ status: 200, json: [] }) },
];
