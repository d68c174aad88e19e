import { readFileSync } from "node:fs";
import { needProgram } from "../run.ts";

// aardvark-dns(8): answers for the names of containers, and asks the host's own name servers for all others. One process for all
// networks; it ends by itself when the last file of its folder is gone and it is told.

const pidFile = "aardvark.pid";

function runningPid(folder: string): number | undefined {
  try {
    const pid = Number(readFileSync(`${folder}/${pidFile}`, "latin1"));
    // The number may have been given to another process since.
    const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
    return pid > 1 && words.includes(folder) ? pid : undefined;
  } catch {
    return undefined;
  }
}

export function isReadingNames(folder: string): boolean {
  return runningPid(folder) !== undefined;
}

/** Lets the one that reads `folder` read it again; false when there is none. */
export function rereadNames(folder: string): boolean {
  const pid = runningPid(folder);
  if (pid === undefined) return false;
  try {
    process.kill(pid, "SIGHUP");
    return true;
  } catch {
    // It ended between the two lines.
    return false;
  }
}

/** Starts one for `folder`, which outlives this process, and waits until it reads. Throws program-missing. */
export function startNameServer(folder: string): void {
  const program = needProgram("aardvark-dns");
  // It goes into the background itself, when it is ready.
  Bun.spawnSync([program, "--config", folder, "-p", "53", "run"], { stdio: ["ignore", "ignore", "ignore"] });
}

/** Whether somebody listens at an address of this host, by the kernel's table (proc(5), /proc/net/udp). */
export function isServed(ipv4: Uint8Array): boolean {
  const hex = Buffer.from(ipv4).reverse().toString("hex").toUpperCase();
  return readFileSync("/proc/net/udp", "latin1").includes(` ${hex}:0035 `);
}
