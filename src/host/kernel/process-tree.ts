import { needProgram } from "../run.ts";
import { dumbInitWords, ignoredSignals } from "../program/dumb-init.ts";
import { findProgram } from "../program/find.ts";
import { libc } from "./libc.ts";
import { adoptPrivateMounts } from "./namespace.ts";

// A program in a pid namespace of its own has a parent outside: a process keeps its own pid, so that only a child can be
// inside. That parent passes signals on; process 1 inside is one more of it, for the kernel lets process 1 ignore SIGTERM
// unless it has a handler (pid_namespaces(7)).
//
// Process 1 has to see the container's root, not the host's: it is started in the mount namespace that Vial then works in,
// and pivot_root(2) moves all that stand at the old root. So it begins at "/", and Vial goes back to the person's folder.

const variable = "VIAL_PROCESS_TREE";

interface Handed {
  readonly cwd: string;
  readonly ignored: readonly number[];
}

/**
 * What stands between unshare(1) with its namespaces of users and Vial, and the environment of that Vial. Undefined where
 * the programs for it are not on this host.
 */
export function processTree(
  init: boolean,
): { readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> } | undefined {
  const [parent, setpriv] = [dumbInitWords(), findProgram("setpriv")];
  if (parent === undefined || setpriv === undefined) return undefined;
  const handed: Handed = { cwd: process.cwd(), ignored: ignoredSignals() };
  process.chdir("/");
  const words = [
    ...["--mount", "--propagation", "slave", "--pid", "--"],
    ...parent,
    // The parent may be killed, which passes nothing on.
    ...[setpriv, "--pdeathsig", "KILL", "--"],
    ...(init ? parent : []),
  ];
  return { words, env: { [variable]: JSON.stringify(handed) } };
}

const SIG_IGN = 1n;

/** In the Vial that was started in such a tree: back to how the person has started it. Does nothing in any other. */
export function settleInTree(): void {
  const text = process.env[variable];
  if (text === undefined) return;
  delete process.env[variable];
  const { cwd, ignored } = JSON.parse(text) as Handed;
  process.chdir(cwd);
  for (const number of ignored) libc().signal(number, SIG_IGN);
  adoptPrivateMounts();
}

/**
 * The words before a command that is to run in the pid namespace of a process and whose parent stays outside. Undefined
 * where the programs for it are not on this host. `user`: the process has a user namespace of its own.
 */
export function joinTreeWords(
  pid: number,
  user: boolean,
): readonly [program: string, ...args: string[]] | undefined {
  const [parent, setpriv] = [dumbInitWords(), findProgram("setpriv")];
  if (parent === undefined || setpriv === undefined) return undefined;
  return [
    needProgram("nsenter"),
    ...["--target", String(pid), ...(user ? ["--user"] : []), "--pid", "--no-fork"],
    ...["--preserve-credentials", "--"],
    ...parent,
    ...[setpriv, "--pdeathsig", "KILL", "--"],
  ];
}
