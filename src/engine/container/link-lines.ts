import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerFolder, hasSpec, readSpec } from "./folder.ts";
import { readNetwork } from "./network-record.ts";

/** The lines of /etc/hosts for the containers that this one is linked to, as far as they run. */
export function printLinks(engine: Engine, { network }: Pick<ContainerSpec, "network">): string {
  if (typeof network === "string" || "container" in network) return "";
  return network.endpoints
    .flatMap((wish) => (wish.links ?? []).flatMap((link) => linesOf(engine, wish.network, link)))
    .join("");
}

function linesOf(
  engine: Engine,
  network: string,
  { container, alias }: { readonly container: string; readonly alias: string },
): readonly string[] {
  const place = containerFolder(engine, container);
  if (!hasSpec(place)) return [];
  const endpoint = readNetwork(place).endpoints.find((entry) => entry.network === network);
  const { name } = readSpec(place);
  const names = [...new Set([alias, name, container.slice(0, 12)])].join(" ");
  return [endpoint?.ipv4, endpoint?.ipv6].flatMap((address) =>
    address === undefined ? [] : [`${address}\t${names}\n`],
  );
}
