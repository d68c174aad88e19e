import { closeSync, openSync, readSync } from "node:fs";
import { replaceProcess } from "#host";
import { commandNotExecutable } from "../error.ts";
import { enterImage, type HpcStart } from "./enter-image.ts";
import { loadLimitGroup } from "./limit/load.ts";
import type { Program } from "./program.ts";

/**
 * Runs a program of an image as the caller: becomes it. This process is root, or has been started anew in a user namespace
 * of its own (enterUserNamespace). Comes back with an exit code only where nothing is to be started: a help text, a test
 * that the image does not have.
 */
export async function startHpc(start: HpcStart): Promise<number> {
  const { server, wish } = start;
  // Before the host's files are left behind.
  const group = await loadLimitGroup(wish.limits);
  let program: Program | number;
  try {
    program = enterImage(start);
  } catch (error) {
    group?.remove();
    // A server that failed is the reason why the image could not be read.
    await server?.settled();
    throw error;
  }
  try {
    await server?.settled();
  } catch (error) {
    group?.remove();
    throw error;
  }
  if (typeof program === "number") {
    group?.remove();
    return program;
  }
  // As the last: what Vial itself needs counts for where it was started.
  group?.join();
  return become(program);
}

/** A text without a first line "#!" is a script for the shell, as shells take it (execlp(3)). */
function become({ path, argv, env }: Program): never {
  try {
    return replaceProcess(argv, env, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOEXEC") throw error;
    if (isElf(path))
      throw commandNotExecutable(argv[0], "the image", "it is a program for another kind of processor");
    return replaceProcess(["/bin/sh", path, ...argv.slice(1)], env);
  }
}

function isElf(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(4);
    return readSync(file, head, 0, 4, 0) === 4 && head.toString("latin1") === "\x7fELF";
  } finally {
    closeSync(file);
  }
}
