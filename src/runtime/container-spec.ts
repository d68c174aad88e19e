import type { PortWish } from "#network";
import type { Digest, Healthcheck } from "#spec";

export type { PortWish };

/** A mount that the user asked for, after parsing. Paths are absolute; `source` is on the host. */
export type MountWish =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
      readonly propagation: string;
      readonly recursive: boolean;
      /** Of a read-only bind: what is mounted below the source stays as writable as it is. */
      readonly submountsWritable?: boolean;
    }
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: readonly string[] }
  | {
      readonly kind: "volume";
      /** The name of the volume. Empty in a wish: an anonymous one is made when the container is created. */
      readonly name: string;
      /** Made for this container alone, and removed with it by `rm -v` and `--rm`. */
      readonly anonymous: boolean;
      readonly target: string;
      readonly readonly: boolean;
      readonly propagation: string;
      /** What the image has at the target is not copied into an empty volume. */
      readonly nocopy: boolean;
      /** A folder of the volume, relative; empty is the whole. */
      readonly subpath: string;
      /** What a volume that is made for this mount is made with. */
      readonly create: {
        readonly driver: string;
        readonly options: Readonly<Record<string, string>>;
        readonly labels: Readonly<Record<string, string>>;
      };
    }
  /** The root of another image, always read-only. */
  | {
      readonly kind: "image";
      readonly image: string;
      readonly target: string;
      readonly subpath: string;
      /** Which image that was when the container was created. */
      readonly found?: { readonly id: Digest; readonly diffIds: readonly Digest[] };
    };

export type VolumeMount = Extract<MountWish, { kind: "volume" }>;

/** A device that the user asked for: path on the host, path inside, and "rwm" in part. */
export interface DeviceWish {
  readonly source: string;
  readonly target: string;
  readonly access: string;
}

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** Limits. Bytes, counts; `cpus` in processors. Undefined means no limit. */
export interface Resources {
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly memory?: number;
  /** Memory plus swap; -1 is unlimited swap. */
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  readonly pidsLimit?: number;
}

export interface RestartPolicy {
  readonly name: "no" | "always" | "on-failure" | "unless-stopped";
  /** For on-failure: how often at most; 0 is without end. */
  readonly maximumRetries: number;
}

/** A namespace: its own, the host's, or that of another container (by id). */
export type NamespaceWish = "private" | "host" | { readonly container: string };

/** `endpoints`: networks that Vial makes, at least one; the first has the default route. */
export type NetworkWish =
  | "none"
  | "host"
  | { readonly container: string }
  | { readonly endpoints: readonly EndpointWish[] };

/** What a container is to be in one network. Addresses as text; undefined: Vial chooses. */
export interface EndpointWish {
  /** The name of the network; `bridge` is the default one. */
  readonly network: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly mac?: string;
  /** More names by which others in this network find it. */
  readonly aliases: readonly string[];
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Names of its own for others in this network. The container by its id; a wish may have its name. */
  readonly links?: readonly { readonly container: string; readonly alias: string }[];
}

/** Everything that was decided when a container was created. Written once as spec.json; rename and update rewrite it. */
export interface ContainerSpec {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly image: ImageOfContainer;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** The image's, overlaid by the user's. */
  readonly env: readonly string[];
  readonly workingDir: string;
  /** As the image or the user wrote it; looked up in the container's passwd at each start. */
  readonly user: string;
  readonly groupAdd: readonly string[];
  readonly hostname: string;
  readonly terminal: boolean;
  readonly interactive: boolean;
  /** The standard input ends with the first client that was attached to it. */
  readonly stdinOnce?: boolean;
  readonly autoRemove: boolean;
  readonly readonlyRoot: boolean;
  readonly init: boolean;
  readonly mounts: readonly MountWish[];
  /** `--volumes-from` as it was given; its mounts are among `mounts`. */
  readonly volumesFrom?: readonly string[];
  readonly network: NetworkWish;
  readonly ports: readonly PortWish[];
  /** Every exposed port is published, at a port that the kernel chooses. */
  readonly publishAll: boolean;
  /** Where `publishAll` does so: on loopback when nothing is said, or at every address of the host, as Docker. */
  readonly publishAllAt?: "everywhere";
  readonly domainname: string;
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly restart: RestartPolicy;
  readonly stopSignal: string;
  /** Seconds; -1 waits without end. */
  readonly stopTimeout: number;
  readonly resources: Resources;
  readonly ulimits: readonly Ulimit[];
  /** Bytes. */
  readonly shmSize: number;
  /** The size of the terminal when its program begins; without it the client's resize comes a moment later. */
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  readonly devices: readonly DeviceWish[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  readonly noNewPrivileges: boolean;
  /** "default", "unconfined", or the text of a profile in OCI form. */
  readonly seccomp: string;
  readonly unmasked: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly pid: NamespaceWish;
  readonly ipc: NamespaceWish;
  readonly uts: "private" | "host";
  readonly cgroup: "private" | "host";
  readonly oomScoreAdj: number;
  readonly log: {
    readonly driver: "k8s-file" | "none";
    readonly maxSize?: number;
    readonly maxFile?: number;
  };
  readonly health: Healthcheck | null;
  readonly runtime: string;
  readonly exposedPorts: readonly string[];
  /** How the user's words read, for `inspect`. */
  readonly imageName: string;
}

export interface ImageOfContainer {
  readonly id: Digest;
  readonly manifestDigest: Digest;
  readonly platform: string;
  readonly diffIds: readonly Digest[];
}
