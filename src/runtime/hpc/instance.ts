import { openSync } from "node:fs";
import {
  findProgram,
  needProgram,
  openFlag,
  openRoot,
  replaceProcess,
  replaceProcessByOpen,
  startInBackground,
} from "#host";
import { enterImage, type HpcStart } from "./enter-image.ts";
import { ImageFiles } from "./image-files.ts";
import { loadLimitGroup } from "./limit/load.ts";
import type { Program } from "./program.ts";

// An instance: a container that stays, to which later commands come. Its first process does nothing but clear up after the
// others, so that it lives on when its startscript has ended, as scripts that start a daemon do.

/**
 * Starts what the action names, if anything, and becomes the instance's process 1. This process is the first of a pid
 * namespace of its own, and has its standard streams where those of the instance go. `ready` is called when all that can
 * fail is done but for that last step, with the folders of the control groups that limit it.
 */
export async function startInstance(
  start: HpcStart,
  ready: (cgroups: readonly string[]) => void,
): Promise<never> {
  // catatonit is one static file: opened here, it runs where the container has no such path.
  const path = findProgram("catatonit");
  const init = path === undefined ? undefined : openSync(path, openFlag.path | openFlag.closeOnExec);
  const group = await loadLimitGroup(start.wish.limits);
  let program: Program | number;
  try {
    program = enterImage(start);
  } catch (error) {
    group?.remove();
    await start.server?.settled();
    throw error;
  }
  await start.server?.settled();
  if (init === undefined && !hasShell()) needProgram("catatonit");
  group?.join();
  if (typeof program !== "number")
    startInBackground([program.path, ...program.argv.slice(1)], program.env, {
      stdout: "inherit",
      stderr: "inherit",
    });
  ready(group?.folders ?? []);
  if (init !== undefined) replaceProcessByOpen(init, ["catatonit", "-P"], {});
  // A shell clears up after every process while it waits for one.
  return replaceProcess(["/bin/sh", "-c", "while :; do sleep 86400 & wait $!; done"], {
    PATH: "/bin:/usr/bin",
  });
}

function hasShell(): boolean {
  using root = openRoot("/");
  return new ImageFiles(root.fd).isExecutable("/bin/sh");
}
