import { isIP } from "node:net";
import { resolveHost } from "../program/getent.ts";
import { mount, mountFlag } from "./mount.ts";

// A mount as mount(8) would make it, from the words that people give to Docker's driver "local".

const flags = {
  ro: mountFlag.readonly,
  nosuid: mountFlag.nosuid,
  nodev: mountFlag.nodev,
  noexec: mountFlag.noexec,
  sync: 16,
  noatime: 1024,
  nodiratime: 2048,
  relatime: 1 << 21,
} as const;
export type MountFlagName = keyof typeof flags;
export const mountFlagNames = Object.keys(flags) as readonly MountFlagName[];

export interface DeviceMount {
  /** "bind", or the kernel's name of a file system: "tmpfs", "nfs4", "ext4". */
  readonly type: string;
  readonly device: string;
  readonly flags: readonly MountFlagName[];
  /** What the file system itself is told: "size=100m,uid=1000". */
  readonly data: string;
}

/** Throws SystemError. */
export function mountDevice(wish: DeviceMount, target: string): void {
  const set = wish.flags.reduce((sum, name) => sum | flags[name], 0);
  if (wish.type !== "bind") {
    mount(
      wish.device,
      target,
      wish.type,
      set,
      wish.type.startsWith("nfs") ? withAddress(wish.data) : wish.data,
    );
    return;
  }
  mount(wish.device, target, null, mountFlag.bind | mountFlag.recursive);
  // A bind takes its flags in a second step (mount(2), "Creating a bind mount").
  if (set !== 0) mount("none", target, null, mountFlag.remount | mountFlag.bind | set);
}

/** The kernel knows no names: `addr=server` becomes an address, as mount.nfs(8) and Docker do it. */
function withAddress(data: string): string {
  return data
    .split(",")
    .map((word) => {
      const name = word.startsWith("addr=") ? word.slice("addr=".length) : "";
      return name === "" || isIP(name) !== 0 ? word : `addr=${resolveHost(name) ?? name}`;
    })
    .join(",");
}
