import { existsSync, mkdirSync } from "node:fs";
import {
  type Beginning,
  type ConmonAnswer,
  createUnderConmon,
  parseRuntimeLog,
  type RuntimeProgram,
  runSync,
  runtimeGlobalArgs,
  sealProgram,
  startCreated,
  startRuntimeRun,
} from "#host";
import type { BundlePlace, Driver, MonitorWish, Separation } from "../driver.ts";
import { chooseRuntime, enterRuntimeMounts } from "./runtime-program.ts";
import { compiledSeccomp } from "./seccomp-cache.ts";

/** Containers by crun or runc, watched by conmon. */
export class ContainerDriver implements Driver {
  readonly level = "container";
  readonly separates: Separation = {
    kernel: false,
    processes: true,
    users: false,
    files: true,
    network: true,
  };
  readonly runtime: RuntimeProgram;

  /** `name` is crun, runc, or the path of one; `stateRoot` the folder of runtime state of this Vial root. */
  constructor(name: string, stateRoot: string, options: { readonly withoutCgroups?: boolean } = {}) {
    this.runtime = { ...chooseRuntime(name, stateRoot), withoutCgroups: options.withoutCgroups ?? false };
  }

  get stateFolder(): string {
    return this.runtime.root;
  }

  prepare(): void {
    enterRuntimeMounts(this.runtime);
    mkdirSync(this.runtime.root, { recursive: true, mode: 0o700 });
  }

  compiledSeccomp(cache: string, capabilities: readonly string[]): string | undefined {
    return compiledSeccomp(cache, this.runtime, capabilities);
  }

  runForeground(place: BundlePlace, stdin: "inherit" | "ignore", output?: (bytes: Uint8Array) => void) {
    return startRuntimeRun(this.runtime, place.id, place.bundle, {
      log: logOf(place),
      stdin,
      ...(output === undefined ? {} : { output }),
    });
  }

  kill(place: BundlePlace): void {
    this.#call(place, ["kill", place.id, "KILL"]);
  }

  create(place: BundlePlace, wish: MonitorWish): Beginning<ConmonAnswer> {
    const begun = createUnderConmon({ ...wish, ...place, runtime: this.runtime });
    return {
      provide(config) {
        const answer = begun.provide(config);
        return "failure" in answer ? { failure: parseRuntimeLog(logOf(place)) ?? answer.failure } : answer;
      },
      abandon: () => begun.abandon(),
    };
  }

  start(place: BundlePlace): string | undefined {
    return startCreated(this.runtime, place.id) ? undefined : this.#call(place, ["start", place.id]);
  }

  lastFailure(place: BundlePlace): string | undefined {
    return parseRuntimeLog(logOf(place));
  }

  pause(place: BundlePlace): string | undefined {
    return this.#call(place, ["pause", place.id]);
  }

  resume(place: BundlePlace): string | undefined {
    return this.#call(place, ["resume", place.id]);
  }

  update(place: BundlePlace, resources: object): string | undefined {
    return this.#call(place, ["update", "--resources", "-", place.id], JSON.stringify(resources));
  }

  execCommand(
    place: BundlePlace,
    options: { readonly detach: boolean; readonly terminal: boolean },
    what: { readonly process: string } | { readonly command: readonly string[] },
  ): readonly [string, ...string[]] {
    const flags = [...(options.detach ? ["--detach"] : []), ...(options.terminal ? ["--tty"] : [])];
    const target = "process" in what ? ["--process", what.process, place.id] : [place.id, ...what.command];
    return [this.runtime.program, "--root", this.runtime.root, "exec", ...flags, ...target];
  }

  remove(place: BundlePlace): void {
    if (!existsSync(`${this.runtime.root}/${place.id}`)) return;
    enterRuntimeMounts(this.runtime);
    this.#call(place, ["delete", "--force", place.id]);
  }

  /** Gives the runtime's sentence when it failed. */
  #call(place: BundlePlace, words: readonly string[], input?: string): string | undefined {
    enterRuntimeMounts(this.runtime);
    const log = existsSync(place.bundle) ? logOf(place) : "/dev/null";
    const result = runSync(
      sealProgram(this.runtime.program),
      [...runtimeGlobalArgs(this.runtime, log), ...words],
      input === undefined ? {} : { input },
    );
    if (result.exitCode === 0) return undefined;
    return parseRuntimeLog(log) ?? (result.stderr.trim() || `it ended with code ${result.exitCode}`);
  }
}

function logOf(place: BundlePlace): string {
  return `${place.bundle}/runtime.log`;
}
