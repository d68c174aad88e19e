import {
  type ContainerEntry,
  type Engine,
  exitCodeOf,
  findContainer,
  networkId,
  networkNames,
  readSpec,
  statusWord,
} from "#engine";
import { type Filters, filterValueInvalid, hasLabel, isVialError } from "#spec";

export const containerFilters = [
  "ancestor",
  "before",
  "exited",
  "health",
  "id",
  "label",
  "name",
  "network",
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

/** By the path inside, or the path on the host. */
function hasMount({ spec }: ContainerEntry, path: string): boolean {
  return spec.mounts.some(
    (mount) => mount.target === path || (mount.kind === "bind" && mount.source === path),
  );
}

function hasExited({ state }: ContainerEntry): boolean {
  return state.status === "exited" || state.status === "dead";
}

/** Docker matches a name by a regular expression, with and without its slash. */
function matches(pattern: string, name: string): boolean {
  if (name === pattern || `/${name}` === pattern) return true;
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
