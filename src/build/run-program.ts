import {
  buildCanceled,
  programFailed,
  programForeign,
  programNotStarted,
  programWithoutRoom,
} from "./error.ts";
import { machineOf } from "./elf-machine.ts";
import type { RunningStep } from "./event.ts";
import { fullDisk } from "./full-disk.ts";
import { missingStubs, ordinaryTargets, removeStubs } from "./mount-stubs.ts";
import type { BuildOptions, Session } from "./session.ts";
import type { ProgramRun } from "./worker.ts";
import type { Workspace } from "./workspace.ts";
import { hostPlatform, type SourceRange } from "#spec";

/** A program of a recipe, in a root that is mounted. */
export interface RecipeProgram
  extends Omit<
    ProgramRun,
    "rootfs" | "cpus" | "network" | "extraHosts" | "shmSize" | "resources" | "ulimits" | "output" | "signal"
  > {
  /** Where it runs. */
  readonly space: Workspace;
  readonly network: BuildOptions["network"];
  /** How a person calls it. */
  readonly title: string;
  readonly where: SourceRange | undefined;
  /** The program of SHELL, for whoever looks around. */
  readonly shell: string;
  /** Puts back what lies beside the workspace to how it was before the program began. */
  readonly restart?: () => void;
}

/** Runs a program of a recipe. Throws build-step-failed with its last lines; nothing of its mounts stays in the root. */
export async function runProgram(session: Session, step: RunningStep, program: RecipeProgram): Promise<void> {
  const { options, worker } = session;
  const { title, where, shell, space, network, restart: restartBeside, ...rest } = program;
  const { rootfs, variation } = space;
  step.runsProgram = true;
  const stubs = missingStubs(rootfs, [...ordinaryTargets, ...program.mounts.map((mount) => mount.target)]);
  const restart = () => {
    space.restart();
    restartBeside?.();
  };
  const run: Omit<ProgramRun, "output" | "signal"> = {
    ...rest,
    rootfs,
    ...(variation?.cpus === undefined ? {} : { cpus: variation.cpus }),
    network: network === "none" ? "none" : "host",
    extraHosts: options.extraHosts,
    ...(options.shmSize === undefined ? {} : { shmSize: options.shmSize }),
    ...(options.resources === undefined ? {} : { resources: options.resources }),
    ...(options.ulimits === undefined ? {} : { ulimits: options.ulimits }),
  };
  for (;;) {
    const end = await worker.run({ ...run, output: (bytes) => step.output(bytes), signal: options.signal });
    removeStubs(rootfs, stubs);
    if (options.signal.aborted) throw buildCanceled();
    if (end.exitCode === 0 && end.failure === undefined) return;
    const error =
      end.failure === undefined
        ? failed(worker.folder, program, { exitCode: end.exitCode, lastLines: step.lastLines })
        : programNotStarted(title, `${program.args[0]}: ${end.failure}`, where);
    // A second run that fails where the first did not is an answer, and nothing to mend by hand.
    if (options.debugShell === undefined || variation !== undefined) throw error;
    // What the program left half done is not the state before it; nor may what is tried by hand get into the image.
    restart();
    const why = end.failure ?? `it ended with the exit code ${end.exitCode}`;
    const again = await options.debugShell(run, { title, where, shell, why });
    if (options.signal.aborted) throw buildCanceled();
    if (again === "give up") throw error;
    restart();
    step.lastLines.length = 0;
  }
}

/** A program on a full disk tells of a file that it cannot write, if anything; whose disk it is, it cannot know. */
function failed(
  folder: string,
  { title, where, args, space }: RecipeProgram,
  end: { readonly exitCode: number; readonly lastLines: readonly string[] },
) {
  // The runtimes say so as the program, because they have become it but for the last call.
  if (/\bexec\b.*: exec format error/i.test(end.lastLines.at(-1) ?? "")) {
    const [first = ""] = args;
    const machine = machineOf(space.rootfs, first);
    return programForeign(title, first, machine === ownMachine() ? undefined : machine, where);
  }
  const lack = fullDisk(folder);
  return lack === undefined ? programFailed(title, end, where) : programWithoutRoom(title, lack, end, where);
}

function ownMachine(): string {
  return hostPlatform().architecture;
}
