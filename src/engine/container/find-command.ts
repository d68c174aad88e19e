import { fstatSync, lstatSync, readlinkSync } from "node:fs";
import { type OpenFile, openFlag, openInside, openRoot } from "#host";
import { commandNotExecutable, commandNotFound, exitNotExecutable, exitNotFound } from "#runtime";
import { StartFailure } from "./start-failure.ts";

// Looks the program up before the runtime does. The runtime's own complaint goes to the container's standard error, where
// nobody can tell it from the program's; this one comes in our words, with Docker's exit codes. Only what is certain is
// refused: where a mount of the container hides the root, or a link chain ends outside what can be seen here, the runtime
// decides.

/** What decides whether a program can be started. */
export interface CommandLookup {
  /** The mounted root, or /proc/PID/root. */
  readonly root: string;
  /** The program and its arguments. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids?: readonly number[] };
  /** Absolute paths inside on which something else will be mounted. */
  readonly mounts: readonly string[];
  /** For the error: the container's name. */
  readonly container: string;
}

/** Throws StartFailure with 127 when there is no such program, with 126 when it cannot be executed. */
export function checkCommand(lookup: CommandLookup): void {
  const command = lookup.args[0] ?? "";
  const where = `the container "${lookup.container}"`;
  const seen = findCommand(lookup);
  if (seen.kind === "missing") throw new StartFailure(exitNotFound, commandNotFound(command, where));
  if (seen.kind === "refused")
    throw new StartFailure(exitNotExecutable, commandNotExecutable(command, where, seen.why));
}

type Found =
  | { readonly kind: "fit" }
  /** Not to be told from here. */
  | { readonly kind: "unknown" }
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly why: string };

/** Looks `args[0]` up as the runtime would: a name in the folders of PATH, a path from `cwd`. */
export function findCommand(lookup: CommandLookup): Found {
  const command = lookup.args[0] ?? "";
  if (command === "" || command.includes("\0")) return { kind: "unknown" };
  const paths = candidates(command, lookup);
  if (paths === undefined) return { kind: "unknown" };
  using root = openRoot(lookup.root);
  let refused: Found | undefined;
  for (const path of paths) {
    if (isBelowMount(path, lookup.mounts)) return { kind: "unknown" };
    const found = look(root.fd, path, lookup);
    if (found.kind === "fit" || found.kind === "unknown") return found;
    if (found.kind === "refused") refused ??= found;
  }
  return refused ?? { kind: "missing" };
}

function candidates(command: string, lookup: CommandLookup): readonly string[] | undefined {
  if (command.startsWith("/")) return [command];
  if (command.includes("/")) return [`${lookup.cwd}/${command}`];
  const path = lookup.env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
  if (path === undefined || path === "") return undefined;
  return path
    .split(":")
    .map((folder) => `${folder.startsWith("/") ? folder : `${lookup.cwd}/${folder}`}/${command}`);
}

/** A path that steps upwards or through a link may still end below a mount: the opened file tells (`look`). */
function isBelowMount(path: string, mounts: readonly string[]): boolean {
  const clean = `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
  return (
    clean.split("/").includes("..") ||
    mounts.some((mount) => `${clean}/`.startsWith(`${mount.replace(/\/+$/, "")}/`))
  );
}

function look(root: number, path: string, lookup: CommandLookup): Found {
  let file: OpenFile;
  try {
    file = openInside(root, path, openFlag.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some link of the chain may lead to a mount that is not there yet.
    if (code === "ENOENT" || code === "ENOTDIR")
      return lookup.mounts.length === 0 || !hasLink(root, path) || isNotInFolder(root, path, lookup.mounts)
        ? { kind: "missing" }
        : { kind: "unknown" };
    return { kind: "unknown" };
  }
  using _open = file;
  const info = fstatSync(file.fd);
  if (info.isDirectory()) return { kind: "refused", why: `"${path}" is a folder` };
  if (!info.isFile()) return { kind: "refused", why: `"${path}" is no regular file` };
  if (!mayExecute(info, lookup.user))
    return {
      kind: "refused",
      why: `the mode of "${path}" is ${(info.mode & 0o7777).toString(8).padStart(4, "0")}, without the right to execute for the user ${lookup.user.uid}`,
    };
  return { kind: "fit" };
}

/** A name that is not in its folder, which links lead to (/bin of Debian) and no mount will hide. */
function isNotInFolder(root: number, path: string, mounts: readonly string[]): boolean {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  try {
    using folder = openInside(root, path.slice(0, slash) || "/", openFlag.path | openFlag.directory);
    const [top, place] = [root, folder.fd].map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
    if (top === undefined || place?.startsWith(`${top}/`) !== true) return false;
    if (isBelowMount(`${place.slice(top.length)}/${name}`, mounts)) return false;
    return lstatSync(`/proc/self/fd/${folder.fd}/${name}`, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Whether a link stands at the end of the path, or on the way to it. */
function hasLink(root: number, path: string): boolean {
  try {
    using _open = openInside(root, path, openFlag.path, { links: "refuse" });
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ELOOP";
  }
}

function mayExecute(
  info: { readonly mode: number; readonly uid: number; readonly gid: number },
  user: CommandLookup["user"],
): boolean {
  if (user.uid === 0) return (info.mode & 0o111) !== 0;
  if (info.uid === user.uid) return (info.mode & 0o100) !== 0;
  const groups = [user.gid, ...(user.additionalGids ?? [])];
  // An access list (acl(5)) may say more than the classes; the mask in the group's place shows that there may be one.
  return ((groups.includes(info.gid) ? 0o010 : 0o001) & info.mode) !== 0 || (info.mode & 0o110) === 0o110;
}
