import type { Digest, Healthcheck } from "#spec";

/** A mount that the user asked for, after parsing. Paths are absolute; `source` is on the host. */
export type MountWish =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
      readonly propagation: string;
      readonly recursive: boolean;
    }
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: readonly string[] };

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

export type NetworkWish = "none" | "host" | { readonly container: string };

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
  readonly autoRemove: boolean;
  readonly readonlyRoot: boolean;
  readonly init: boolean;
  readonly mounts: readonly MountWish[];
  readonly network: NetworkWish;
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly restart: RestartPolicy;
  readonly stopSignal: string;
  /** Seconds; -1 waits without end. */
  readonly stopTimeout: number;
  readonly resources: Resources;
  readonly ulimits: readonly Ulimit[];
  /** Bytes. */
  readonly shmSize: number;
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
