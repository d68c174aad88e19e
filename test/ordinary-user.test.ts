import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// What an ordinary user with a range of sub-ids does with a container that runs. journey.test.ts has the rest.

const user = "vialtestu";
const why = whyNoContainers() ?? (Bun.which("newuidmap") === null ? "newuidmap is not here" : undefined);
if (why !== undefined) console.warn(`skipped: containers of an ordinary user, because ${why}`);

let vial: TestVial;
let home: string;
let program: string;

async function asUser(...words: readonly string[]) {
  return await vial.command(
    ["setpriv", "--reuid", user, "--regid", user, "--init-groups", program, ...words],
    { env: { HOME: home, XDG_RUNTIME_DIR: `${home}/run`, VIAL_ROOT: `${home}/store` }, cwd: home },
  );
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await asUser(...words);
  if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return out.trim();
}

describe.skipIf(why !== undefined)("an ordinary user", () => {
  beforeAll(async () => {
    vial = await openVial();
    chmodSync(`${vial.folder}/..`, 0o755);
    home = `${vial.folder}/home`;
    program = `${vial.folder}/vial`;
    copyFileSync(vial.program, program);
    chmodSync(program, 0o755);
    const added = Bun.spawnSync(["useradd", "-m", "-d", home, user]);
    if (added.exitCode !== 0) throw new Error(added.stderr.toString());
    mkdirSync(`${home}/run`, { mode: 0o700 });
    await vial.ok("save", "-o", `${home}/busybox.tar`, "busybox");
    Bun.spawnSync(["chown", "-R", `${user}:`, home]);
    await ok("load", "-q", "-i", `${home}/busybox.tar`);
    await ok("run", "-d", "--name", "up", "busybox", "sh", "-c", "echo inside > /made; exec sleep 1000");
    await vial.until("it runs", async () => (await asUser("exec", "up", "test", "-e", "/made")).code === 0);
  }, setupTimeout);

  afterAll(async () => {
    if (vial === undefined) return;
    await asUser("rm", "-f", "up");
    Bun.spawnSync(["userdel", user]);
    rmSync(home, { recursive: true, force: true });
    await vial.close();
  }, setupTimeout);

  test("cp copies out of a running container and into it", async () => {
    await ok("cp", "up:/made", `${home}/out`);
    expect(readFileSync(`${home}/out`, "utf8")).toBe("inside\n");
    await ok("cp", `${home}/out`, "up:/root/in");
    expect(await ok("exec", "up", "stat", "-c", "%u", "/root/in")).toBe("0");
  });

  test("export gives the files of a running container", async () => {
    await ok("export", "-o", `${home}/all.tar`, "up");
    const names = Bun.spawnSync(["tar", "-tf", `${home}/all.tar`]).stdout.toString();
    expect(names).toContain("made");
    expect(names).toContain("etc/passwd");
  });

  test("commit works where control groups are closed, and says that the container went on", async () => {
    const { code, err } = await asUser("commit", "up", "changed");
    expect(code).toBe(0);
    if (!(await mayFreeze())) expect(err).toContain("was not frozen");
    expect(await ok("run", "--rm", "changed", "cat", "/made")).toBe("inside");
  });

  test("pause and update say that control groups are missing", async () => {
    if (await mayFreeze()) return;
    for (const words of [
      ["pause", "up"],
      ["update", "--memory", "64m", "up"],
    ]) {
      const { code, err } = await asUser(...words);
      expect(code).toBe(1);
      expect(err).toMatch(/cgroup|control group/);
      expect(err).not.toContain("unshare");
    }
  });

  test("stats shows no number where nothing is counted", async () => {
    const line = await ok("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}} {{.MemUsage}}");
    expect(line).toBe((await mayFreeze()) ? expect.stringMatching(/^up 1 /) : "up -- -- / --");
  });

  test("--device gives a device under another name", async () => {
    expect(
      await ok("run", "--rm", "--device", "/dev/zero:/dev/nought", "busybox", "head", "-c3", "/dev/nought"),
    ).toBe("\0\0\0");
  });

  test("--pid host shows the processes of the host", async () => {
    const script = `test -d /proc/${process.pid} && echo there`;
    expect(await ok("run", "--rm", "--pid", "host", "busybox", "sh", "-c", script)).toBe("there");
  });

  test("--network, --pid and --ipc join a container that runs, at start as well", async () => {
    const link = await ok("exec", "up", "readlink", "/proc/1/ns/net");
    const flags = ["--network", "container:up"];
    expect(await ok("run", "--rm", ...flags, "busybox", "readlink", "/proc/self/ns/net")).toBe(link);
    await ok("create", "--name", "later", ...flags, "busybox", "readlink", "/proc/self/ns/net");
    expect(await ok("start", "-a", "later")).toBe(link);
    await ok("rm", "later");
    expect(await ok("run", "--rm", "--pid", "container:up", "busybox", "ps")).toContain("sleep 1000");
    expect((await asUser("run", "--rm", "--ipc", "container:up", "busybox", "true")).code).toBe(0);
  });
});

/** Whether this host lets the user have control groups. */
async function mayFreeze(): Promise<boolean> {
  const { err } = await asUser("run", "--rm", "--memory", "64m", "busybox", "true");
  return !err.includes("not enforced");
}
