import { endpoints } from "../src/api/endpoints.ts";
import { servedRoutes } from "../src/api/routes.ts";

/** The table of docs/api.md: every described path, and whether it works. */
export function printApiTable(): string {
  const served = new Set(servedRoutes.map(({ method, path }) => `${method} ${path}`));
  const rows = Object.entries(endpoints).map(([endpoint, since]) => {
    const [method = "", path = ""] = endpoint.split(" ");
    return `| \`${method}\` | \`${path}\` | 1.${since} | ${served.has(endpoint) ? "works" : status(path)} |`;
  });
  const works = Object.keys(endpoints).filter((endpoint) => served.has(endpoint)).length;
  return [
    `${works} of ${Object.keys(endpoints).length} work; the others answer with a sentence.`,
    "",
    "| method | path | since | |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function status(path: string): string {
  const isSwarm = /^\/(swarm|nodes|services|tasks|secrets|configs)(\/|$)/.test(path);
  return isSwarm && path !== "/swarm/init" && path !== "/swarm/join"
    ? "503, as dockerd outside of a swarm"
    : "501";
}
