import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { findProgram } from "#host";
import { type DockerRegistry, startDockerRegistry } from "./docker-registry.ts";

// The main job from end to end: a Debian image is made, goes to a real registry, comes back from there to root and to an
// ordinary user, and runs Perl for both. umoci and skopeo read the store.

const missing = ["docker-registry", "skopeo", "umoci", "mmdebstrap", "newuidmap"].filter(
  (name) => findProgram(name) === undefined,
);
const why =
  process.getuid?.() !== 0
    ? "it needs root"
    : missing.length > 0
      ? `${missing.join(", ")} missing`
      : undefined;
if (why !== undefined) console.warn(`skipped: the main job end to end, because ${why}`);

const compiled = process.env.VIAL_BIN ?? fileURLToPath(new URL("../dist/vial", import.meta.url));
const user = `vialj${process.pid}`;
const minutes = 60_000;
let folder = "";
// A copy of its own: an ordinary user may not reach the folder of the checkout.
let program = "";
let host = "";
let registry: DockerRegistry | undefined;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function call(command: readonly string[], env: Record<string, string>): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 5 * minutes,
    killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

const asRoot = (root: string, ...words: readonly string[]) =>
  call([program, ...words], { HOME: folder, VIAL_ROOT: `${folder}/${root}` });
const asUser = (...words: readonly string[]) =>
  call(["setpriv", "--reuid", user, "--regid", user, "--init-groups", program, ...words], {
    HOME: `${folder}/home`,
    XDG_RUNTIME_DIR: `${folder}/home/run`,
  });

describe.skipIf(why !== undefined)("the main job", () => {
  beforeAll(async () => {
    folder = mkdtempSync(`${tmpdir()}/vj-`);
    chmodSync(folder, 0o755);
    program = `${folder}/vial`;
    copyFileSync(compiled, program);
    chmodSync(program, 0o755);
    registry = await startDockerRegistry(folder);
    ({ host } = registry);
    const added = Bun.spawnSync(["useradd", "-m", "-d", `${folder}/home`, user]);
    if (added.exitCode !== 0) throw new Error(added.stderr.toString());
    mkdirSync(`${folder}/home/run`, { mode: 0o700 });
    Bun.spawnSync(["chown", user, `${folder}/home/run`]);
    const made = await asRoot("a", "bootstrap", "debian", "-t", `${host}/team/debian:test`);
    if (made.code !== 0) throw new Error(made.err);
    const pushed = await asRoot("a", "push", `${host}/team/debian:test`);
    if (pushed.code !== 0) throw new Error(pushed.err);
  }, 5 * minutes);

  afterAll(async () => {
    await registry?.close();
    await asUser("rm", "-f", "kept");
    // Files of the user's sub-ids.
    Bun.spawnSync(["userdel", user]);
    rmSync(folder, { recursive: true, force: true });
  }, minutes);

  test(
    "root pulls the image from the registry and runs Perl in it",
    async () => {
      expect(await asRoot("b", "pull", "-q", `${host}/team/debian:test`)).toMatchObject({ code: 0 });
      const outcome = await asRoot(
        "b",
        "run",
        "--rm",
        `${host}/team/debian:test`,
        "perl",
        "-e",
        'print "Perl $$ $<\\n"',
      );
      expect(outcome).toEqual({ code: 0, out: "Perl 1 0\n", err: "" });
    },
    2 * minutes,
  );

  test(
    "an ordinary user pulls it and runs Perl in it, keeps a container, execs, and removes it",
    async () => {
      expect(await asUser("pull", "-q", `${host}/team/debian:test`)).toMatchObject({ code: 0 });
      const image = `${host}/team/debian:test`;
      const outcome = await asUser(
        "run",
        "--rm",
        image,
        "perl",
        "-e",
        'print "Perl $<\\n"; open F, ">/made" or die; print -o "/etc/shadow"',
      );
      expect(outcome).toEqual({ code: 0, out: "Perl 0\n1", err: "" });
      expect(await asUser("run", "--rm", "-u", "www-data", image, "id", "-u")).toEqual({
        code: 0,
        out: "33\n",
        err: "",
      });
      expect(await asUser("run", "-d", "--name", "kept", image, "sleep", "1000")).toMatchObject({ code: 0 });
      expect(await asUser("exec", "kept", "sh", "-c", "echo $((6 * 7))")).toEqual({
        code: 0,
        out: "42\n",
        err: "",
      });
      expect((await asUser("ps", "--format", "{{.Names}} {{.State}}")).out).toBe("kept running\n");
      expect(await asUser("run", "--rm", "--memory", "64m", image, "true")).toMatchObject({
        code: 0,
        err: expect.stringContaining("memory") as string,
      });
      expect(await asUser("rm", "-f", "kept")).toMatchObject({ code: 0, out: "kept\n" });
      expect((await asUser("ps", "-aq")).out).toBe("");
      expect((await asUser("check")).out).toContain("clean");
    },
    2 * minutes,
  );

  test(
    "skopeo and umoci read the store",
    async () => {
      const layout = `${folder}/b/store`;
      const [line = ""] = (await call(["umoci", "ls", "--layout", layout], {})).out.split("\n");
      expect(line).toContain("team/debian:test");
      const inspected = await call(["skopeo", "inspect", `oci:${layout}:${line}`], { HOME: folder });
      expect(JSON.parse(inspected.out)).toMatchObject({
        Os: "linux",
        Layers: [expect.stringMatching(/^sha256:/)],
      });
      expect(await asRoot("b", "check")).toMatchObject({ code: 0 });
    },
    minutes,
  );
});
