import { readFileSync } from "node:fs";
import { userNamespaceRefused, userRangesMissing } from "../error.ts";
import { findProgram } from "../program/find.ts";
import { needProgram } from "../run.ts";
import { processTree } from "./process-tree.ts";
import { replaceProcess } from "./replace-process.ts";
import { shortStart } from "./short-start.ts";

// An ordinary user's containers have a range of users: root inside is the user, 1 and up are the user's sub-ids. Bun has
// threads, so it cannot unshare(CLONE_NEWUSER) itself; unshare(1) and newuidmap(1) do it for a Vial that starts anew.

/** The id that this process's root is outside: itself for the machine's root, the ordinary user in a user namespace. */
export function outerUid(): number {
  const own = process.getuid?.() ?? 0;
  if (own !== 0) return own;
  try {
    const [inside, outside] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/).map(Number);
    return inside === 0 ? (outside ?? 0) : 0;
  } catch {
    return 0;
  }
}

let oneId: boolean | undefined;

/**
 * Whether this user has one id alone: in the user namespace that this process is in, or else in the one that he would get,
 * without a range in /etc/subuid and /etc/subgid, or without newuidmap(1). Then nothing can belong to anybody else.
 */
export function hasOneId(): boolean {
  oneId ??=
    process.getuid?.() === 0
      ? countIds() === 1
      : !hasRanges(userName()) || findProgram("newuidmap") === undefined;
  return oneId;
}

/** The ids of this process's user namespace: user_namespaces(7), "uid_map". */
function countIds(): number {
  try {
    const lines = readFileSync("/proc/self/uid_map", "utf8").trim().split("\n");
    return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
  } catch {
    return Number.NaN;
  }
}

/**
 * The words before a command that an ordinary user runs as root of a user namespace: with the user's range, or with the one
 * id that there is. No "--" behind it.
 */
export function mappedRootWords(): readonly [program: string, ...args: string[]] {
  return ["unshare", ...(hasOneId() ? [] : ["--map-auto"]), "--map-root-user"];
}

export interface MappedRootWish {
  /** `range`: the work needs several users; `any`: it can be done with one, as far as that goes. */
  readonly ids: "range" | "any";
  /** A process whose user namespace is entered in place of a new one. */
  readonly beside?: () => number | undefined;
}

/**
 * For an ordinary user: starts this command again as root of a new user namespace with the user's own range, in place of
 * this process. Nothing happens for root, there or here. `program` is how Vial is called, `argv` what follows. A process
 * that the wish names `beside`: only from in there can its root be looked into (ptrace(2), "Ptrace access mode checking").
 * Throws user-ranges-missing, user-namespace-refused, program-missing.
 */
export function becomeMappedRoot(
  program: readonly string[],
  argv: readonly string[],
  wish: MappedRootWish,
): void {
  if (process.getuid?.() === 0) return;
  const pid = wish.beside?.();
  if (pid !== undefined)
    replaceProcess([
      ...joinUserNamespaceArgs(pid),
      needProgram("unshare"),
      "--mount",
      "--",
      ...program,
      ...argv,
    ]);
  const refused = whyNoUserNamespace();
  if (refused !== undefined) throw userNamespaceRefused(refused);
  if (wish.ids === "range" && hasOneId()) {
    if (!hasRanges(userName())) throw userRangesMissing(userName());
    needProgram("newuidmap");
  }
  const [, ...flags] = mappedRootWords();
  replaceProcess([needProgram("unshare"), ...flags, "--mount", "--", ...program, ...argv]);
}

/** The namespaces that only a program without threads can open. */
export interface EarlyNamespaces {
  /** `self`: the caller alone, as the caller; `root`: the caller alone, as root; undefined: none. */
  readonly user: "self" | "root" | undefined;
  /** The program that starts next is in a pid namespace of its own; a parent stays behind and passes its exit code on. */
  readonly pid: boolean;
}

/** Namespaces for the Vial that takes this one's place. */
export interface TreeWish extends EarlyNamespaces {
  /** With `pid`: process 1 passes signals on and clears up after orphans, and the program is another one. */
  readonly init: boolean;
}

/**
 * Starts this command again in new namespaces, in place of this process; no range of sub-ids is needed. It holds every
 * capability in its user namespace. `program` is how Vial is called, `argv` what follows.
 */
export function enterUserNamespace(
  wish: TreeWish,
  program: readonly string[],
  argv: readonly string[],
): never {
  const words = namespaceWords({ ...wish, pid: false });
  const tree = wish.pid ? processTree(wish.init) : undefined;
  // Without the programs for it unshare(1) itself is the parent, which does not pass SIGTERM on.
  const between = tree?.words ?? [...(wish.pid ? ["--pid", "--fork", "--kill-child"] : []), "--"];
  const env = { ...shortStart(process.env), ...tree?.env };
  replaceProcess([...words, ...between, ...program, ...argv], env);
}

/**
 * The words before a command that is to run in new namespaces, without the "--" between. Throws user-namespace-refused,
 * program-missing.
 */
export function namespaceWords(wish: EarlyNamespaces): readonly [program: string, ...args: string[]] {
  const refused = wish.user === undefined ? undefined : whyNoUserNamespace();
  if (refused !== undefined) throw userNamespaceRefused(refused);
  return [
    needProgram("unshare"),
    ...(wish.user === "self" ? ["--map-current-user", "--keep-caps"] : []),
    ...(wish.user === "root" ? ["--map-root-user"] : []),
    ...(wish.pid ? ["--pid", "--fork"] : []),
  ];
}

/** The switches by which the kernel, Debian and Ubuntu keep user namespaces from ordinary users. */
function whyNoUserNamespace(): string | undefined {
  const closed = [
    ["/proc/sys/user/max_user_namespaces", "0"],
    ["/proc/sys/kernel/unprivileged_userns_clone", "0"],
    ["/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"],
  ].find(([file = "", value]) => readSwitch(file) === value);
  return closed === undefined ? undefined : `this host has ${closed[1]} in ${closed[0]}`;
}

function readSwitch(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** The words before a command that shall run in the user namespace of a process of ours. */
export function joinUserNamespaceArgs(pid: number): readonly [program: string, ...args: string[]] {
  return [needProgram("nsenter"), "--target", String(pid), "--user", "--preserve-credentials", "--"];
}

function userName(): string {
  const uid = String(process.getuid?.() ?? 0);
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.split(":")[2] === uid);
    return line?.split(":")[0] ?? uid;
  } catch {
    return uid;
  }
}

function hasRanges(name: string): boolean {
  return hasRange("/etc/subuid", name) && hasRange("/etc/subgid", name);
}

/** subuid(5): lines of name or number, first id, count. */
function hasRange(file: string, name: string): boolean {
  const uid = String(process.getuid?.() ?? 0);
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .some((line) => {
        const [who, , count] = line.split(":");
        return (who === name || who === uid) && Number(count) > 0;
      });
  } catch {
    return false;
  }
}
