import { readlinkSync, writeSync } from "node:fs";
import {
  beginRoot,
  loadGpuPlanner,
  type InstanceReport,
  readCaller,
  startInstance,
  writableImageFile,
} from "#engine";
import { forgetShortStart } from "#host";
import { isVialError, reasonOf } from "#spec";
import type { Command } from "../command.ts";
import { hpcFlags } from "../hpc/flags.ts";
import { openImage } from "../hpc/verb.ts";
import { readHpcWish } from "../hpc/wish.ts";
import type { Flags } from "../parse.ts";
import type { Mode } from "./start.ts";

// The first process of an instance: mounts the image, starts the script, tells how it went, and becomes the process that
// clears up after the others. `vial instance start` has started it, and waits for the report at descriptor 3.

const reportDescriptor = 3;

export function insideCommand(mode: Mode): Command {
  return {
    name: `internal-instance-${mode}`,
    usage: "[OPTIONS] IMAGE NAME [ARG...]",
    summary: "Be the first process of an instance",
    flags: hpcFlags,
    interspersed: false,
    args: [2, Number.POSITIVE_INFINITY],
    async run(flags, [image = "", _name, ...words]) {
      forgetShortStart();
      try {
        return await become(mode, flags, image, words);
      } catch (error) {
        const {
          message: what,
          why,
          next,
        } = isVialError(error) ? error : { message: reasonOf(error), why: undefined, next: undefined };
        const rest = { ...(why === undefined ? {} : { why }), ...(next === undefined ? {} : { next }) };
        report({ failed: { what, ...rest } });
        return 125;
      }
    },
  };
}

async function become(mode: Mode, flags: Flags, name: string, words: readonly string[]): Promise<never> {
  const pid = outerPid();
  const cwd = process.cwd();
  const caller = readCaller(process.env);
  const image = await openImage(name, flags, cwd, caller.homeSource);
  const server = beginRoot(image.root);
  const warn = (sentence: string) => console.error(`vial: warning: ${sentence}`);
  const action = { kind: mode === "run" ? "run" : "instance", words } as const;
  const place = { env: process.env, cwd, home: caller.home };
  const asked = await readHpcWish(flags, action, place, warn);
  // An instance has processes and System V IPC of its own, as in Apptainer.
  const wish = { ...asked, namespaces: new Set([...asked.namespaces, "ipc", "pid"] as const) };
  if (wish.root === "writable" && image.root.kind !== "folder") throw writableImageFile(name);
  const { root: _root, ...facts } = image;
  const planGpus = await loadGpuPlanner(wish.gpus);
  const start = { image, server, planGpus, wish, caller, host: process.env, cwd, warn, print: () => {} };
  return await startInstance(start, (cgroups) => report({ pid, image: facts, cgroups }));
}

/** What this process is called outside: /proc is still the one of the host. */
function outerPid(): number {
  return Number(readlinkSync("/proc/self"));
}

function report(text: InstanceReport): void {
  writeSync(reportDescriptor, `${JSON.stringify(text)}\n`);
}
