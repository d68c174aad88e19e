import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { markProcess, type RuntimeProgram, runSync, writeAtomic } from "#host";
import { chooseRuntime, enterRuntimeMounts, runtimeStateFolder } from "./runtime-program.ts";
import { defaultSeccomp, profileVersion } from "./seccomp.ts";

// libseccomp takes 16 ms to compile the default filter, longer than all the rest of a start. crun writes what it
// compiled into its state folder and takes it back as the annotation run.oci.seccomp_bpf_data. So the filter is compiled
// once, by crun itself, for a container that is created and never started, and kept under the version of the profile and the capabilities.

/** The compiled filter in base64, or undefined when it is not there yet or this runtime takes none. */
export function compiledSeccomp(
  cache: string,
  runtime: RuntimeProgram,
  capabilities: readonly string[],
): string | undefined {
  if (!runtime.program.endsWith("crun")) return undefined;
  const file = `${cache}/seccomp/${profileVersion}-${process.arch}-${Bun.hash(capabilities.join()).toString(16)}`;
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Not compiled yet.
  }
  const compiled = compile(runtime, JSON.stringify(defaultSeccomp(capabilities, process.arch)));
  if (compiled !== undefined) {
    mkdirSync(`${cache}/seccomp`, { recursive: true, mode: 0o700 });
    writeAtomic(file, compiled, 0o600);
  }
  return compiled;
}

const marker = "vial-seccomp-";

/**
 * Ends the containers that a kill -9 in the middle of a compilation left created: each holds a process. They are known
 * by the pid in their name. `stateRoot` is where runtimes keep their state.
 */
export function sweepCompilations(stateRoot: string): void {
  const folder = runtimeStateFolder(stateRoot, "crun");
  const left = namesIn(folder).filter((name) => {
    const [pid] = name.startsWith(marker) ? name.slice(marker.length).split("-") : [];
    return pid !== undefined && markProcess(Number(pid)) === undefined;
  });
  if (left.length === 0) return;
  const runtime = chooseRuntime("crun", stateRoot);
  enterRuntimeMounts(runtime);
  for (const id of new Set(left.map((name) => name.replace(/\.bundle$/, "")))) discard(runtime, id);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function discard(runtime: RuntimeProgram, id: string): void {
  runSync(runtime.program, [...argsOf(runtime), "delete", "--force", id]);
  rmSync(`${runtime.root}/${id}.bundle`, { recursive: true, force: true });
}

function argsOf(runtime: RuntimeProgram): readonly string[] {
  return ["--root", runtime.root, "--cgroup-manager", "disabled"];
}

/** Undefined when this crun does not keep the filter: the profile is then compiled at each start. */
function compile(runtime: RuntimeProgram, profile: string): string | undefined {
  const id = `${marker}${process.pid}-${Date.now().toString(36)}`;
  const bundle = `${runtime.root}/${id}.bundle`;
  mkdirSync(`${bundle}/rootfs/host`, { recursive: true, mode: 0o700 });
  try {
    writeAtomic(
      `${bundle}/config.json`,
      `{"ociVersion":"1.0.2","process":{"user":{"uid":0,"gid":0},"args":["/host/bin/true"],"cwd":"/"},"root":{"path":"${bundle}/rootfs"},"mounts":[{"destination":"/host","type":"bind","source":"/","options":["bind","ro"]},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],"linux":{"namespaces":[{"type":"mount"},{"type":"pid"}],"seccomp":${profile}}}`,
    );
    const created = runSync(runtime.program, [...argsOf(runtime), "create", "--bundle", bundle, id], {
      ignoreOutput: true,
    });
    if (created.exitCode !== 0) return undefined;
    return readFileSync(`${runtime.root}/${id}/seccomp.bpf`).toString("base64");
  } catch {
    return undefined;
  } finally {
    discard(runtime, id);
  }
}
