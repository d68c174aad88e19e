import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sample } from "./measure.ts";
import { pssOf } from "./transfer.ts";

// An ordinary user of his own who may open /dev/fuse: that of the host stays as it is, he has another one in a mount
// namespace. What he runs is timed by a process of his in there, so that no way into it is part of the time.

export interface Command {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that is there beside the program that was started. */
export interface Companion {
  readonly name: string;
  readonly rss: number;
  readonly pss: number;
}

export interface BenchUser {
  readonly home: string;
  readonly name: string;
  /** As interleave() of measure.ts, by this user. */
  interleave(
    commands: ReadonlyMap<string, Command>,
    rounds: number,
    caches?: "warm" | "cold",
  ): readonly Sample[];
  /** Starts a command whose program is "sleep", and gives the user's other processes while it runs. In bytes. */
  companions(command: Command): Promise<readonly Companion[]>;
  close(): void;
}

export function openBenchUser(folder: string): BenchUser {
  const name = `vialbench${process.pid}`;
  const home = `${folder}/home`;
  chmodSync(folder, 0o755);
  must(["useradd", "-m", "-d", home, name]);
  mkdirSync(`${folder}/worker`);
  for (const file of ["user-worker.ts", "measure.ts"])
    copyFileSync(fileURLToPath(new URL(file, import.meta.url)), `${folder}/worker/${file}`);
  copyFileSync(process.execPath, `${folder}/worker/bun`);
  must(["mknod", "-m", "666", `${folder}/fuse`, "c", "10", "229"]);
  const uid = Number(must(["id", "-u", name]));
  const enter = [
    ...["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /dev/fuse && exec "$@"', `${folder}/fuse`],
    ...["setpriv", "--reuid", name, "--regid", name, "--init-groups", "--reset-env"],
  ];
  const env = { HOME: home, USER: name, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };
  return {
    home,
    name,
    interleave(commands, rounds, caches = "warm") {
      const wish = `${folder}/worker/wish.json`;
      writeFileSync(wish, JSON.stringify({ commands: [...commands], rounds, caches, env }));
      const worker = [`${folder}/worker/bun`, `${folder}/worker/user-worker.ts`, wish];
      return JSON.parse(must([...enter, ...worker], home)) as readonly Sample[];
    },
    async companions({ words, env: more = {} }) {
      const vars = Object.entries({ ...env, ...more }).map(([key, value]) => `${key}=${value}`);
      const child = Bun.spawn([...enter, "env", ...vars, ...words], {
        cwd: home,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let program: number | undefined;
      for (let tries = 0; program === undefined; tries++) {
        if (tries > 500 || child.exitCode !== null)
          throw new Error(`${words.join(" ")} did not start: ${await new Response(child.stderr).text()}`);
        await Bun.sleep(10);
        program = processesOf(uid).find((pid) => wordsOf(pid).startsWith("sleep\0"));
      }
      // What only helps to start has ended by then.
      await Bun.sleep(300);
      const others = processesOf(uid).filter((pid) => pid !== program);
      const result = others.map((pid) => ({
        name: wordsOf(pid).split("\0")[0]?.split("/").at(-1) ?? "",
        rss: rssOf(pid),
        pss: pssOf(pid),
      }));
      process.kill(program, "SIGKILL");
      await child.exited;
      // Whoever is measured next must not find them.
      for (let tries = 0; processesOf(uid).length > 0; tries++) {
        if (tries > 500) throw new Error(`${words.join(" ")} leaves processes behind`);
        await Bun.sleep(10);
      }
      return result;
    },
    close() {
      for (const pid of processesOf(uid)) process.kill(pid, "SIGKILL");
      must(["userdel", name]);
    },
  };
}

function must(words: readonly string[], cwd?: string): string {
  const child = Bun.spawnSync([...words], {
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 900_000,
  });
  if (child.exitCode !== 0)
    throw new Error(
      `${words.join(" ").slice(0, 200)} ended with ${child.exitCode}: ${child.stderr.toString().slice(-600)}`,
    );
  return child.stdout.toString().trim();
}

function processesOf(uid: number): readonly number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const [, owner] = /^Uid:\s+(\d+)/m.exec(read(`/proc/${entry}/status`)) ?? [];
    // A process that has ended and waits for its parent has no words left.
    return Number(owner ?? -1) === uid && wordsOf(Number(entry)) !== "" ? [Number(entry)] : [];
  });
}

function wordsOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
