import type { LayerPlace, Store } from "#image";
import type { Resources, Ulimit } from "#runtime";
import type { Descriptor, Digest, ImageConfig, Manifest, Platform } from "#spec";

// What a build needs of the rest of Vial, and does not know how to get: images from wherever they are, and programs run
// in a root. The engine hands it in, so that this room knows neither registries nor containers.

/** An image to begin with or to copy from, its layers unpacked. */
export interface BaseImage {
  readonly manifestDigest: Digest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** A mount of a program beside its root. `source` is on the host. */
export type ProgramMount =
  | { readonly kind: "bind"; readonly source: string; readonly target: string; readonly readonly: boolean }
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: readonly string[] };

/** A program to run in a root that is mounted in this process's mount namespace. */
export interface ProgramRun {
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** The environment holds a secret: it may come to lie on no disk, not even while the program runs. */
  readonly holdsSecret?: boolean;
  readonly cwd: string;
  /** As USER has it; looked up in the root's own files. Empty for root. */
  readonly user: string;
  readonly network: "none" | "host";
  readonly mounts: readonly ProgramMount[];
  readonly extraHosts: readonly string[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly resources?: Resources;
  readonly ulimits?: readonly Ulimit[];
  /** The processors that it may use, as cpuset.cpus has them. */
  readonly cpus?: string;
  /** What the program writes, both streams, as it comes. */
  readonly output: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

export interface ProgramEnd {
  readonly exitCode: number;
  /** What the runtime says when the program could not be started. */
  readonly failure?: string;
}

export interface Worker {
  readonly store: Store;
  /** Where the build keeps its cache and its unfinished work: ROOT/build. */
  readonly folder: string;
  /** Where roots are mounted: short, gone after a reboot. */
  readonly mountFolder: string;
  /**
   * Finds an image in the store or pulls it, until the signal fires. Throws image-unknown and the errors of the registry.
   */
  resolveImage(reference: string, platform: Platform | undefined, signal: AbortSignal): Promise<BaseImage>;
  /** Fetches a SIF file from a registry (oras), and loads it. Throws artifact-not-sif and the errors of the registry. */
  fetchSif(reference: string, signal: AbortSignal): Promise<BaseImage>;
  /** Loads an image from an archive or a layout folder. */
  loadImage(path: string, tag: string | undefined): Promise<BaseImage>;
  /** Makes a base image of a distribution from package sources; taken from an earlier build unless `anew`. */
  bootstrapImage(
    wish: { readonly suite: string; readonly mirror?: string; readonly include: readonly string[] },
    output: (line: string) => void,
    anew: boolean,
  ): Promise<BaseImage>;
  /** Where a layer lies unpacked; unpacked again from its blob when it does not. */
  unpackedLayer(layer: { readonly descriptor: Descriptor; readonly diffId: Digest }): Promise<LayerPlace>;
  /** Runs a program to its end. When the signal fires, it is killed. */
  run(program: ProgramRun): Promise<ProgramEnd>;
}
