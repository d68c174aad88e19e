import { closeSync, openSync } from "node:fs";
import { checked, cString, errno, libc, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// mount(2), fsopen(2), fsmount(2), move_mount(2): a mount costs 0.1 ms from this process and 1.6 ms through mount(8).

export const mountFlag = {
  readonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
  private: 1 << 18,
  slave: 1 << 19,
} as const;

const MNT_DETACH = 2;
const FSOPEN_CLOEXEC = 1n;
const FSCONFIG_SET_FLAG = 0n;
const FSCONFIG_SET_STRING = 1n;
const FSCONFIG_CMD_CREATE = 6n;
const FSMOUNT_CLOEXEC = 1n;
const MOVE_MOUNT_F_EMPTY_PATH = 4n;
const AT_FDCWD = BigInt.asUintN(64, -100n);

/** The bytes must outlive the call: keep them in a variable. */
function address(bytes: Uint8Array): bigint {
  return BigInt(pointer(bytes));
}

/** MOUNT_ATTR_* of fsmount(2) and mount_setattr(2). */
export const mountAttribute = { readonly: 1, nosuid: 2, nodev: 4, noexec: 8 } as const;
export type MountAttribute = keyof typeof mountAttribute;

/** mount(2). Pass "none" for a file system without a source. */
export function mount(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  options = "",
): void {
  const [s, t, d] = [cString(source), cString(target), cString(options)];
  const kind = type === null ? null : cString(type);
  const result = libc().mount(
    pointer(s),
    pointer(t),
    kind === null ? null : pointer(kind),
    BigInt(flags),
    pointer(d),
  );
  checked(`mount ${target}`, result);
}

/** Shows `source` at `target` too (mount(2), MS_BIND). `reopen` gives a path to what is at the target afterwards. */
export function bindMount(
  source: string,
  target: string,
  wish: { readonly recursive: boolean; readonly reopen: (() => OpenPath) | undefined },
): void {
  mount(source, target, null, mountFlag.bind | (wish.recursive ? mountFlag.recursive : 0));
  if (wish.reopen === undefined) return;
  using mounted = wish.reopen();
  // With the flags that a user namespace may hold fast on the source, or the kernel refuses (mount_namespaces(7)).
  const { remount, bind, readonly, nosuid, nodev, noexec } = mountFlag;
  mount("none", mounted.path, null, remount | bind | readonly | nosuid | nodev | noexec);
}

interface OpenPath extends Disposable {
  readonly path: string;
}

/** Takes a mount away at once; who still uses it keeps it (umount2(2) with MNT_DETACH). False when nothing was mounted. */
export function unmountLazily(target: string): boolean {
  const path = cString(target);
  if (libc().umount2(pointer(path), MNT_DETACH) === 0) return true;
  const code = errno();
  if (code === 22 || code === 2) return false;
  throw new SystemError(`umount ${target}`, code);
}

/** A mount that hangs nowhere in the tree yet; it vanishes when its descriptor is closed. */
export class DetachedMount implements Disposable {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The path by which another mount may name it as a layer. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  attach(target: string): void {
    const [empty, path] = [cString(""), cString(target)];
    checked(
      `move_mount ${target}`,
      systemCall(
        "move_mount",
        BigInt(this.fd),
        address(empty),
        AT_FDCWD,
        address(path),
        MOVE_MOUNT_F_EMPTY_PATH,
      ),
    );
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** fsconfig(2) takes no string of more bytes, which is less than a path may have. */
const longestOption = 255;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** Paths for options of a mount: those that are too long are opened, and named by their descriptor, until it is disposed of. */
export class NearPaths implements Disposable {
  readonly #longest: number;
  readonly #open: number[] = [];

  /** `longest`: bytes that a path may have. */
  constructor(longest = longestOption) {
    this.#longest = longest;
  }

  /** The path, or one that leads to the same place. Throws what open(2) does. */
  of(path: string): string {
    if (Buffer.byteLength(path) <= this.#longest) return path;
    const fd = openSync(path, O_PATH | O_CLOEXEC);
    this.#open.push(fd);
    return `/proc/self/fd/${fd}`;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) closeSync(fd);
  }
}

/** Options that are paths as they stand: nothing in them is quoted, and no list is cut. */
const pathOptions = new Set(["source", "lowerdir+", "upperdir", "workdir"]);

/** Makes a file system with the given options (null: a flag) and gives its detached mount. Linux 5.2. */
export function makeMount(
  type: string,
  options: readonly (readonly [name: string, value: string | null])[],
  attributes = 0,
): DetachedMount {
  const name = cString(type);
  using near = new NearPaths();
  const context = checked(`fsopen ${type}`, systemCall("fsopen", address(name), FSOPEN_CLOEXEC));
  try {
    for (const [key, value] of options) {
      const k = cString(key);
      const v = value === null ? null : cString(pathOptions.has(key) ? near.of(value) : value);
      const command = v === null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      const result = systemCall(
        "fsconfig",
        BigInt(context),
        command,
        address(k),
        v === null ? 0n : address(v),
      );
      checked(`fsconfig ${type} ${key}`, result);
    }
    checked(`fsconfig ${type} create`, systemCall("fsconfig", BigInt(context), FSCONFIG_CMD_CREATE));
    return new DetachedMount(
      checked(`fsmount ${type}`, systemCall("fsmount", BigInt(context), FSMOUNT_CLOEXEC, BigInt(attributes))),
    );
  } finally {
    closeSync(context);
  }
}

/** A file system in memory, private to this process's mount namespace. `options` as for mount(8). */
export function mountTmpfs(target: string, options: string): void {
  mount("none", target, "tmpfs", mountFlag.nosuid | mountFlag.nodev, options);
}
