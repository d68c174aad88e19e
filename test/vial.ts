import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { copyFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

// The compiled program on a store of its own, with a small real image in it, as a person uses it.
//
//     let vial: TestVial;
//     beforeAll(async () => { vial = await openVial(); }, setupTimeout);
//     afterAll(async () => await vial.close(), setupTimeout);   // removes every container, and fails on what is left
//     test("...", async () => expect((await vial.run("run", "--rm", "busybox", "echo", "hi")).out).toBe("hi\n"));
//
// VIAL_BIN names another executable than dist/vial.

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CallOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds; then SIGKILL. Default 20 seconds. */
  readonly timeout?: number;
}

/** For beforeAll and afterAll: the executable may have to be compiled. */
export const setupTimeout = 60_000;

const project = fileURLToPath(new URL("..", import.meta.url));

/** Why containers cannot be started by this test run, or undefined. */
export function whyNoContainers(): string | undefined {
  return process.getuid?.() === 0
    ? undefined
    : "these tests start containers as root, and this is an ordinary user";
}

export class TestVial {
  readonly program: string;
  /** VIAL_ROOT; the bundles are in `run` below it. */
  readonly root: string;
  /** A folder for the test's own files, gone at the end. */
  readonly folder: string;
  readonly #home: string;

  constructor(program: string) {
    this.program = program;
    // Short, because sockets lie below it.
    this.#home = mkdtempSync(`${tmpdir()}/vt-`);
    this.root = `${this.#home}/r`;
    this.folder = `${this.#home}/f`;
    mkdirSync(this.folder);
  }

  environment(): Record<string, string> {
    const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin" } = process.env;
    return { PATH, HOME: this.folder, LANG: "C.UTF-8", TZ: "UTC", VIAL_ROOT: this.root };
  }

  /** Runs `vial WORDS` to its end. */
  async run(...words: readonly string[]): Promise<Outcome> {
    return await this.call(words);
  }

  /** Like run(), with the options first. */
  async call(words: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    return await this.command([this.program, ...words], options);
  }

  /** Runs any program to its end, in the environment of this store. */
  async command(argv: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    const child = Bun.spawn([...argv], {
      env: { ...this.environment(), ...options.env },
      cwd: options.cwd ?? this.folder,
      stdin: options.input === undefined ? "ignore" : Buffer.from(options.input),
      stdout: "pipe",
      stderr: "pipe",
      timeout: options.timeout ?? 20_000,
      killSignal: "SIGKILL",
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, out, err };
  }

  /** Runs a command that has to succeed, and gives what it printed, trimmed. */
  async ok(...words: readonly string[]): Promise<string> {
    const { code, out, err } = await this.call(words);
    if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
    return out.trim();
  }

  /** Starts a command and does not wait: for one that is to be killed, or to run beside others. */
  start(words: readonly string[], stdin: "pipe" | "ignore" = "ignore") {
    return Bun.spawn([this.program, ...words], {
      env: this.environment(),
      cwd: this.folder,
      stdin,
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** `vial inspect --format`, trimmed. */
  async inspect(container: string, template: string): Promise<string> {
    return await this.ok("inspect", "--type", "container", "--format", template, container);
  }

  /** Waits until `isSo` gives true; throws after `milliseconds`. */
  async until(what: string, isSo: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`after ${milliseconds} ms still not: ${what}`);
      await Bun.sleep(10);
    }
  }

  /** The ids of all containers, also of half-made ones. */
  containerIds(): readonly string[] {
    try {
      return readdirSync(`${this.root}/containers`).filter((entry) => /^[0-9a-f]{64}$/.test(entry));
    } catch {
      return [];
    }
  }

  /** The text of a control group file of a container on the host: `cgroupFile(id, "memory", "memory.limit_in_bytes")`. */
  cgroupFile(id: string, controller: string, file: string): string {
    const name = `vial-${id.slice(0, 16)}`;
    const v1 = `/sys/fs/cgroup/${controller}/${name}/${file}`;
    return readFileSync(isFile(v1) ? v1 : `/sys/fs/cgroup/${name}/${file}`, "utf8").trim();
  }

  /** Removes every container and the folder, and throws when something of them is left on this machine. */
  async close(): Promise<void> {
    const ids = this.containerIds();
    if (ids.length > 0) await this.call(["rm", "-f", ...ids], { timeout: 60_000 });
    let left: readonly string[] = [];
    // A trash folder is emptied in the background, and a control group goes a moment after its last process.
    const deadline = performance.now() + 5000;
    do {
      left = [...this.#processesLeft(), ...this.#mountsLeft(), ...cgroupsOf(ids)];
      if (left.length > 0) await Bun.sleep(20);
    } while (left.length > 0 && performance.now() < deadline);
    this.#removeBridges();
    rmSync(this.#home, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join("; ")}`);
  }

  /** A network stays until it is removed, and the default one until the host is switched off. */
  #removeBridges(): void {
    let files: readonly string[] = [];
    try {
      files = readdirSync(`${this.root}/networks`).filter((file) => file.endsWith(".json"));
    } catch {
      return;
    }
    for (const file of files) {
      const { id, interface: name } = JSON.parse(readFileSync(`${this.root}/networks/${file}`, "utf8")) as {
        readonly id: string;
        readonly interface: string;
      };
      const alias = `/sys/class/net/${name}/ifalias`;
      if (isFile(alias) && readFileSync(alias, "utf8").startsWith(`vial ${id} `))
        Bun.spawnSync(["ip", "link", "delete", name]);
    }
    const table = `vial-net-${Bun.hash(this.root).toString(16)}`;
    Bun.spawnSync(["nft", "delete", "table", "inet", table], { stderr: "ignore" });
  }

  #processesLeft(): readonly string[] {
    return readdirSync("/proc").flatMap((entry) => {
      if (!/^\d+$/.test(entry)) return [];
      try {
        const line = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(`${this.root}/`) ? [`process ${entry} ${line}`] : [];
      } catch {
        return [];
      }
    });
  }

  #mountsLeft(): readonly string[] {
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    return mounts.filter((line) => line.includes(` ${this.root}/`)).map((line) => `mount ${line}`);
  }
}

function cgroupsOf(ids: readonly string[]): readonly string[] {
  const wanted = new Set(ids.map((id) => `vial-${id.slice(0, 16)}`));
  const folder = "/sys/fs/cgroup";
  return [folder, ...names(folder).map((name) => `${folder}/${name}`)].flatMap((parent) =>
    names(parent)
      .filter((name) => wanted.has(name))
      .map((name) => `control group ${parent}/${name}`),
  );
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** A store of its own with the image "busybox" (every applet, a few users and groups). */
export async function openVial(): Promise<TestVial> {
  const vial = new TestVial(await executable());
  const tar = makeBusyboxTar(vial.folder);
  await vial.ok("import", "--change", 'CMD ["sh"]', "--change", "ENV LAYER=image", tar, "busybox");
  rmSync(tar);
  return vial;
}

/** The compiled program: VIAL_BIN, or dist/vial, compiled first when a source is newer. */
async function executable(): Promise<string> {
  const wanted = process.env.VIAL_BIN;
  if (wanted !== undefined && wanted !== "") return wanted;
  const built = `${project}dist/vial`;
  const time = isFile(built) ? statSync(built).mtimeMs : 0;
  if (newest(`${project}src`) > time) {
    const child = Bun.spawn([process.execPath, `${project}tool/build.ts`], {
      stdout: "ignore",
      stderr: "pipe",
    });
    if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
  }
  return built;
}

function newest(folder: string): number {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
      time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The root file system of "busybox" as a tar, from the static busybox of this machine. Gives its path. */
function makeBusyboxTar(folder: string): string {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(isFile);
  if (busybox === undefined) throw new Error("busybox is not here: apt-get install busybox-static");
  const root = `${folder}/busybox-root`;
  for (const name of ["bin", "etc", "home/alice", "proc", "root", "sys", "dev", "tmp", "var", "opt"])
    mkdirSync(`${root}/${name}`, { recursive: true });
  copyFileSync(busybox, `${root}/bin/busybox`);
  const applets = Bun.spawnSync([busybox, "--list"]).stdout.toString().split("\n");
  for (const applet of applets)
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", `${root}/bin/${applet}`);
  writeFileSync(
    `${root}/etc/passwd`,
    "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
  );
  writeFileSync(`${root}/etc/group`, "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\naudio:x:29:\n");
  writeFileSync(`${root}/opt/not-executable`, "#!/bin/sh\necho never\n");
  const tar = `${folder}/busybox.tar`;
  const made = Bun.spawnSync([
    "tar",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "-C",
    root,
    "-cf",
    tar,
    ".",
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  rmSync(root, { recursive: true });
  return tar;
}
