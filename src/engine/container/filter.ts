import { networkId } from "../network/predefined.ts";
import { networkNames } from "./describe-network.ts";
import { type Filters, filterValueInvalid, hasLabel, isVialError } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { exitCodeOf, statusWord } from "./describe.ts";
import { findContainer, readSpec } from "./folder.ts";
import type { ContainerEntry } from "./list.ts";

export const containerFilters = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
] as const;

const containerStates = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];
const healthStates = ["none", "starting", "healthy", "unhealthy"];

/** The containers that pass every filter. Of one filter any value will do; of labels all are needed (Docker's rule). */
export async function filterContainers(
  engine: Engine,
  entries: readonly ContainerEntry[],
  filters: Filters,
): Promise<readonly ContainerEntry[]> {
  const values = (name: (typeof containerFilters)[number]) => filters.get(name);
  const created = (name: string) => readSpec(findContainer(engine, name)).created;
  const before = values("before")?.map(created);
  const since = values("since")?.map(created);
  const codes = values("exited")?.map(parseCode);
  const words = values("status")?.map((text) => oneOf("status", text, containerStates));
  const exposed = values("expose")?.map((text) => parsePorts("expose", text));
  const published = values("publish")?.map((text) => parsePorts("publish", text));
  const health = values("health")?.map((text) => oneOf("health", text, healthStates));
  const ancestors = await Promise.all((values("ancestor") ?? []).map((name) => ancestorTest(engine, name)));
  const any = <T>(wanted: readonly T[] | undefined, fits: (value: T) => boolean) =>
    wanted?.some(fits) ?? true;
  return entries.filter(
    (entry) =>
      any(words, (word) => statusWord(entry) === word) &&
      any(values("id"), (text) => entry.spec.id.startsWith(text)) &&
      any(values("name"), (text) => matches(text, entry.spec.name)) &&
      any(values("network"), (text) => isInNetwork(engine, entry, text)) &&
      any(exposed, (range) => range(entry.spec.exposedPorts)) &&
      any(published, (range) => range(publishedPorts(entry))) &&
      // There is no swarm whose task it could be, and no isolation of Windows.
      any(values("is-task"), (text) => text === "false") &&
      any(values("isolation"), (text) => text === "default") &&
      any(values("volume"), (text) => hasMount(entry, text)) &&
      (values("label") ?? []).every((wanted) => hasLabel(entry.spec.labels, wanted)) &&
      any(codes, (code) => hasExited(entry) && exitCodeOf(entry) === code) &&
      any(before, (time) => entry.spec.created < time) &&
      any(since, (time) => entry.spec.created > time) &&
      any(health, (wanted) => entry.health === wanted) &&
      (ancestors.length === 0 || ancestors.some((test) => test(entry))),
  );
}

/** By the name of a network, or its id. */
function isInNetwork(engine: Engine, { spec }: ContainerEntry, text: string): boolean {
  return networkNames(spec).some((name) => name === text || networkId(engine, name) === text);
}

/** By the path inside, the path on the host, or the name of the volume. */
function hasMount({ spec }: ContainerEntry, text: string): boolean {
  return spec.mounts.some(
    (mount) =>
      mount.target === text ||
      (mount.kind === "bind" && mount.source === text) ||
      (mount.kind === "volume" && mount.name === text),
  );
}

function publishedPorts({ spec }: ContainerEntry): readonly string[] {
  return spec.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
}

/** Parses `80`, `80/udp` or `80-90/tcp`; gives the test whether one of a list of ports is among them. */
function parsePorts(name: string, text: string): (ports: readonly string[]) => boolean {
  const [, from, to = from, protocol = "tcp"] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  if (from === undefined) throw filterValueInvalid(name, text, "a port such as 80/tcp, or a range 80-90");
  return (ports) =>
    ports.some((port) => {
      const [number = "", type] = port.split("/");
      return type === protocol && Number(number) >= Number(from) && Number(number) <= Number(to);
    });
}

function hasExited({ state }: ContainerEntry): boolean {
  return state.status === "exited" || state.status === "dead";
}

/** Docker matches a name by a regular expression, with and without its slash. */
function matches(pattern: string, name: string): boolean {
  if (name === pattern || `/${name}` === pattern) return true;
  // A repetition in a repetition may take for ever: compared as text.
  if (/\([^)]*[*+{][^)]*\)[*+{]/.test(pattern)) return name.includes(pattern);
  try {
    const expression = new RegExp(pattern);
    return expression.test(name) || expression.test(`/${name}`);
  } catch {
    return false;
  }
}

/** Whether a container stands on that image: it was made from it, or from one with all its layers below. */
async function ancestorTest(engine: Engine, name: string): Promise<(entry: ContainerEntry) => boolean> {
  const { findImage } = await import("#image");
  let layers: readonly string[] | undefined;
  try {
    layers = findImage(engine.store, name).config.rootfs.diff_ids ?? [];
  } catch (error) {
    // An image that was removed still names its containers.
    if (!isVialError(error)) throw error;
  }
  return ({ spec }) =>
    spec.imageName === name ||
    spec.image.id === name ||
    (layers !== undefined &&
      layers.length > 0 &&
      layers.every((diffId, index) => spec.image.diffIds[index] === diffId));
}

function parseCode(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw filterValueInvalid("exited", text, "an exit code from 0 to 255");
  return Number(text);
}

function oneOf(name: string, text: string, allowed: readonly string[]): string {
  if (!allowed.includes(text)) throw filterValueInvalid(name, text, allowed.join(", "));
  return text;
}
