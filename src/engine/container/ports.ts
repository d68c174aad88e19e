import { inUserNamespace } from "#host";
import {
  type Endpoint,
  listPorts,
  type NetworkRecord,
  openRelays,
  type PortTarget,
  type PortWish,
  publishPorts,
  type PublishedPort,
  sweepPorts,
  unpublishPorts,
} from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { boundPorts } from "./bound-ports.ts";
import { type ContainerFolder, containerFolder, findContainer, readSpec } from "./folder.ts";
import { containerProcess, currentState } from "./state.ts";

/** An interface of a container with the network that it is in. */
export interface Joined {
  readonly endpoint: Endpoint;
  readonly network: NetworkRecord;
}

/** Every port that is to be published: those that were asked for, and with -P each exposed one that is not among them. */
export function portWishes(
  spec: Pick<ContainerSpec, "ports" | "publishAll" | "publishAllAt" | "exposedPorts">,
): readonly PortWish[] {
  if (!spec.publishAll) return spec.ports;
  const asked = new Set(spec.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const others = [...new Set(spec.exposedPorts.flatMap(expandExposed))].filter((port) => !asked.has(port));
  return [
    ...spec.ports,
    ...others.flatMap((text): readonly PortWish[] => {
      const [port, protocol] = text.split("/");
      if (protocol !== "tcp" && protocol !== "udp") return [];
      const wish = { containerPort: Number(port), protocol } as const;
      return spec.publishAllAt === "everywhere"
        ? [
            { ...wish, hostAddress: "0.0.0.0" },
            { ...wish, hostAddress: "::" },
          ]
        : [wish];
    }),
  ];
}

/** "80", "80/tcp" and "90-92/udp", as the image or the user wrote them. */
function expandExposed(text: string): readonly string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(\w+))?$/.exec(text);
  if (match === null) return [];
  const first = Number(match[1]);
  const last = Math.min(Number(match[2] ?? first), 65535);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => `${first + index}/${(match[3] ?? "tcp").toLowerCase()}`,
  );
}

/** Where the ports of a container lead: to its first interface on a bridge that the host is on, best one with a way out. */
export function portTarget(joined: readonly Joined[]): PortTarget | undefined {
  const best = outwardBridge(joined);
  if (best === undefined) return undefined;
  const { endpoint, network } = best;
  return {
    ...(endpoint.ipv4 === undefined ? {} : { ipv4: endpoint.ipv4 }),
    ...(endpoint.ipv6 === undefined ? {} : { ipv6: endpoint.ipv6 }),
    bridge: network.interface,
    subnets: network.subnets.map(({ subnet }) => subnet),
  };
}

function outwardBridge(joined: readonly Joined[]): Joined | undefined {
  const bridged = joined.filter(({ network }) => network.driver === "bridge");
  return bridged.find(({ network }) => !network.internal) ?? bridged[0];
}

/** Why the ports that were asked for lead nowhere, in a sentence; undefined when they do, or none was. */
export function whyPortsAreLost(
  spec: Pick<ContainerSpec, "network" | "ports">,
  isUser = inUserNamespace(),
): string | undefined {
  const { network, ports } = spec;
  if (ports.length === 0) return undefined;
  if (network === "host")
    return "no port is published: the container has the host's network, and its programs listen there";
  if (network === "none")
    return isUser ? undefined : "no port is published: the container has no network (--network none)";
  return "container" in network
    ? "no port is published: the network belongs to another container, by which its ports are published"
    : undefined;
}

/** Publishes ports of a container that is about to start, or that runs. openContainerPorts() lets others listen for them. */
export function publishContainerPorts(
  engine: Engine,
  id: string,
  ports: readonly PortWish[],
  joined: readonly Joined[],
): readonly PublishedPort[] {
  const binding = outwardBridge(joined)?.network.hostBinding;
  return publish(engine, id, boundPorts(ports, binding), portTarget(joined) ?? { bridge: "", subnets: [] });
}

/** publishContainerPorts() for an ordinary user, whose containers have no address that the host reaches. */
export function publishUserPorts(
  engine: Engine,
  id: string,
  ports: readonly PortWish[],
): readonly PublishedPort[] {
  return publish(engine, id, ports, "inside");
}

function publish(
  engine: Engine,
  owner: string,
  ports: readonly PortWish[],
  target: PortTarget,
): readonly PublishedPort[] {
  const name = (other: string) => (isUp(engine, other) ? nameOf(engine, other) : undefined);
  return publishPorts({ owner, run: engine.place.run, ports, target, nameOf: name });
}

/** What is published of a container now. Throws container-unknown. */
export function containerPorts(engine: Engine, name: string): readonly PublishedPort[] {
  return portsOfId(engine, findContainer(engine, name).id);
}

/** What is published of the container with this id now: nothing, when it is gone. */
export function portsOfId(engine: Engine, id: string): readonly PublishedPort[] {
  return listPorts(id, engine.place.run);
}

export function openContainerPorts(engine: Engine, place: ContainerFolder): void {
  openRelays(place.id, engine.place.run, containerProcess(place)?.pid);
}

export function closeContainerPorts(engine: Engine, place: ContainerFolder): void {
  unpublishPorts(place.id, engine.place.run);
}

/** Clears away the ports of containers that do not run. */
export function sweepContainerPorts(engine: Engine): void {
  sweepPorts(engine.place.run, (owner) => !isUp(engine, owner));
}

/** Whether a container is up, or about to be: then its addresses and ports are its own. */
export function isUp(engine: Engine, id: string): boolean {
  const { status } = currentState(containerFolder(engine, id));
  return status === "starting" || status === "running" || status === "paused";
}

function nameOf(engine: Engine, id: string): string {
  try {
    return readSpec(containerFolder(engine, id)).name;
  } catch {
    return id.slice(0, 12);
  }
}
