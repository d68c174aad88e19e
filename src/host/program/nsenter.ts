import { readlinkSync } from "node:fs";
import { joinTreeWords } from "../kernel/process-tree.ts";
import { dumbInitSessionWords } from "./dumb-init.ts";
import { needProgram } from "../run.ts";

// nsenter(1) of util-linux: a program in the namespaces of a process that runs. It becomes the program; with a pid namespace
// a parent stays, for a process keeps its own pid (../kernel/process-tree.ts).

/** As they are called in /proc/PID/ns. */
export const namespaceKinds = ["user", "mnt", "pid", "ipc", "uts", "net"] as const;
export type NamespaceKind = (typeof namespaceKinds)[number];

const flagOf: Readonly<Record<NamespaceKind, string>> = {
  user: "--user",
  mnt: "--mount",
  pid: "--pid",
  ipc: "--ipc",
  uts: "--uts",
  net: "--net",
};

/** The namespaces in which a process is not where this one is. Throws ENOENT, EACCES of /proc/PID/ns. */
export function foreignNamespaces(pid: number): readonly NamespaceKind[] {
  return namespaceKinds.filter(
    (kind) => readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`),
  );
}

/**
 * The words before a command. `folder`: where it begins, a path in there. `isRoot`: the caller is root in there, or on the
 * host. Ids stay as they are. Throws program-missing.
 */
export function joinWords(
  pid: number,
  kinds: readonly NamespaceKind[],
  folder: string,
  isRoot: boolean,
): readonly [program: string, ...args: string[]] {
  const hasParent = kinds.includes("pid");
  // The parent is started from the host's files, so that the others are entered behind it. Who is not root has lost the
  // right to do so by then, for each program that is started takes it (capabilities(7)): nsenter(1) is the parent.
  const tree = hasParent && isRoot ? joinTreeWords(pid, kinds.includes("user")) : undefined;
  const session = hasParent && !isRoot ? (dumbInitSessionWords() ?? []) : [];
  return tree === undefined
    ? ([...session, ...nsenterWords(pid, kinds, folder)] as unknown as readonly [string, ...string[]])
    : [
        ...tree,
        ...nsenterWords(
          pid,
          kinds.filter((kind) => kind !== "user" && kind !== "pid"),
          folder,
        ),
      ];
}

function nsenterWords(
  pid: number,
  kinds: readonly NamespaceKind[],
  folder: string,
): readonly [program: string, ...args: string[]] {
  return [
    needProgram("nsenter"),
    ...["--target", String(pid)],
    ...kinds.map((kind) => flagOf[kind]),
    "--preserve-credentials",
    ...(kinds.includes("mnt") ? [`--wdns=${folder}`] : []),
    "--",
  ];
}
