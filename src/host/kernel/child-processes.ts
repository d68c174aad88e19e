import { readdirSync, readFileSync } from "node:fs";

/** The processes that were started with this word on their command line, by proc(5). */
export function processesWith(word: string): readonly number[] {
  return pids().filter((pid) => read(`/proc/${pid}/cmdline`).split("\0").includes(word));
}

/** The processes whose parent this one is. */
export function childrenOf(parent: number): readonly number[] {
  // The fourth field; the second one, a name in parentheses, may hold anything.
  return pids().filter((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(parent);
  });
}

function pids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Gone meanwhile: nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
