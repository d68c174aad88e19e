import { readFileSync, writeFileSync } from "node:fs";
import type { Endpoint } from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { type ContainerFolder, containerFolder } from "./folder.ts";
import { printLinks } from "./link-lines.ts";
import { makeResolvConf, readHostResolver } from "./resolver.ts";

/** The container whose network namespace is joined. */
export function joinedNetwork(wish: ContainerSpec["network"]): string | undefined {
  return typeof wish === "object" && "container" in wish ? wish.container : undefined;
}

/** resolv.conf, hosts and hostname, mounted over the image's own and never written through them. */
export function writeEtc(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  endpoints: readonly Endpoint[],
): string {
  const folder = `${place.bundle}/etc`;
  const joins = joinedNetwork(spec.network);
  const joined = joins === undefined ? undefined : containerFolder(engine, joins).bundle;
  writeFileSync(
    `${folder}/hosts`,
    joined === undefined
      ? printHosts(spec, endpoints, printLinks(engine, spec))
      : readFileSync(`${joined}/etc/hosts`),
  );
  writeFileSync(`${folder}/hostname`, `${spec.hostname}\n`);
  writeFileSync(
    `${folder}/resolv.conf`,
    joined === undefined || spec.dns.length > 0
      ? makeResolvConf(spec, endpoints, readHostResolver)
      : readFileSync(`${joined}/etc/resolv.conf`),
  );
  return folder;
}

/** Docker's word for the address by which a container reaches the host. */
const hostGateway = "host-gateway";

function printHosts(
  spec: Pick<ContainerSpec, "network" | "hostname" | "domainname" | "extraHosts">,
  endpoints: readonly Endpoint[],
  links: string,
): string {
  const names = namesOf(spec);
  const lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"];
  if (spec.network === "none") lines.push(`127.0.1.1\t${names}`);
  const gateway = endpoints.find(({ gateway4 }) => gateway4 !== undefined)?.gateway4 ?? "127.0.0.1";
  for (const entry of spec.extraHosts) {
    const colon = entry.indexOf(":");
    const address = entry.slice(colon + 1);
    lines.push(`${address === hostGateway ? gateway : address}\t${entry.slice(0, colon)}`);
  }
  for (const { ipv4, ipv6 } of endpoints)
    for (const address of [ipv4, ipv6]) if (address !== undefined) lines.push(`${address}\t${names}`);
  return `${lines.join("\n")}\n${links}`;
}

function namesOf({ hostname, domainname }: Pick<ContainerSpec, "hostname" | "domainname">): string {
  return domainname === "" ? hostname : `${hostname}.${domainname} ${hostname}`;
}

/**
 * Brings hosts and resolv.conf of a container that runs up to date. They are bound into it, so they have to stay the same files;
 * what a program inside has written into them is lost, as in Docker.
 */
export function rewriteEtc(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  endpoints: readonly Endpoint[],
): void {
  writeFileSync(`${place.bundle}/etc/hosts`, printHosts(spec, endpoints, printLinks(engine, spec)));
  writeFileSync(`${place.bundle}/etc/resolv.conf`, makeResolvConf(spec, endpoints, readHostResolver));
}
