import {
  type Action,
  beginRoot,
  loadGpuPlanner,
  type HpcImage,
  isImageUri,
  needHpcFile,
  openEngine,
  openHpcFile,
  openHpcReference,
  readCaller,
  startHpc,
  writableImageFile,
} from "#engine";
import { forgetShortStart, keepInheritedDescriptors, settleInTree } from "#host";
import type { Command } from "../command.ts";
import { out } from "../print.ts";
import type { Flags } from "../parse.ts";
import { voice } from "../voice.ts";
import { hpcFailureCode } from "./failure.ts";
import { hpcFlags, shellFlag } from "./flags.ts";
import { isPath } from "./form.ts";
import { readHpcWish } from "./wish.ts";

// The verbs of the profile `hpc`: Singularity's way of running.

/** What can be called by its name. */
type Kind = Exclude<Action["kind"], "instance">;

const texts: Readonly<Record<Kind, readonly [usage: string, summary: string]>> = {
  exec: ["IMAGE COMMAND [ARG...]", "Run a program of an image as yourself"],
  run: ["IMAGE [ARG...]", "Run an image's runscript as yourself"],
  shell: ["IMAGE [ARG...]", "Open a shell in an image, as yourself"],
  test: ["IMAGE [ARG...]", "Run the test of an image"],
  "run-help": ["IMAGE", "Show the help text of an image"],
};

export function hpcCommand(kind: Kind): Command {
  const [usage, summary] = texts[kind];
  return {
    name: kind,
    usage: `[OPTIONS] ${usage}`,
    summary,
    flags: kind === "shell" ? [...hpcFlags, shellFlag] : hpcFlags,
    interspersed: false,
    args: [kind === "exec" ? 2 : 1, kind === "run-help" ? 1 : Number.POSITIVE_INFINITY],
    failureCode: hpcFailureCode,
    profile: "hpc",
    async run(flags, [name = "", ...words]) {
      if (name.startsWith("instance://")) {
        const { joinByName } = await import("./join.ts");
        return await joinByName(name.slice("instance://".length), actionOf(kind, words, flags), flags);
      }
      const { warn, manner } = voice();
      keepInheritedDescriptors();
      forgetShortStart();
      settleInTree();
      const cwd = process.cwd();
      const caller = readCaller(process.env);
      const image = await openImage(name, flags, cwd, caller.homeSource);
      const wish = await readHpcWish(
        flags,
        actionOf(kind, words, flags),
        { env: process.env, cwd, home: caller.home },
        warn,
      );
      if (wish.root === "writable" && image.root.kind !== "folder" && image.overlay === undefined)
        throw writableImageFile(name);
      // What is not in this bundle is met before anything is begun.
      const planGpus = await loadGpuPlanner(wish.gpus);
      return await startHpc({
        image,
        server: beginRoot(image.root),
        planGpus,
        wish,
        caller,
        host: process.env,
        cwd,
        warn,
        print: out,
        manner,
      });
    },
  };
}

function actionOf(kind: Kind, words: readonly string[], flags: Flags): Action {
  if (kind === "run-help") return { kind };
  return kind === "shell" ? { kind, words, shell: flags.filled("shell") } : { kind, words };
}

/**
 * A path by its form or an address; else what lies there, unless the profile was named, which is for names of the store.
 */
export async function openImage(name: string, flags: Flags, cwd: string, home: string): Promise<HpcImage> {
  const fetched = async () => {
    const tmpdir = flags.filled("tmpdir") ?? (process.env.VIAL_TMPDIR || undefined);
    const insecure = flags.bool("no-https");
    return await (await import("./fetch.ts")).fetchHpcImage(name, { cwd, home, tmpdir, insecure });
  };
  if (isImageUri(name)) return await fetched();
  if (isPath(name)) {
    try {
      return await needHpcFile(name, cwd);
    } catch (error) {
      if ((error as { code?: string }).code !== "oci-sif-layered") throw error;
      return await fetched();
    }
  }
  const here = flags.has("profile") ? undefined : await openHpcFile(name, cwd);
  return here ?? (await openHpcReference(openEngine(), name));
}
