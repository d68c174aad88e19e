import { readlinkSync } from "node:fs";
import { needProgram } from "../run.ts";

// nsenter(1) of util-linux: a program in the namespaces of a process that runs. It becomes the program; with a pid namespace
// it stays as its parent, for a process keeps its own pid.

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

/** The words before a command. `folder`: where it begins, a path in there. Ids stay as they are. Throws program-missing. */
export function nsenterWords(
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
