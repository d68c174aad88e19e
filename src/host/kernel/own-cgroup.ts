import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { cgroupMode } from "./cgroup.ts";
import { openFlag } from "./inside.ts";
import { isAlive, markProcess } from "./process.ts";

// A control group that one program has for itself, beside or below the one that it was started in, so that the limits of
// that one hold on. On v1 in each hierarchy that is needed, on v2 in the one there is (cgroups(7)).
//
// The program that is started removes nothing at its end: its group is named after its process, and whoever makes the next
// group removes those whose process is gone.

/** The hierarchies of a host. Version 1 also where an empty version 2 lies beside it. */
export interface CgroupHost {
  readonly version: 1 | 2;
  /** "/sys/fs/cgroup". */
  readonly root: string;
  /** The text of /proc/self/cgroup. */
  readonly own: string;
}

export function cgroupHost(): CgroupHost | undefined {
  const mode = cgroupMode();
  if (mode === "none") return undefined;
  const own = readFileSync("/proc/self/cgroup", "utf8");
  return { version: mode === "v2" ? 2 : 1, root: "/sys/fs/cgroup", own };
}

const prefix = "vial-hpc-";

/** Why a group could not be made: `controller` is not on this host, or no folder for it may be written. */
export class NoCgroup extends Error {
  readonly why: "absent" | "closed";
  readonly controller: string;
  /** Where it was tried; "" for a controller that is not there. */
  readonly folder: string;

  constructor(why: "absent" | "closed", controller: string, folder = "") {
    super(`${controller} ${why} ${folder}`);
    this.why = why;
    this.controller = controller;
    this.folder = folder;
  }
}

/** A group in each of its hierarchies. It is empty until somebody joins. */
export class OwnCgroup {
  readonly #folders: ReadonlyMap<string, string>;
  /** Open folders above, for who has another root by then. */
  readonly #above: readonly { readonly fd: number; readonly name: string }[];
  readonly #doors: readonly number[];

  private constructor(folders: ReadonlyMap<string, string>) {
    this.#folders = folders;
    const all = [...new Set(folders.values())];
    this.#above = all.map((folder) => {
      const slash = folder.lastIndexOf("/");
      const flags = openFlag.path | openFlag.directory | openFlag.closeOnExec;
      return { fd: openSync(folder.slice(0, slash), flags), name: folder.slice(slash + 1) };
    });
    this.#doors = all.map((folder) =>
      openSync(`${folder}/cgroup.procs`, constants.O_WRONLY | openFlag.closeOnExec),
    );
  }

  /**
   * Makes a group for this process with these controllers, and removes those of processes that are gone. The host's /proc is
   * still there. Throws NoCgroup.
   */
  static make(host: CgroupHost, controllers: readonly string[]): OwnCgroup {
    const name = ownName();
    const places = new Map<string, string>();
    if (host.version === 2) {
      const folder = placeOnV2(host, controllers);
      for (const controller of controllers) places.set(controller, folder);
    } else for (const controller of controllers) places.set(controller, placeOnV1(host, controller));
    sweep(host, [...places.values()]);
    const made = new Map<string, string>();
    try {
      for (const [controller, above] of places) {
        const folder = `${above}/${name}`;
        if (![...made.values()].includes(folder)) makeFolder(folder, controller);
        made.set(controller, folder);
        // A group without processors and memory nodes takes no process in.
        if (host.version === 1 && controller === "cpuset")
          for (const file of ["cpuset.cpus", "cpuset.mems"])
            writeFileSync(`${folder}/${file}`, readFileSync(`${above}/${file}`, "utf8"));
      }
      return new OwnCgroup(made);
    } catch (error) {
      removeCgroups([...made.values()]);
      throw error;
    }
  }

  /** The folders of the group. */
  get folders(): readonly string[] {
    return [...new Set(this.#folders.values())];
  }

  has(controller: string, file: string): boolean {
    return existsSync(`${this.#folders.get(controller)}/${file}`);
  }

  /** Throws what the kernel says: EINVAL, ENODEV, EBUSY. */
  write(controller: string, file: string, text: string): void {
    writeFileSync(`${this.#folders.get(controller)}/${file}`, text);
  }

  /** Moves this process in, and so all that it becomes and starts. */
  join(): void {
    for (const fd of this.#doors) writeSync(fd, "0");
  }

  /** Removes what nobody has joined, also behind another root where that has a /proc. */
  remove(): void {
    for (const { fd, name } of this.#above) tryRemove(`/proc/self/fd/${fd}/${name}`);
    for (const fd of [...this.#above.map((entry) => entry.fd), ...this.#doors]) closeSync(fd);
  }
}

/** Moves this process into groups that are there. Throws ENOENT, EACCES. */
export function joinCgroups(folders: readonly string[]): void {
  for (const folder of folders) writeFileSync(`${folder}/cgroup.procs`, "0");
}

/** Removes groups that are empty. */
export function removeCgroups(folders: readonly string[]): void {
  for (const folder of folders) tryRemove(folder);
}

function makeFolder(folder: string, controller: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM" || code === "EROFS")
      throw new NoCgroup("closed", controller, folder.slice(0, folder.lastIndexOf("/")));
    // Another one of this very process.
    if (code !== "EEXIST") throw error;
  }
}

/** By the number that the host's /proc has for this process: in a pid namespace of its own it has another. */
function ownName(): string {
  const pid = Number(readlinkSync("/proc/self"));
  return `${prefix}${pid}-${markProcess(pid)?.startTime ?? "0"}`;
}

const ofV1 = ["cpu", "cpuset", "memory", "pids", "blkio"];

/** Removes the groups of programs that have ended, in every hierarchy. One in which others go on stays. */
function sweep(host: CgroupHost, places: readonly string[]): void {
  const folders = new Set(places);
  for (const controller of host.version === 1 ? ofV1 : [])
    try {
      folders.add(placeOnV1(host, controller));
    } catch {
      // Not on this host.
    }
  for (const folder of folders)
    for (const name of readdirSync(folder)) {
      const [, pid, startTime] = /^vial-hpc-(\d+)-(\d+)$/.exec(name) ?? [];
      if (startTime === undefined || isAlive({ pid: Number(pid), startTime })) continue;
      tryRemove(`${folder}/${name}`);
    }
}

function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // In use, or gone.
  }
}

/** The path of this process's group in a hierarchy: "" for its top. `isOf` chooses the line of /proc/PID/cgroup. */
function ownPath(own: string, isOf: (controllers: string, number: string) => boolean): string | undefined {
  for (const line of own.split("\n")) {
    const [, number = "", controllers = "", path = ""] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (number !== "" && isOf(controllers, number)) return path === "/" || path.includes("/..") ? "" : path;
  }
  return undefined;
}

function placeOnV1({ root, own }: CgroupHost, controller: string): string {
  const path = ownPath(own, (controllers) => controllers.split(",").includes(controller));
  const top = `${root}/${controller}`;
  if (path === undefined || !existsSync(`${top}/cgroup.procs`)) throw new NoCgroup("absent", controller);
  // In a container the mount may begin at its own group, whose path is the one outside.
  return existsSync(`${top}${path}/cgroup.procs`) ? `${top}${path}` : top;
}

/**
 * The nearest group above this process's own in which one with these controllers can be made. A group with processes in it
 * gives its children no controllers (cgroups(7), "no internal processes"), but for the top.
 */
function placeOnV2({ root, own }: CgroupHost, controllers: readonly string[]): string {
  const all = words(`${root}/cgroup.controllers`);
  const absent = controllers.find((controller) => !all.includes(controller));
  if (absent !== undefined) throw new NoCgroup("absent", absent);
  const path = ownPath(own, (_, number) => number === "0") ?? "";
  const start = existsSync(`${root}${path}/cgroup.procs`) ? path : "";
  for (let at = start; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const folder = `${root}${at}`;
    if ((at === "" || at !== start) && mayWrite(folder) && givesOn(folder, controllers)) return folder;
    if (at === "") break;
  }
  throw new NoCgroup("closed", controllers.join(", "), `${root}${start}`);
}

/** Who moves a process needs the right to write both where the two groups meet and in the new one. */
function mayWrite(folder: string): boolean {
  try {
    for (const path of [folder, `${folder}/cgroup.procs`]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function givesOn(folder: string, controllers: readonly string[]): boolean {
  const file = `${folder}/cgroup.subtree_control`;
  const missing = () => {
    const given = words(file);
    return controllers.filter((controller) => !given.includes(controller));
  };
  const lacking = missing();
  if (lacking.length === 0) return true;
  try {
    writeFileSync(file, lacking.map((controller) => `+${controller}`).join(" "));
    return missing().length === 0;
  } catch {
    return false;
  }
}

function words(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").trim().split(/\s+/);
  } catch {
    return [];
  }
}
