import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The compiled program as the client of another engine: `vial serve` on a store of its own. The client's store is empty, so
// that whatever it shows comes from there.

const reason = whyNoContainers();
if (reason !== undefined) console.log(`docker-remote.test.ts is skipped: ${reason}`);

const alone = ["--network", "none"];

let there: TestVial;
let server: ReturnType<TestVial["start"]>;
let docker: string;
let here: Record<string, string>;

async function run(words: readonly string[], input?: string) {
  return await there.command([docker, ...words], {
    env: here,
    ...(input === undefined ? {} : { input }),
  });
}

async function vial(words: readonly string[], env: Record<string, string> = here) {
  return await there.command([there.program, ...words], { env });
}

/** The part of an engine that takes and gives archives, over a folder in place of a container; as dockerd answers. */
function archiveServer(folder: string) {
  const root = `${folder}/root`;
  mkdirSync(`${root}/tmp`, { recursive: true });
  const socket = `${folder}/s`;
  const server = Bun.serve({
    unix: socket,
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const headers = { "Api-Version": "1.45" };
      if (pathname === "/_ping") return new Response("OK", { headers });
      const path = `${root}${searchParams.get("path") ?? ""}`;
      if (request.method === "PUT") {
        Bun.spawnSync(["tar", "-x", "-C", path], { stdin: Buffer.from(await request.arrayBuffer()) });
        return new Response();
      }
      const info = statSync(path, { throwIfNoEntry: false });
      if (info === undefined) return Response.json({ message: "Could not find the file" }, { status: 404 });
      const stat = { name: "x", mode: info.isDirectory() ? 2 ** 31 + 0o755 : 0o644, size: info.size };
      const about = { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
      if (request.method === "HEAD") return new Response(null, { headers: about });
      const { stdout } = Bun.spawnSync(["tar", "-c", "-C", dirname(path), basename(path)]);
      return new Response(stdout, { headers: about });
    },
  });
  return { root, socket, [Symbol.dispose]: () => void server.stop(true) };
}

describe.skipIf(reason !== undefined)("a remote engine", () => {
  beforeAll(async () => {
    there = await openVial();
    const socket = `${there.folder}/api.sock`;
    server = there.start(["serve", "--host", `unix://${socket}`]);
    docker = `${there.folder}/docker`;
    symlinkSync(there.program, docker);
    here = {
      VIAL_ROOT: `${there.folder}/empty`,
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_CONFIG: `${there.folder}/config`,
    };
    await there.until("the server answers", async () => (await run(["version"])).code === 0);
  }, setupTimeout);

  afterAll(async () => {
    server.kill("SIGTERM");
    await server.exited;
    await there.close();
  }, setupTimeout);

  test("runs a program with its streams and its exit code", async () => {
    const words = ["run", "--rm", ...alone, "busybox", "sh", "-c", "echo out; echo err >&2; exit 3"];
    expect(await run(words)).toEqual({ code: 3, out: "out\n", err: "err\n" });
    expect((await run(["run", "-i", "--rm", ...alone, "busybox", "cat"], "piped")).out).toBe("piped");
  });

  test.each([
    ["nosuchcmd", 127],
    ["/etc/passwd", 126],
  ])("run of %s ends with %d", async (program, code) => {
    expect((await run(["run", "--rm", ...alone, "busybox", program])).code).toBe(code);
  });

  test("lists what is there, under both names", async () => {
    expect((await run(["images", "--format", "{{.Repository}}:{{.Tag}}"])).out).toBe("busybox:latest\n");
    expect((await vial(["images", "--format", "{{.Repository}}"])).out).toBe("busybox\n");
    const { DOCKER_HOST: _, ...nowhere } = here;
    expect((await vial(["images", "-q"], { ...nowhere, DOCKER_HOST: "" })).out).toBe("");
  });

  test("leads a container through its life", async () => {
    const id = (
      await run([
        "run",
        "-d",
        "--name",
        "life",
        ...alone,
        "-e",
        "A=1",
        "busybox",
        "sh",
        "-c",
        "echo said; sleep 100",
      ])
    ).out.trim();
    expect((await run(["ps", "--format", "{{.ID}} {{.Names}} {{.State}}"])).out).toBe(
      `${id.slice(0, 12)} life running\n`,
    );
    expect(await run(["exec", "life", "sh", "-c", "echo $A; exit 4"])).toEqual({
      code: 4,
      out: "1\n",
      err: "",
    });
    expect((await run(["logs", "life"])).out).toBe("said\n");
    expect((await run(["inspect", "-f", "{{.State.Status}}", "life"])).out).toBe("running\n");
    expect((await run(["rm", "life"])).code).toBe(1);
    expect((await run(["stop", "-t", "0", "life"])).out).toBe("life\n");
    expect((await run(["rm", "life"])).out).toBe("life\n");
    expect(await run(["rm", "life"])).toEqual({
      code: 1,
      out: "",
      err: "Error response from daemon: No such container: life\n",
    });
  });

  test("copies files there and back, under the names that a copy has on one machine", async () => {
    using fake = archiveServer(`${there.folder}/fake`);
    const client = async (...words: readonly string[]) =>
      await run(["-H", `unix://${fake.socket}`, ...words]);
    writeFileSync(`${there.folder}/letter`, "dear\n");
    expect((await client("cp", `${there.folder}/letter`, "files:/tmp/other")).code).toBe(0);
    expect((await client("cp", `${there.folder}/letter`, "files:/tmp")).code).toBe(0);
    expect(readdirSync(`${fake.root}/tmp`).sort()).toEqual(["letter", "other"]);
    expect((await client("cp", "files:/tmp/other", `${there.folder}/back`)).code).toBe(0);
    expect(readFileSync(`${there.folder}/back`, "utf8")).toBe("dear\n");
    expect((await client("cp", "files:/tmp", `${there.folder}/whole`)).code).toBe(0);
    expect(readdirSync(`${there.folder}/whole`).sort()).toEqual(["letter", "other"]);
  });

  test("builds from a folder here, without what .dockerignore leaves out", async () => {
    const context = `${there.folder}/context`;
    mkdirSync(context);
    writeFileSync(`${context}/Dockerfile`, "FROM busybox\nCOPY . /c\n");
    writeFileSync(`${context}/.dockerignore`, "secret\n");
    writeFileSync(`${context}/file`, "data\n");
    writeFileSync(`${context}/secret`, "no\n");
    const built = await run(["build", "-t", "made:1", context]);
    expect(built.out).toContain("Successfully tagged made:1\n");
    expect((await run(["run", "--rm", ...alone, "made:1", "ls", "/c"])).out).not.toContain("secret");
    expect((await run(["run", "--rm", ...alone, "made:1", "cat", "/c/file"])).out).toBe("data\n");
  });

  test("refuses what does not go there yet, and does not do it here", async () => {
    const outcome = await run(["system", "prune", "-f"]);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain("not over a remote engine yet");
    expect((await run(["exec", "--detach-keys", "ctrl-a", "x", "true"])).code).toBe(1);
  });

  test("tells an engine that is not there in Docker's sentence", async () => {
    const outcome = await run(["-H", "tcp://127.0.0.1:1", "ps"]);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toStartWith(
      "Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?\n",
    );
    expect((await run(["-c", "nosuch", "ps"])).err).toContain('context "nosuch": context not found');
  });

  test("goes by contexts, which pack and unpack", async () => {
    const { DOCKER_HOST: address = "", ...others } = here;
    const nowhere = { ...others, DOCKER_HOST: "" };
    const client = async (...words: readonly string[]) =>
      await there.command([docker, ...words], { env: nowhere });
    expect((await client("context", "create", "far", "--docker", `host=${address}`)).code).toBe(0);
    expect((await client("-c", "far", "images", "-q")).out).not.toBe("");
    expect((await client("images", "-q")).out).toBe("");
    await client("context", "use", "far");
    expect((await client("images", "-q")).out).not.toBe("");
    // Under its own name Vial goes by what this command line says.
    expect((await vial(["images", "-q"], nowhere)).out).toBe("");
    expect((await vial(["--context", "far", "images", "-q"], nowhere)).out).not.toBe("");
    const archive = `${there.folder}/far.dockercontext`;
    expect((await client("context", "export", "far", archive)).code).toBe(0);
    expect((await client("context", "import", "near", archive)).code).toBe(0);
    expect((await client("context", "inspect", "near", "-f", "{{.Endpoints.docker.Host}}")).out).toBe(
      `${address}\n`,
    );
    expect((await client("context", "rm", "far")).code).toBe(1);
    expect((await client("context", "rm", "-f", "far", "near")).out).toBe("far\nnear\n");
  });

  test("goes over ssh, to a machine where nothing serves", async () => {
    // In place of ssh: the last word is for a shell, which is on "the other machine" by its environment.
    const bin = `${there.folder}/ssh-bin`;
    mkdirSync(bin);
    symlinkSync(there.program, `${bin}/docker`);
    writeFileSync(
      `${bin}/ssh`,
      `#!/bin/sh\nfor last; do :; done\nunset DOCKER_HOST\nVIAL_ROOT=${there.root} exec sh -c "$last"\n`,
      { mode: 0o755 },
    );
    const env = {
      ...here,
      DOCKER_HOST: "ssh://me@far.example:2222",
      PATH: `${bin}:${process.env.PATH ?? ""}`,
    };
    const words = ["run", "-i", "--rm", ...alone, "busybox", "sh", "-c", "cat; exit 5"];
    const outcome = await there.command([docker, ...words], { env, input: "over ssh" });
    expect(outcome).toEqual({ code: 5, out: "over ssh", err: "" });
  });

  test("reaches an engine that nobody serves, by its standard input and output", async () => {
    const request = "GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const outcome = await there.call(["system", "dial-stdio"], { input: request });
    expect(outcome.out).toStartWith("HTTP/1.1 200 OK\r\n");
  });
});
