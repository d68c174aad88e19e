import { readFileSync } from "node:fs";
import { conmonRotates, inUserNamespace } from "#host";
import { holdContent, storeWriteFault } from "#image";
import { defaultName } from "#network";
import { checkRuntimeName, type ContainerSpec, mergeEnvironment, type MountWish } from "#runtime";
import type { Healthcheck } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { logFilesUnsupported, nameInvalid } from "../error.ts";
import { recordEvent } from "../events.ts";
import { fillEarly } from "../volume/fill-early.ts";
import { markToFill, wantsCopy } from "../volume/fill.ts";
import { holdVolumes } from "../volume/record.ts";
import { removeAnonymousVolumes } from "../volume/remove.ts";
import { resolveMounts, wantsVolumes } from "../volume/resolve.ts";
import { deleteContainer } from "./finish.ts";
import {
  claimContainer,
  containerFolder,
  type ContainerFolder,
  makeFolders,
  newContainerId,
  readSpec,
  removeFolders,
} from "./folder.ts";
import { clearBundle } from "./prepare.ts";
import type { ImageRecord } from "./image-record.ts";
import { soundHealth } from "./image-health.ts";
import { settleEndpoints } from "./endpoint-wish.ts";
import { markLinks } from "./links.ts";
import { checkUserNetwork, ordinaryUserNetwork } from "./user-network.ts";
import { randomName } from "./random-name.ts";

/** What a door may wish of a new container. What is left out comes from the image, then from the defaults. */
export interface CreateWish
  extends Partial<
    Pick<
      ContainerSpec,
      | "terminal"
      | "interactive"
      | "stdinOnce"
      | "autoRemove"
      | "readonlyRoot"
      | "init"
      | "mounts"
      | "network"
      | "ports"
      | "publishAll"
      | "publishAllAt"
      | "domainname"
      | "extraHosts"
      | "dns"
      | "dnsSearch"
      | "dnsOptions"
      | "restart"
      | "resources"
      | "ulimits"
      | "shmSize"
      | "consoleSize"
      | "devices"
      | "capAdd"
      | "capDrop"
      | "privileged"
      | "noNewPrivileges"
      | "seccomp"
      | "unmasked"
      | "sysctls"
      | "annotations"
      | "pid"
      | "ipc"
      | "uts"
      | "cgroup"
      | "oomScoreAdj"
      | "log"
      | "runtime"
      | "groupAdd"
    >
  > {
  readonly name?: string | undefined;
  readonly command: readonly string[];
  /** An empty list takes the image's entrypoint away. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly hostname?: string | undefined;
  readonly stopSignal?: string | undefined;
  readonly stopTimeout?: number | undefined;
  /** Null switches the image's health check off. */
  readonly health?: Healthcheck | null | undefined;
  readonly exposedPorts?: readonly string[];
  /** Containers whose mounts it gets too: "NAME", "NAME:ro". */
  readonly volumesFrom?: readonly string[] | undefined;
}

export interface CreatedContainer<Early> {
  readonly spec: ContainerSpec;
  readonly place: ContainerFolder;
  readonly early: Early;
}

/**
 * Makes a container of an image that the store holds, and gives its new volumes what the image has in their place.
 * `imageName` is what the user called it.
 */
export function createContainer(
  engine: Engine,
  image: ImageRecord,
  imageName: string,
  wish: CreateWish,
): CreatedContainer<undefined> {
  const created = createAndBegin(engine, image, imageName, wish, () => undefined);
  try {
    fillEarly(engine, created.spec, created.place);
    return created;
  } catch (error) {
    deleteContainer(engine, created.spec, created.place, { volumes: true });
    throw error;
  }
}

/**
 * createContainer() that calls `begin` before the container is on record: what that starts gets ready meanwhile. When
 * the container does not come about, it is abandoned.
 */
export function createAndBegin<Early extends { abandon(): void } | undefined>(
  engine: Engine,
  image: ImageRecord,
  imageName: string,
  wished: CreateWish,
  begin: (spec: ContainerSpec, place: ContainerFolder) => Early,
): CreatedContainer<Early> {
  const files = wished.log?.maxFile ?? 1;
  if (files > 1 && !conmonRotates()) throw logFilesUnsupported(files);
  if (wished.runtime !== undefined) checkRuntimeName(wished.runtime);
  const wish = settleNetwork(engine, wished);
  // Until the container is on record, its layers belong to nobody, and nor do its volumes.
  using _hold = holdContent(engine.store);
  const made: MountWish[] = [];
  try {
    using _volumes = wantsVolumes(image, wish) ? holdVolumes(engine) : undefined;
    const name = wish.name === undefined ? undefined : checkName(wish.name);
    const mounts = resolveMounts(engine, image, imageName, wish, made);
    const spec = makeSpec(newContainerId(), image, imageName, { ...wish, mounts }, name);
    return putOnRecord(engine, spec, begin);
  } catch (error) {
    removeAnonymousVolumes(engine, { mounts: made });
    throw error;
  }
}

function putOnRecord<Early extends { abandon(): void } | undefined>(
  engine: Engine,
  spec: ContainerSpec,
  begin: (spec: ContainerSpec, place: ContainerFolder) => Early,
): CreatedContainer<Early> {
  const place = makeFolders(engine, spec.id);
  let early: Early | undefined;
  try {
    if (spec.mounts.some(wantsCopy)) markToFill(place);
    early = begin(spec, place);
    const named = recordContainer(engine, spec, place);
    if (typeof spec.network === "object" && "endpoints" in spec.network)
      markLinks(engine, spec.id, spec.network.endpoints);
    recordEvent(engine, named, "create");
    return { spec: named, place, early };
  } catch (error) {
    early?.abandon();
    clearBundle(engine, place);
    removeFolders(place);
    throw storeWriteFault(engine.place.root, error);
  }
}

/** The networks of a wish, looked up: one that is not there is told before the container is made. */
function settleNetwork(engine: Engine, wish: CreateWish): CreateWish {
  const { network } = wish;
  if (typeof network !== "object") return wish;
  // As in Docker: the name in its /etc/hosts is that of the one whose network it is.
  if ("container" in network)
    return {
      ...wish,
      hostname: wish.hostname ?? readSpec(containerFolder(engine, network.container)).hostname,
    };
  if (inUserNamespace()) {
    checkUserNetwork(network);
    return wish;
  }
  return { ...wish, network: { endpoints: settleEndpoints(engine, network.endpoints) } };
}

function recordContainer(engine: Engine, spec: ContainerSpec, place: ContainerFolder): ContainerSpec {
  if (spec.name !== "") {
    claimContainer(engine, spec, place);
    return spec;
  }
  for (;;) {
    const named = { ...spec, name: randomName() };
    try {
      claimContainer(engine, named, place);
      return named;
    } catch (error) {
      if ((error as { code?: string }).code !== "name-taken") throw error;
    }
  }
}

export function checkName(text: string): string {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name)) throw nameInvalid(text);
  return name;
}

/** What a container is to be, from its image and the wish; without a name when none was given. */
export function makeSpec(
  id: string,
  image: ImageRecord,
  imageName: string,
  wish: CreateWish,
  name: string | undefined,
): ContainerSpec {
  const { defaults } = image;
  const entrypoint = wish.entrypoint ?? defaults.Entrypoint ?? [];
  // A new entrypoint makes the image's command meaningless, as in Docker.
  const command =
    wish.command.length > 0 ? wish.command : wish.entrypoint === undefined ? (defaults.Cmd ?? []) : [];
  const network = wish.network ?? ordinaryNetwork();
  return {
    version: 1,
    id,
    name: name ?? "",
    created: new Date().toISOString(),
    image: {
      id: image.id,
      manifestDigest: image.manifestDigest,
      platform: image.platform,
      diffIds: image.diffIds,
    },
    imageName,
    entrypoint,
    command,
    env: mergeEnvironment(defaults.Env ?? [], wish.env ?? []),
    workingDir: wish.workingDir ?? (defaults.WorkingDir || "/"),
    user: wish.user ?? defaults.User ?? "",
    groupAdd: wish.groupAdd ?? [],
    hostname: wish.hostname ?? (wish.uts === "host" || network === "host" ? hostName() : id.slice(0, 12)),
    terminal: wish.terminal ?? false,
    interactive: wish.interactive ?? false,
    ...(wish.stdinOnce === undefined ? {} : { stdinOnce: wish.stdinOnce }),
    autoRemove: wish.autoRemove ?? false,
    readonlyRoot: wish.readonlyRoot ?? false,
    init: wish.init ?? false,
    mounts: wish.mounts ?? [],
    ...(wish.volumesFrom === undefined || wish.volumesFrom.length === 0
      ? {}
      : { volumesFrom: wish.volumesFrom }),
    network,
    ports: wish.ports ?? [],
    publishAll: wish.publishAll ?? false,
    ...(wish.publishAllAt === undefined ? {} : { publishAllAt: wish.publishAllAt }),
    domainname: wish.domainname ?? "",
    extraHosts: wish.extraHosts ?? [],
    dns: wish.dns ?? [],
    dnsSearch: wish.dnsSearch ?? [],
    dnsOptions: wish.dnsOptions ?? [],
    restart: wish.restart ?? { name: "no", maximumRetries: 0 },
    stopSignal: wish.stopSignal ?? (defaults.StopSignal || "SIGTERM"),
    stopTimeout: wish.stopTimeout ?? 10,
    resources: wish.resources ?? {},
    ulimits: wish.ulimits ?? [],
    shmSize: wish.shmSize ?? 64 * 1024 * 1024,
    ...(wish.consoleSize === undefined ? {} : { consoleSize: wish.consoleSize }),
    devices: wish.devices ?? [],
    capAdd: wish.capAdd ?? [],
    capDrop: wish.capDrop ?? [],
    privileged: wish.privileged ?? false,
    noNewPrivileges: wish.noNewPrivileges ?? false,
    seccomp: wish.seccomp ?? "default",
    unmasked: wish.unmasked ?? false,
    sysctls: wish.sysctls ?? {},
    labels: { ...defaults.Labels, ...wish.labels },
    annotations: wish.annotations ?? {},
    pid: wish.pid ?? "private",
    ipc: wish.ipc ?? "private",
    uts: wish.uts ?? "private",
    cgroup: wish.cgroup ?? "host",
    oomScoreAdj: wish.oomScoreAdj ?? 0,
    log: wish.log ?? { driver: "k8s-file" },
    health: mergeHealth(defaults.Healthcheck ?? null, wish.health),
    runtime: wish.runtime ?? "crun",
    exposedPorts: [...Object.keys(defaults.ExposedPorts ?? {}), ...(wish.exposedPorts ?? [])],
  };
}

function mergeHealth(image: Healthcheck | null, wish: Healthcheck | null | undefined): Healthcheck | null {
  if (wish === null) return null;
  const merged = { ...soundHealth(image), ...wish };
  const test = merged.Test ?? [];
  return test.length === 0 || test[0] === "NONE" ? null : merged;
}

/** An ordinary user may not make interfaces on the host. */
function ordinaryNetwork(): ContainerSpec["network"] {
  return inUserNamespace() ? ordinaryUserNetwork() : { endpoints: [{ network: defaultName, aliases: [] }] };
}

function hostName(): string {
  return readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
}
