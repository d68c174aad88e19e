import { type Action, joinInstance, needInstance, readCaller } from "#engine";
import { optionUnsupported } from "../error.ts";
import type { Flags } from "../parse.ts";
import { voice } from "../voice.ts";
import { freeInInstance, hpcFlags } from "./flags.ts";
import { readHpcWish } from "./wish.ts";

// A command in an instance that runs.

/** Runs a program in the instance of that name: becomes it. Throws option-unsupported, instance-unknown. */
export async function joinByName(name: string, action: Action, flags: Flags): Promise<number> {
  const refused = hpcFlags.find((flag) => !freeInInstance.has(flag.name) && flags.has(flag.name));
  if (refused !== undefined || action.kind === "run-help" || action.kind === "instance")
    throw optionUnsupported(
      refused === undefined ? action.kind : `--${refused.name}`,
      `instance://${name}`,
      "what is seen in an instance was settled when it was started",
      `start another one by \`vial instance start\``,
    );
  const record = needInstance(name);
  const { warn, manner } = voice();
  const person = readCaller(process.env);
  const caller = record.fakeroot ? { ...person, uid: 0, gid: 0, home: "/root" } : person;
  const cwd = process.cwd();
  const wish = await readHpcWish(flags, action, { env: process.env, cwd, home: caller.home }, warn);
  return joinInstance({
    name,
    pid: record.process.pid,
    cgroups: record.cgroups,
    image: record.image,
    action,
    app: wish.app,
    folder: wish.cwd,
    environment: wish.environment,
    caller,
    host: process.env,
    cwd,
    warn,
    manner,
  });
}
