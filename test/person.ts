import { chmodSync, copyFileSync, rmSync } from "node:fs";
import type { TestVial } from "./vial.ts";

// An ordinary user of this machine, without a range of sub-ids unless a test asks for one, for tests of what people without rights can do. The user's
// /dev/fuse is one for all where a test asks for it, in a mount namespace: the host's stays as it is.

export interface As {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A /dev/fuse that everybody may open. */
  readonly fuse?: boolean;
  /** What is called in place of Vial: a path, or a name in `env.PATH`. */
  readonly program?: string;
  readonly input?: string;
}

export interface Person {
  readonly user: string;
  readonly home: string;
  /** Vial, where the user may read it. */
  readonly program: string;
  /** From now on he has a range of sub-ids. */
  giveRange(): void;
  asRoot(words: readonly string[], as?: As): Promise<Said>;
  asUser(words: readonly string[], as?: As): Promise<Said>;
  close(): void;
}

type Said = Awaited<ReturnType<TestVial["command"]>>;

/** Adds the user, whose home is a folder of the test. */
export function openPerson(
  vial: TestVial,
  name: string,
  { ids = "one" }: { readonly ids?: "one" | "range" } = {},
): Person {
  const user = `${name}${process.pid}`;
  chmodSync(`${vial.folder}/..`, 0o755);
  chmodSync(vial.folder, 0o755);
  const home = `${vial.folder}/home-${name}`;
  const program = `${vial.folder}/vial`;
  copyFileSync(vial.program, program);
  chmodSync(program, 0o755);
  const added = Bun.spawnSync(["useradd", "-m", "-d", home, user]);
  if (added.exitCode !== 0) throw new Error(added.stderr.toString());
  // useradd(8) gives one, or none, by the settings of the machine.
  const change = (words: readonly string[]) => Bun.spawnSync(["usermod", ...words, user]);
  const range = "700000000-700065535";
  const giveRange = () => void change(["--add-subuids", range, "--add-subgids", range]);
  const all = "0-4294967294";
  change(["--del-subuids", all, "--del-subgids", all]);
  if (ids === "range") giveRange();
  Bun.spawnSync(["mknod", "-m", "666", `${vial.folder}/fuse`, "c", "10", "229"]);
  const open = 'mount --bind "$0" /dev/fuse && exec "$@"';
  return {
    user,
    home,
    program,
    giveRange,
    async asRoot(words, { env = {}, cwd = home, program: called = program, input } = {}) {
      return await vial.command([called, ...words], {
        env: { HOME: "/root", ...env },
        cwd,
        timeout: 60_000,
        ...(input === undefined ? {} : { input }),
      });
    },
    async asUser(words, { env = {}, cwd = home, fuse = false, program: called = program, input } = {}) {
      const start = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", called, ...words];
      const inside = fuse ? ["unshare", "--mount", "sh", "-c", open, `${vial.folder}/fuse`, ...start] : start;
      return await vial.command(inside, {
        env: { HOME: home, USER: user, VIAL_ROOT: "", ...env },
        cwd,
        timeout: 60_000,
        ...(input === undefined ? {} : { input }),
      });
    },
    close() {
      Bun.spawnSync(["userdel", user]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
