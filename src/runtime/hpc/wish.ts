import type { GpuMaker } from "./gpu/list.ts";
import type { Limits } from "./limit/limits.ts";
import type { FilePart } from "./root-source.ts";
import type { UnpackPlace } from "./unpacked-root.ts";

// What a person asks for in the profile `hpc`, read and checked.

/** A file or folder of the host that is to be seen inside. Both paths are absolute. */
export interface BindWish {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/**
 * A folder of the host in which changes are kept: `upper` and `work` are made in it. Or a file with such folders, or with a
 * squashfs.
 */
export interface OverlayWish {
  readonly folder: string;
  /** Where it lies in the file; undefined: it is the whole file. */
  readonly part?: FilePart;
  readonly readonly: boolean;
}

/** Graphics cards of a maker. `default`: by a variable, which may be set for everybody on a machine. */
export interface GpuWish {
  readonly maker: GpuMaker;
  readonly origin: "asked" | "default";
}

/** What is to be started. */
export type Action =
  | { readonly kind: "exec"; readonly words: readonly string[] }
  | { readonly kind: "run"; readonly words: readonly string[] }
  | { readonly kind: "test"; readonly words: readonly string[] }
  | { readonly kind: "shell"; readonly words: readonly string[]; readonly shell: string | undefined }
  /** The startscript, in the background. */
  | { readonly kind: "instance"; readonly words: readonly string[] }
  | { readonly kind: "run-help" };

/** The mounts that `--no-mount` can leave out by name. */
export const mountNames = [
  "proc",
  "sys",
  "dev",
  "devpts",
  "home",
  "tmp",
  "hostfs",
  "cwd",
  "bind-paths",
] as const;
export type MountName = (typeof mountNames)[number];

export interface HpcWish {
  readonly action: Action;
  readonly binds: readonly BindWish[];
  /** Absolute paths inside that get an empty folder. */
  readonly scratch: readonly string[];
  /** In place of the caller's home. */
  readonly home: { readonly source: string; readonly target: string } | undefined;
  readonly noHome: boolean;
  /** Working folder inside. */
  readonly cwd: string | undefined;
  /** Folder of the host in which /tmp, /var/tmp, home and scratch folders of a contained run lie. */
  readonly workdir: string | undefined;
  readonly contain: boolean;
  readonly noMount: { readonly names: ReadonlySet<MountName>; readonly paths: ReadonlySet<string> };
  readonly root: "read-only" | "writable" | "writable-tmpfs";
  readonly overlays: readonly OverlayWish[];
  readonly namespaces: ReadonlySet<"ipc" | "net" | "pid" | "uts">;
  readonly hostname: string | undefined;
  readonly gpus: readonly GpuWish[];
  /** Addresses of name servers in place of the host's. */
  readonly nameServers: readonly string[];
  /** Where an image file is unpacked that cannot be mounted. */
  readonly unpack: () => UnpackPlace;
  /** 0o022 with --no-umask; undefined: the caller's. */
  readonly umask: number | undefined;
  /** Root too has no capability inside. */
  readonly noPrivileges: boolean;
  readonly app: string | undefined;
  readonly environment: EnvironmentWish;
  /** Undefined: what this process may use. */
  readonly limits: Limits | undefined;
}

export interface EnvironmentWish {
  readonly clean: boolean;
  /** Variables of the host that are not passed on (--no-env). */
  readonly without: readonly string[];
  /** Later wins. `name` is one that a shell can have. */
  readonly set: readonly (readonly [name: string, value: string])[];
  /** Texts of --env-file, which the image's shell evaluates. */
  readonly files: readonly string[];
  readonly prependPath: string | undefined;
  readonly appendPath: string | undefined;
}

/** The person who calls, as the host knows them. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** Name and gecos as in passwd(5). */
  readonly name: string;
  readonly gecos: string;
  /** Path inside. */
  readonly home: string;
  /** Path on the host: another one where root inside is an ordinary user. */
  readonly homeSource: string;
  readonly shell: string;
  /** Every group of the caller with its name. */
  readonly groups: readonly { readonly gid: number; readonly name: string }[];
}
