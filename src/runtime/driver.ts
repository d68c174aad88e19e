import type { Beginning, ConmonAnswer, ForegroundRun } from "#host";

// One interface for the levels of isolation. `container` implements it; `env` and `vm` are to join. The engine makes the
// bundle and keeps the state; a driver runs what is in the bundle and knows nothing of images, names or policies.

export type IsolationLevel = "env" | "container" | "vm";

/** What a level keeps apart from the host. */
export interface Separation {
  readonly kernel: boolean;
  readonly processes: boolean;
  readonly users: boolean;
  readonly files: boolean;
  readonly network: boolean;
}

/** A bundle on disk: config.json and what the driver lays beside it. */
export interface BundlePlace {
  readonly id: string;
  readonly bundle: string;
}

export interface MonitorWish {
  readonly name: string;
  readonly terminal: boolean;
  /** `once`: stdin ends with the first client that attaches; `open`: it stays open. */
  readonly stdin: "none" | "once" | "open";
  readonly log:
    | { readonly path: string; readonly maxSize: number | undefined; readonly maxFiles: number | undefined }
    | undefined;
  /** Called when the program has ended, whoever else is there. */
  readonly exitCommand: readonly [program: string, ...args: string[]];
}

export interface Driver {
  readonly level: IsolationLevel;
  readonly separates: Separation;
  /** Where the driver keeps its own records; made by prepare(). */
  readonly stateFolder: string;
  /** Makes this process fit to prepare a bundle: from here on synchronous file calls alone see its mounts. */
  prepare(): void;
  /** The compiled default filter for a set of capabilities, where the driver takes one; `cache` is a folder to keep it in. */
  compiledSeccomp(cache: string, capabilities: readonly string[]): string | undefined;
  /** Runs the bundle with this process's own streams, without a monitor; its config.json comes later. */
  runForeground(
    place: BundlePlace,
    stdin: "inherit" | "ignore",
    output?: (bytes: Uint8Array) => void,
  ): Beginning<ForegroundRun>;
  /** Kills all of a run. Nothing happens when it has ended. */
  kill(place: BundlePlace): void;
  /**
   * Creates under a monitor that outlives this process; the program has not begun. The bundle's config.json comes later,
   * and with it the answer.
   */
  create(place: BundlePlace, wish: MonitorWish): Beginning<ConmonAnswer>;
  /** Begins the program. Gives the reason when it could not. */
  start(place: BundlePlace): string | undefined;
  /** What the driver said of the last failure of runForeground(), if it failed. */
  lastFailure(place: BundlePlace): string | undefined;
  /** Gives the reason when it could not. */
  pause(place: BundlePlace): string | undefined;
  resume(place: BundlePlace): string | undefined;
  /** `resources` in the form of the runtime config. Gives the reason when it could not. */
  update(place: BundlePlace, resources: object): string | undefined;
  /** The command line that runs a program inside; `process` is a file with the runtime config's "process". */
  execCommand(
    place: BundlePlace,
    options: { readonly detach: boolean; readonly terminal: boolean },
    what: { readonly process: string } | { readonly command: readonly string[] },
  ): readonly [string, ...string[]];
  /** Takes the driver's records and what is left of the run away. Nothing happens when there is none. */
  remove(place: BundlePlace): void;
}
