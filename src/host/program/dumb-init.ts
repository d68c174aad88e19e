import { closeSync, openSync, readFileSync } from "node:fs";
import { findProgram } from "./find.ts";

// dumb-init(1): a parent of 0.1 MiB that passes each signal on to its one child and ends with its code, and as process 1 of
// a pid namespace clears up after orphans. Unlike tini(1) and catatonit(1) it leaves the process group and the terminal as
// they are: those two take the terminal from a shell that has started them in the background. Unlike unshare(1) and
// nsenter(1) it passes SIGTERM on.

/** The words before the command that it is the parent of; undefined: it is not on this host. */
export function dumbInitWords(): readonly [program: string, ...args: string[]] | undefined {
  const program = findProgram("dumb-init");
  if (program === undefined) return undefined;
  // A terminal sends these to all of the process group by itself: passed on they would come twice, and a program that
  // clears up at the first one gives up at the second.
  const byTerminal = hasTerminal() ? ["--rewrite", `${SIGINT}:0`, "--rewrite", `${SIGQUIT}:0`] : [];
  return [program, "--single-child", ...byTerminal, "--"];
}

/**
 * The same for a command that is itself the parent of a program and does not pass signals on: they go to all of a session of
 * its own. Undefined also where there is a terminal, which that session would lose.
 */
export function dumbInitSessionWords(): readonly [program: string, ...args: string[]] | undefined {
  const program = findProgram("dumb-init");
  return program === undefined || hasTerminal() ? undefined : [program, "--"];
}

const SIGINT = 2;
const SIGQUIT = 3;

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/** Those that Bun ignores by itself: SIGPIPE, SIGXFSZ. */
const ofBun = new Set([13, 25]);

/** Numbers of the signals that this process was told to ignore, as nohup(1) does; dumb-init forgets that for its child. */
export function ignoredSignals(): readonly number[] {
  const mask = /^SigIgn:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  const bits = BigInt(`0x${mask}`);
  return Array.from({ length: 31 }, (_, index) => index + 1).filter(
    (number) => !ofBun.has(number) && (bits & (1n << BigInt(number - 1))) !== 0n,
  );
}
