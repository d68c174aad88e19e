import { resolve } from "node:path";
import { defaultPathEntry } from "#spec";
import { chooseCapabilities } from "./container/capability.ts";
import { withFakedOwners } from "./container/faked-owners.ts";
import { defaultSeccomp, type Seccomp } from "./container/seccomp.ts";
import type { ContainerSpec, MountWish, NamespaceWish } from "./container-spec.ts";
import { commandMissing, zeroByte } from "./error.ts";
import type { ProcessUser } from "./user.ts";

// config.json (OCI runtime-spec 1.0) from wishes and facts. Pure: the same input gives the same bundle.

export interface RuntimeMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface RuntimeDevice {
  readonly path: string;
  readonly type: "c" | "b" | "p";
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

interface RuntimeDeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access?: string;
}

export interface RuntimeProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly additionalGids: readonly number[];
    readonly umask?: number;
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Readonly<
    Record<"bounding" | "effective" | "permitted" | "inheritable" | "ambient", readonly string[]>
  >;
  readonly rlimits: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
}

export interface RuntimeConfig {
  readonly ociVersion: string;
  readonly process: RuntimeProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly mounts: readonly RuntimeMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: Readonly<Record<string, unknown>>;
}

/** What the bundle depends on beside the wishes: read from the host and the mounted root right before. */
export interface BundleFacts {
  readonly rootfs: string;
  readonly user: ProcessUser;
  readonly arch: string;
  readonly rootless: boolean;
  /** The user namespace has root alone: what would give files to others is faked. */
  readonly oneId: boolean;
  readonly cgroupVersion: 1 | 2;
  /** The host has a folder /dev/mqueue. */
  readonly hasMessageQueues: boolean;
  /** Undefined: no control group can be had (an ordinary user without delegation). */
  readonly cgroupsPath: string | undefined;
  readonly swapAccounting: boolean;
  readonly heldCapabilities: readonly string[];
  /** The hard RLIMIT_NOFILE of this process: more cannot be given without CAP_SYS_RESOURCE. */
  readonly maxOpenFiles: number;
  /** Where the engine wrote resolv.conf, hosts and hostname, if the container gets them. */
  readonly etc: string | undefined;
  readonly devices: readonly (RuntimeDevice & { readonly access: string })[];
  /** Where the volumes and images that are mounted lie on the host, by the path inside. */
  readonly sources: ReadonlyMap<string, string>;
  /** The paths inside at which no folder is mounted but a file. */
  readonly files: ReadonlySet<string>;
  /** The path of the init program on the host. */
  readonly init: string | undefined;
  /** /proc/PID/ns/X of containers whose namespace is joined. */
  readonly joined: { readonly pid?: string; readonly ipc?: string; readonly network?: string };
  /** The compiled default filter, base64, when the runtime takes one. */
  readonly compiledSeccomp: string | undefined;
}

const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const defaultDeviceRules: readonly RuntimeDeviceRule[] = [
  { allow: false, access: "rwm" },
  // Any node may be made, none but the following opened (Docker's rules).
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 1],
      [5, 2],
    ] as const
  ).map(([major, minor]) => ({ allow: true, type: "c", major, minor, access: "rwm" })),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

export function makeRuntimeConfig(spec: ContainerSpec, facts: BundleFacts): RuntimeConfig {
  const capabilities = chooseCapabilities({
    add: spec.capAdd,
    drop: spec.capDrop,
    privileged: spec.privileged,
    held: facts.heldCapabilities,
  });
  const seccomp = chooseSeccomp(spec, facts, capabilities);
  const sysctls =
    spec.domainname === "" || spec.uts !== "private"
      ? spec.sysctls
      : // Not every runtime knows the field `domainname`, which the specification got late.
        { "kernel.domainname": spec.domainname, ...spec.sysctls };
  return {
    ociVersion: "1.0.2",
    process: makeProcess(spec, facts, capabilities),
    root: { path: facts.rootfs, readonly: spec.readonlyRoot },
    ...(spec.uts === "private" ? { hostname: spec.hostname } : {}),
    mounts: makeMounts(spec, facts),
    annotations: {
      ...spec.annotations,
      ...(seccomp.compiled === undefined ? {} : { "run.oci.seccomp_bpf_data": seccomp.compiled }),
    },
    linux: {
      namespaces: makeNamespaces(spec, facts),
      ...(spec.privileged || spec.unmasked ? {} : { maskedPaths, readonlyPaths }),
      ...(seccomp.profile === undefined ? {} : { seccomp: seccomp.profile }),
      ...(Object.keys(sysctls).length === 0 ? {} : { sysctl: sysctls }),
      ...devicesToMake(spec, facts),
      ...(facts.cgroupsPath === undefined
        ? {}
        : { cgroupsPath: facts.cgroupsPath, resources: makeResources(spec, facts) }),
      ...(hasBind(spec) ? { rootfsPropagation: "rslave" } : {}),
    },
  };
}

/** Nobody makes nodes in a user namespace (mknod(2)): the wished devices are bound there, with the mounts. */
function devicesToMake(
  spec: ContainerSpec,
  facts: BundleFacts,
): { readonly devices?: readonly RuntimeDevice[] } {
  const bound = facts.rootless ? spec.devices.map((wish) => wish.target) : [];
  const devices = facts.devices.filter(({ path }) => !bound.includes(path));
  return devices.length === 0 ? {} : { devices: devices.map(({ access: _, ...device }) => device) };
}

function hasBind(spec: ContainerSpec): boolean {
  return spec.mounts.some((mount) => mount.kind === "bind" && mount.propagation.endsWith("slave"));
}

function makeProcess(
  spec: ContainerSpec,
  facts: BundleFacts,
  capabilities: readonly string[],
): RuntimeProcess {
  const args = [...spec.entrypoint, ...spec.command];
  if (args.length === 0) throw commandMissing(spec.imageName);
  const isRoot = facts.user.uid === 0;
  const env = makeEnvironment(spec, facts);
  refuseZeroBytes({ command: args, environment: env, "working folder": [spec.workingDir] });
  return {
    terminal: spec.terminal,
    ...(spec.terminal && spec.consoleSize !== undefined
      ? { consoleSize: { height: spec.consoleSize.rows, width: spec.consoleSize.columns } }
      : {}),
    user: {
      uid: facts.user.uid,
      gid: facts.user.gid,
      additionalGids: facts.user.additionalGids,
      umask: 0o022,
    },
    args: spec.init ? [initPath, "--", ...args] : args,
    env,
    // Cleaned as text, as Docker does: what is checked is what the runtime gets.
    cwd: resolve("/", spec.workingDir),
    capabilities: {
      bounding: capabilities,
      effective: isRoot ? capabilities : [],
      permitted: isRoot ? capabilities : [],
      // Never inheritable: a program with inheritable file capabilities would get them (CVE-2022-24769).
      inheritable: [],
      ambient: [],
    },
    rlimits: makeRlimits(spec, facts),
    noNewPrivileges: spec.noNewPrivileges,
    ...(spec.oomScoreAdj === 0 ? {} : { oomScoreAdj: spec.oomScoreAdj }),
  };
}

/** The runtime's text would end there, and an image could show one command and run another. */
function refuseZeroBytes(texts: Readonly<Record<string, readonly string[]>>): void {
  for (const [where, list] of Object.entries(texts))
    if (list.some((text) => text.includes("\0"))) throw zeroByte(where);
}

const initPath = "/dev/init";

/** Later settings of a name win and keep the first one's place, as in Docker. */
export function mergeEnvironment(...lists: readonly (readonly string[])[]): readonly string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    const equals = entry.indexOf("=");
    if (equals < 0) merged.delete(entry);
    else merged.set(entry.slice(0, equals), entry);
  }
  return [...merged.values()];
}

function makeEnvironment(spec: ContainerSpec, facts: BundleFacts): readonly string[] {
  return mergeEnvironment(
    [
      defaultPathEntry,
      `HOSTNAME=${spec.hostname}`,
      ...(spec.terminal ? ["TERM=xterm"] : []),
      `HOME=${facts.user.home}`,
    ],
    spec.env,
  );
}

function makeRlimits(spec: ContainerSpec, facts: BundleFacts): RuntimeProcess["rlimits"] {
  const limits = new Map<string, { type: string; soft: number; hard: number }>();
  limits.set("nofile", {
    type: "RLIMIT_NOFILE",
    soft: Math.min(1024, facts.maxOpenFiles),
    hard: Math.min(524288, facts.maxOpenFiles),
  });
  for (const limit of spec.ulimits) {
    limits.set(limit.name, {
      type: `RLIMIT_${limit.name.toUpperCase()}`,
      soft: limit.soft,
      hard: limit.hard,
    });
  }
  return [...limits.values()];
}

function makeMounts(spec: ContainerSpec, facts: BundleFacts): readonly RuntimeMount[] {
  const access = spec.privileged ? "rw" : "ro";
  const joinsNetwork = spec.network === "host" && facts.rootless;
  const mounts: RuntimeMount[] = [
    // As below for sysfs: proc shows a PID namespace.
    spec.pid === "host" && facts.rootless
      ? {
          destination: "/proc",
          type: "none",
          source: "/proc",
          options: ["rbind", "nosuid", "noexec", "nodev"],
        }
      : { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        ...(facts.oneId ? [] : ["gid=5"]),
      ],
    },
    // sysfs shows a network namespace and may be mounted only by its owner: bind the host's where that is not us.
    joinsNetwork
      ? {
          destination: "/sys",
          type: "none",
          source: "/sys",
          options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
        }
      : {
          destination: "/sys",
          type: "sysfs",
          source: "sysfs",
          options: ["nosuid", "noexec", "nodev", access],
        },
    ...(joinsNetwork
      ? []
      : [
          {
            destination: "/sys/fs/cgroup",
            type: "cgroup",
            source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", access],
          },
        ]),
    ...messageQueueMount(spec, facts),
    spec.ipc === "host"
      ? { destination: "/dev/shm", type: "bind", source: "/dev/shm", options: ["rbind", "nosuid", "nodev"] }
      : {
          destination: "/dev/shm",
          type: "tmpfs",
          source: "shm",
          options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${spec.shmSize}`],
        },
  ];
  if (facts.etc !== undefined) {
    for (const file of ["resolv.conf", "hosts", "hostname"]) {
      mounts.push({
        destination: `/etc/${file}`,
        type: "bind",
        source: `${facts.etc}/${file}`,
        options: ["bind", "rprivate"],
      });
    }
  }
  if (facts.rootless) {
    for (const { source, target } of spec.devices)
      mounts.push({ destination: target, type: "bind", source, options: ["bind", "rprivate"] });
  }
  if (spec.init && facts.init !== undefined) {
    mounts.push({
      destination: initPath,
      type: "bind",
      source: facts.init,
      options: ["bind", "ro", "nosuid", "nodev"],
    });
  }
  const wishes: RuntimeMount[] = spec.mounts.flatMap((wish) => {
    if (wish.kind === "tmpfs")
      return [
        {
          destination: wish.target,
          type: "tmpfs",
          source: "tmpfs",
          options: ["nosuid", "nodev", "noexec", ...wish.options],
        },
      ];
    if (wish.kind !== "bind") {
      const source = facts.sources.get(wish.target);
      if (source === undefined) throw new Error(`nobody has prepared what is mounted at ${wish.target}`);
      const [propagation, readonly] =
        wish.kind === "image" ? ["rprivate", true] : [wish.propagation, wish.readonly];
      const access = !readonly ? "rw" : facts.files.has(wish.target) ? "ro" : "rro";
      const options = ["rbind", propagation, access];
      return [{ destination: wish.target, type: "bind", source, options }];
    }
    return [
      {
        destination: wish.target,
        type: "bind",
        source: wish.source,
        options: [wish.recursive ? "rbind" : "bind", wish.propagation, accessWord(wish, facts)],
      },
    ];
  });
  // A mount below another's target comes after it; one on a default target replaces it.
  const targets = new Set(wishes.map((wish) => wish.destination));
  const ordered = wishes.sort((a, b) => depth(a.destination) - depth(b.destination));
  return [...mounts.filter((mount) => !targets.has(mount.destination)), ...ordered];
}

/**
 * `rro` is read-only with all that is mounted below (mount_setattr(2) with AT_RECURSIVE). Nothing is below a file, and crun 1.8
 * refuses the word there.
 */
function accessWord(wish: Extract<MountWish, { kind: "bind" }>, { files }: BundleFacts): string {
  if (!wish.readonly) return "rw";
  return wish.recursive && wish.submountsWritable !== true && !files.has(wish.target) ? "rro" : "ro";
}

/** The host's own queues are bound, if it shows them; nobody else may mount those of its namespace. */
function messageQueueMount(spec: ContainerSpec, facts: BundleFacts): readonly RuntimeMount[] {
  const destination = "/dev/mqueue";
  const options = ["nosuid", "noexec", "nodev"];
  if (spec.ipc !== "host") return [{ destination, type: "mqueue", source: "mqueue", options }];
  if (!facts.hasMessageQueues) return [];
  return [{ destination, type: "bind", source: destination, options: ["rbind", ...options] }];
}

function depth(path: string): number {
  return path.split("/").length;
}

function makeNamespaces(spec: ContainerSpec, facts: BundleFacts): readonly { type: string; path?: string }[] {
  const namespaces: { type: string; path?: string }[] = [{ type: "mount" }];
  const add = (type: string, wish: NamespaceWish, path: string | undefined): void => {
    if (wish === "private") namespaces.push({ type });
    else if (wish !== "host" && path !== undefined) namespaces.push({ type, path });
  };
  add("pid", spec.pid, facts.joined.pid);
  add("ipc", spec.ipc, facts.joined.ipc);
  add("uts", spec.uts, undefined);
  add("network", networkNamespace(spec.network), facts.joined.network);
  if (spec.cgroup === "private") namespaces.push({ type: "cgroup" });
  return namespaces;
}

function networkNamespace(wish: ContainerSpec["network"]): NamespaceWish {
  if (wish === "host") return "host";
  // The namespace of endpoints is there before the runtime.
  return typeof wish === "object" && "endpoints" in wish
    ? { container: "" }
    : wish === "none"
      ? "private"
      : wish;
}

/** The limits (runtime-spec, config-linux.md, "Control groups"). */
export function makeResources(
  spec: ContainerSpec,
  facts: Pick<BundleFacts, "swapAccounting" | "devices">,
): Record<string, unknown> {
  const wish = spec.resources;
  const memory = {
    ...(wish.memory === undefined ? {} : { limit: wish.memory }),
    ...(wish.memoryReservation === undefined ? {} : { reservation: wish.memoryReservation }),
    ...(facts.swapAccounting && wish.memory !== undefined
      ? { swap: wish.memorySwap ?? wish.memory * 2 }
      : {}),
  };
  const cpu = {
    ...(wish.cpuShares === undefined ? {} : { shares: wish.cpuShares }),
    ...(wish.cpus === undefined ? {} : { quota: Math.round(wish.cpus * 100000), period: 100000 }),
    ...(wish.cpuQuota === undefined ? {} : { quota: wish.cpuQuota }),
    ...(wish.cpuPeriod === undefined ? {} : { period: wish.cpuPeriod }),
    ...(wish.cpusetCpus === undefined ? {} : { cpus: wish.cpusetCpus }),
    ...(wish.cpusetMems === undefined ? {} : { mems: wish.cpusetMems }),
  };
  const devices: readonly RuntimeDeviceRule[] = spec.privileged
    ? [{ allow: true, access: "rwm" }]
    : [
        ...defaultDeviceRules,
        ...facts.devices.map(({ type, major, minor, access }) => ({
          allow: true,
          type,
          major,
          minor,
          access,
        })),
      ];
  return {
    devices,
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(wish.pidsLimit === undefined || wish.pidsLimit <= 0 ? {} : { pids: { limit: wish.pidsLimit } }),
  };
}

function chooseSeccomp(
  spec: ContainerSpec,
  facts: BundleFacts,
  capabilities: readonly string[],
): { readonly compiled?: string; readonly profile?: Seccomp } {
  if (spec.privileged || spec.seccomp === "unconfined") return {};
  if (spec.seccomp !== "default") return { profile: JSON.parse(spec.seccomp) as Seccomp };
  if (facts.compiledSeccomp !== undefined) return { compiled: facts.compiledSeccomp };
  const profile = defaultSeccomp(capabilities, facts.arch);
  return { profile: facts.oneId ? withFakedOwners(profile) : profile };
}
