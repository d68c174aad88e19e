import { replaceProcess } from "#host";
import { enterImage, type HpcStart } from "./enter-image.ts";
import type { Program } from "./program.ts";

/**
 * Runs a program of an image as the caller: becomes it. This process is root, or has been started anew in a user namespace
 * of its own (enterUserNamespace). Comes back with an exit code only where nothing is to be started: a help text, a test
 * that the image does not have.
 */
export async function startHpc(start: HpcStart): Promise<number> {
  const { server } = start;
  let program: Program | number;
  try {
    program = enterImage(start);
  } catch (error) {
    // A server that failed is the reason why the image could not be read.
    await server?.settled();
    throw error;
  }
  await server?.settled();
  return typeof program === "number" ? program : replaceProcess(program.argv, program.env);
}
