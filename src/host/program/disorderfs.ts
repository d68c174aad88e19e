import { startProgram } from "../run.ts";
import { findProgram } from "./find.ts";

// disorderfs(1): shows a folder with the entries of every folder in reverse order, for those who look whether their
// work depends on it.

export interface DisorderfsMount {
  readonly source: string;
  readonly target: string;
}

/** What disorderfs needs besides itself: this user as root, who may let others use a FUSE mount. */
export function canDisorder(): boolean {
  return (
    process.geteuid?.() === 0 &&
    findProgram("disorderfs") !== undefined &&
    findProgram("setpriv") !== undefined
  );
}

export function disorderfsArgs(mount: DisorderfsMount): readonly string[] {
  return [
    // In our mount namespace it would keep the namespace alive after a kill -9 of this process.
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["disorderfs", "-f", "-q", "--multi-user=yes", "--reverse-dirents=yes", "--pad-blocks=1"],
    ...[mount.source, mount.target],
  ];
}

/** Mounts; the mount is there when it returns. It ends with the mount. Gives what it said when it cannot. */
export async function mountDisorderfs(
  mount: DisorderfsMount,
  isMounted: () => boolean,
): Promise<string | undefined> {
  const child = startProgram(disorderfsArgs(mount), { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const ended = child.exited.then(() => true);
  for (let tries = 0; tries < 500; tries++) {
    if (isMounted()) return undefined;
    if (await Promise.race([ended, Bun.sleep(10).then(() => false)]))
      return (
        (await new Response(child.stderr as ReadableStream).text()).trim() ||
        `it ended with code ${child.exitCode}`
      );
  }
  child.kill("SIGKILL");
  return "it did not come up within five seconds";
}
