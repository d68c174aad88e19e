import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import {
  type Beginning,
  cgroupMode,
  findProgram,
  hasOneId,
  inUserNamespace,
  unmountLazily,
  warmCgroupLock,
} from "#host";
import { layerPlace, mountRoot } from "#image";
import {
  type BundleFacts,
  capabilitiesOfMask,
  chooseCapabilities,
  type ContainerSpec,
  type Driver,
  type DeviceWish,
  makeRuntimeConfig,
  readAccounts,
  type RuntimeDevice,
  resolveUser,
} from "#runtime";
import type { Engine } from "../engine-handle.ts";
import {
  deviceMissing,
  initMissing,
  joinedNotRunning,
  layerMissing,
  rootfsHostile,
  userNotMapped,
} from "../error.ts";
import { fillVolumes } from "../volume/fill.ts";
import { openSources, recordMounts } from "../volume/sources.ts";
import { checkCommand } from "./find-command.ts";
import { makeWorkingFolder } from "./working-folder.ts";
import { cgroupsPathOf, rootlessCgroupsPath } from "./cgroup-path.ts";
import { driverOf } from "./driver.ts";
import { joinedNetwork, writeEtc } from "./etc.ts";
import { type ContainerFolder, containerFolder } from "./folder.ts";
import { closeNetwork, type OpenNetwork, openNetwork } from "./network.ts";
import { whyPortsAreLost } from "./ports.ts";
import { StartFailure } from "./start-failure.ts";
import { currentState } from "./state.ts";

/** A driver that has begun its work for a bundle that is still empty. */
export interface Launch<Answer> extends Beginning<Answer> {
  readonly driver: Driver;
  readonly cgroupsPath: string | undefined;
}

/** Makes the bundle's folder and lets the driver begin. On failure the folder stays behind for `clearBundle`. */
export function launch<Answer>(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  begin: (driver: Driver) => Beginning<Answer>,
): Launch<Answer> {
  const cgroupsPath = cgroupsPathFor(place);
  const driver = driverOf(engine, spec, { withoutCgroups: cgroupsPath === undefined });
  warmCgroupLock();
  driver.prepare();
  mkdirSync(`${place.bundle}/etc`, { recursive: true, mode: 0o700 });
  const begun = begin(driver);
  return {
    driver,
    cgroupsPath,
    provide: (config) => begun.provide(config),
    abandon: () => begun.abandon(),
  };
}

export interface Bundle {
  /** The runtime config as JSON. */
  readonly config: string;
  /** Limits that this host cannot enforce, one sentence each. */
  readonly warnings: readonly string[];
  /** Its network namespace, held open until the runtime is in it. */
  readonly network: OpenNetwork | undefined;
}

/**
 * Mounts the root in this process's mount namespace and fills the bundle, but for config.json. On failure the launch is
 * abandoned, and the bundle stays behind for `clearBundle`.
 */
export function prepareBundle(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  launched: Launch<unknown>,
): Bundle {
  try {
    warmCgroupLock();
    return fillBundle(engine, spec, place, launched);
  } catch (error) {
    launched.abandon();
    throw error;
  }
}

function fillBundle(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  { driver, cgroupsPath }: Launch<unknown>,
): Bundle {
  const rootfs = rootMountPoint(engine);
  mkdirSync(rootfs, { recursive: true, mode: 0o700 });
  // A restart comes from conmon's exit command, which sees the mount of the run before.
  unmountLazily(rootfs);
  mountContainerRoot(engine, spec, place, rootfs);
  const sources = openSources(engine, spec);
  fillVolumes(engine, spec, place, { root: rootfs, sources });
  recordMounts(engine, spec);
  const network = openNetwork(engine, spec, place);
  try {
    return { ...makeConfig(engine, spec, place, { driver, rootfs, cgroupsPath, network, sources }), network };
  } catch (error) {
    network?.[Symbol.dispose]();
    throw error;
  }
}

export interface ConfigGiven {
  readonly driver: Driver;
  readonly rootfs: string;
  readonly cgroupsPath: string | undefined;
  /** What openSources() gave; none for a container without volumes. */
  readonly sources?: ReadonlyMap<string, string>;
  readonly network?: OpenNetwork | undefined;
}

/** The config of a root that is mounted, its program and its working folder looked after. Throws StartFailure. */
export function makeConfig(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  given: ConfigGiven,
): Omit<Bundle, "network"> {
  const { rootfs } = given;
  const facts = readFacts(engine, spec, place, given);
  if (facts.oneId && (facts.user.uid !== 0 || facts.user.gid !== 0))
    throw new StartFailure(126, userNotMapped(facts.user));
  const config = makeRuntimeConfig(spec, facts);
  checkCommand({
    root: rootfs,
    args: [...spec.entrypoint, ...spec.command],
    env: config.process.env,
    cwd: config.process.cwd,
    user: facts.user,
    mounts: config.mounts.map((mount) => mount.destination),
    container: spec.name,
  });
  makeWorkingFolder(rootfs, config.process.cwd, facts.user, spec.mounts);
  return { config: JSON.stringify(config), warnings: unenforced(spec, facts) };
}

/**
 * Where a process that starts a container mounts its root. One folder for all: each such process has a mount namespace
 * of its own, with whose end the mount goes, so nothing has to be unmounted (3 ms) or removed.
 */
export function rootMountPoint(engine: Engine): string {
  return `${engine.place.run}/rootfs`;
}

/** Mounts a container's layers and its changes at `target`. */
export function mountContainerRoot(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  target: string,
): void {
  const layers = spec.image.diffIds.map(
    (diffId) => layerPlace(engine.store, diffId) ?? refuseMissing(spec, diffId),
  );
  const writable = { upper: `${place.folder}/rw/upper`, work: `${place.folder}/rw/work` };
  mountRoot({ layers, writable, target, volatile: spec.autoRemove });
}

function refuseMissing(spec: ContainerSpec, diffId: string): never {
  throw layerMissing(spec.imageName, diffId);
}

/** Takes the bundle away, and what the run had of networks: plain files, for the root is mounted elsewhere. */
export function clearBundle(engine: Engine, place: ContainerFolder): void {
  closeNetwork(engine, place);
  rmSync(place.bundle, { recursive: true, force: true });
}

function readFacts(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  given: ConfigGiven,
): BundleFacts {
  const { driver, rootfs, cgroupsPath, network, sources = new Map<string, string>() } = given;
  for (const name of ["proc", "sys", "dev"]) refuseOddMountPoint(spec, rootfs, name);
  const status = readFileSync("/proc/self/status", "latin1");
  const heldCapabilities = capabilitiesOfMask(/^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? "0");
  const rootless = inUserNamespace();
  const mode = cgroupMode();
  const user = resolveUser(spec.user, readAccounts(rootfs), spec.groupAdd);
  const joins = joinedNetwork(spec.network);
  const oneId = hasOneId();
  const wantsDefault = spec.seccomp === "default" && !spec.privileged && !oneId;
  return {
    rootfs,
    user,
    arch: process.arch,
    rootless,
    oneId,
    cgroupVersion: mode === "v2" ? 2 : 1,
    cgroupsPath,
    swapAccounting: swapAccounting(),
    sources,
    files: mountedFiles(spec, sources),
    hasMessageQueues: spec.ipc === "host" && existsSync("/dev/mqueue"),
    heldCapabilities,
    maxOpenFiles: hardLimit("Max open files"),
    devices: spec.privileged
      ? [...hostDevices(), ...resolveDevices(spec.devices)]
      : resolveDevices(spec.devices),
    init: spec.init ? (findProgram("catatonit") ?? refuseInit()) : undefined,
    joined: {
      ...(typeof spec.pid === "object" ? { pid: namespaceOf(engine, spec.pid.container, "pid") } : {}),
      ...(typeof spec.ipc === "object" ? { ipc: namespaceOf(engine, spec.ipc.container, "ipc") } : {}),
      ...(network === undefined ? {} : { network: network.path }),
      ...(joins === undefined ? {} : { network: namespaceOf(engine, joins, "net") }),
    },
    // After `joined`, which tells when that container does not run.
    etc: writeEtc(engine, spec, place, network?.endpoints ?? []),
    compiledSeccomp: wantsDefault
      ? driver.compiledSeccomp(
          `${engine.place.root}/cache`,
          chooseCapabilities({
            add: spec.capAdd,
            drop: spec.capDrop,
            privileged: false,
            held: heldCapabilities,
          }),
        )
      : undefined,
  };
}

/** Of the mounts that are read-only, the targets of those that are no folders. */
function mountedFiles(spec: ContainerSpec, sources: ReadonlyMap<string, string>): ReadonlySet<string> {
  const isFile = (path: string | undefined) =>
    path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
  return new Set(
    spec.mounts.flatMap((mount) => {
      if (mount.kind === "tmpfs" || (mount.kind !== "image" && !mount.readonly)) return [];
      return isFile(mount.kind === "bind" ? mount.source : sources.get(mount.target)) ? [mount.target] : [];
    }),
  );
}

function refuseInit(): never {
  throw initMissing();
}

/** Undefined for an ordinary user who may use no control groups here. */
function cgroupsPathFor(place: ContainerFolder): string | undefined {
  return inUserNamespace() ? rootlessCgroupsPath(cgroupMode(), place.id) : cgroupsPathOf(place);
}

/** Whether the kernel counts swap in memory limits (a boot option on v1). */
export function swapAccounting(): boolean {
  return cgroupMode() === "v2" || existsSync("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
}

/** A /proc, /sys or /dev that is a link would send the runtime's mounts elsewhere (CVE-2019-19921, CVE-2023-28642). */
function refuseOddMountPoint(spec: ContainerSpec, rootfs: string, name: string): void {
  const info = lstatSync(`${rootfs}/${name}`, { throwIfNoEntry: false });
  if (info !== undefined && !info.isDirectory()) throw rootfsHostile(spec.imageName, `/${name}`);
}

/** The hard limit of this process by its name in /proc/self/limits (proc(5)). */
function hardLimit(name: string): number {
  const line = readFileSync("/proc/self/limits", "latin1")
    .split("\n")
    .find((entry) => entry.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === "unlimited" || hard === undefined ? 2 ** 31 - 1 : Number(hard);
}

function resolveDevices(wishes: readonly DeviceWish[]): BundleFacts["devices"] {
  return wishes.map((wish) => {
    const device = deviceAt(wish.source, wish.target);
    if (device === undefined) throw deviceMissing(wish.source);
    return { ...device, access: wish.access };
  });
}

/** A device node on the host, as the runtime wants it, or undefined. `rdev` is in the kernel's new_encode_dev form. */
function deviceAt(source: string, target: string): RuntimeDevice | undefined {
  const info = statSync(source, { throwIfNoEntry: false });
  if (info === undefined || !(info.isCharacterDevice() || info.isBlockDevice())) return undefined;
  const major = (info.rdev >> 8) & 0xfff;
  const minor = (info.rdev & 0xff) | ((info.rdev >> 12) & 0xfff00);
  return {
    path: target,
    type: info.isBlockDevice() ? "b" : "c",
    major,
    minor,
    fileMode: info.mode & 0o777,
    uid: info.uid,
    gid: info.gid,
  };
}

const madeByRuntime = new Set(["null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"]);

/** Every device node directly below /dev, for `--privileged`. */
function hostDevices(): BundleFacts["devices"] {
  return readdirSync("/dev").flatMap((name) => {
    if (madeByRuntime.has(name)) return [];
    const device = lstatSync(`/dev/${name}`).isSymbolicLink()
      ? undefined
      : deviceAt(`/dev/${name}`, `/dev/${name}`);
    return device === undefined ? [] : [{ ...device, access: "rwm" }];
  });
}

function namespaceOf(engine: Engine, id: string, kind: "pid" | "ipc" | "net"): string {
  const state = currentState(containerFolder(engine, id));
  if (state.status !== "running" && state.status !== "paused") throw joinedNotRunning(id, kind);
  return `/proc/${state.process.pid}/ns/${kind}`;
}

/** What was asked for and cannot be enforced here is said, never dropped in silence. */
function unenforced(spec: ContainerSpec, facts: BundleFacts): readonly string[] {
  const warnings: string[] = [];
  const asked = Object.keys(spec.resources);
  if (facts.cgroupsPath === undefined && asked.length > 0) {
    warnings.push(
      `the limits (${asked.join(", ")}) are not enforced: this user may not use control groups on this host`,
    );
  }
  if (facts.cgroupsPath !== undefined && !facts.swapAccounting && spec.resources.memory !== undefined) {
    warnings.push("the memory limit does not count swap: the kernel does not account for it");
  }
  if (typeof spec.ipc === "object")
    warnings.push(
      "the folder /dev/shm is the container's own: only queues and semaphores are shared by --ipc",
    );
  const lost = whyPortsAreLost(spec);
  if (lost !== undefined) warnings.push(lost);
  return warnings;
}
