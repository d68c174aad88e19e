import { type CgroupHost, cgroupHost, NoCgroup, OwnCgroup } from "#host";
import { limitRejected, limitsClosed, limitUnsupported } from "./error.ts";
import { type Limits, limitSettings } from "./limits.ts";

/** A control group that limits a program. */
export interface LimitGroup {
  readonly folders: readonly string[];
  /** Moves this process in. Throws limit-rejected. */
  join(): void;
  /** Removes it while nobody has joined. */
  remove(): void;
}

/**
 * Makes a control group with these limits, which nobody has joined yet. Throws limit-unsupported, limits-closed,
 * limit-rejected; nothing is left then.
 */
export function makeLimitGroup(
  limits: Limits,
  host: CgroupHost | undefined = cgroupHost(),
): LimitGroup | undefined {
  if (host === undefined)
    throw limitUnsupported("a limit", "this host has no control groups at /sys/fs/cgroup");
  const { settings, gap } = limitSettings(limits, host.version);
  if (gap !== undefined) throw limitUnsupported(gap.option, gap.why);
  if (settings.length === 0) return undefined;
  const optionOf = (controller: string) =>
    settings.find((setting) => controller.split(", ").includes(setting.controller))?.option ?? controller;
  let group: OwnCgroup;
  try {
    group = OwnCgroup.make(host, [...new Set(settings.map(({ controller }) => controller))]);
  } catch (error) {
    if (!(error instanceof NoCgroup)) throw error;
    const { why, controller, folder } = error;
    throw why === "absent"
      ? limitUnsupported(optionOf(controller), `this host has no controller "${controller}"`)
      : limitsClosed(optionOf(controller), controller, folder, host.version);
  }
  try {
    for (const { option, controller, files } of settings) {
      const file = files.find(({ name }) => group.has(controller, name));
      if (file === undefined)
        throw limitUnsupported(
          option,
          `the kernel of this host has no ${files.map(({ name }) => name).join(" and no ")}`,
        );
      try {
        group.write(controller, file.name, file.text);
      } catch (error) {
        throw limitRejected(option, file.name, file.text, error);
      }
    }
    return asLimitGroup(group);
  } catch (error) {
    group.remove();
    throw error;
  }
}

function asLimitGroup(group: OwnCgroup): LimitGroup {
  return {
    folders: group.folders,
    remove: () => group.remove(),
    join() {
      try {
        group.join();
      } catch (error) {
        throw limitRejected("limits", "cgroup.procs", "0", error);
      }
    },
  };
}
