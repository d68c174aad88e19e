import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { findProgram } from "#host";
import { type DockerRegistry, startDockerRegistry } from "./docker-registry.ts";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { type Outcome, setupTimeout, whyNoContainers } from "./vial.ts";

// The docker command line with the images of `vial serve`, and Debian's docker-registry as the far end.

const missing = ["docker", "docker-registry"].filter((program) => findProgram(program) === undefined);
const why =
  whyNoContainers() ?? (missing.length === 0 ? undefined : `${missing.join(" and ")} is not on this machine`);
if (why !== undefined) console.warn(`skipped: images by the docker command line, because ${why}`);

let served: ServedVial;
let registry: DockerRegistry;
let guarded: DockerRegistry;

beforeAll(async () => {
  if (why !== undefined) return;
  served = await serveVial();
  mkdirSync(`${folder()}/guarded`);
  registry = await startDockerRegistry(folder());
  guarded = await startDockerRegistry(`${folder()}/guarded`, { name: "ann", password: "secret word" });
}, setupTimeout);

afterAll(async () => {
  await registry?.close();
  await guarded?.close();
  await served?.close();
}, setupTimeout);

const folder = () => served.vial.folder;

async function docker(...words: readonly string[]): Promise<Outcome> {
  return await served.client(["docker", ...words], { cwd: folder(), env: { DOCKER_BUILDKIT: "0" } });
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await docker(...words);
  if (code !== 0) throw new Error(`docker ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return out.trim();
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A request as another client sends it. */
async function request(method: string, path: string, options: RequestInit = {}): Promise<Reply> {
  const answer = await fetch(`http://vial${path}`, { ...options, method, unix: served.socket });
  return { status: answer.status, body: await answer.text() };
}

async function get(path: string): Promise<unknown> {
  const { status, body } = await request("GET", path);
  if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body}`);
  return JSON.parse(body);
}

const said = (reply: Reply) => [reply.status, (JSON.parse(reply.body) as { message: string }).message];
const lines = (body: string) =>
  body
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.skipIf(why !== undefined)("images by the docker command line", () => {
  test("are listed, tagged, inspected, told of and removed", async () => {
    await ok("tag", "busybox", "list/a:1");
    await ok("tag", "busybox", "list/b:2");
    const shown = await ok("images", "--format", "{{.Repository}}:{{.Tag}}");
    expect(shown.split("\n")).toEqual(expect.arrayContaining(["busybox:latest", "list/a:1", "list/b:2"]));
    const filtered = ["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=list/*"];
    expect((await ok(...filtered)).split("\n").sort()).toEqual(["list/a:1", "list/b:2"]);
    const id = await ok("image", "inspect", "--format", "{{.Id}}", "list/a:1");
    expect(await ok("images", "-q", "--no-trunc", "list/b")).toBe(id);
    expect(await ok("history", "--format", "{{.ID}}", "--no-trunc", "busybox")).toBe(id);
    expect(await ok("rmi", "list/a:1")).toBe("Untagged: list/a:1");
    const again = await docker("rmi", "list/a:1");
    expect([again.code, again.err.trim()]).toEqual([
      1,
      "Error response from daemon: No such image: list/a:1",
    ]);
    // By its ID, an image with two names.
    const refused = await docker("rmi", id);
    expect(refused.err).toContain(
      `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
    );
    await ok("rmi", "list/b:2");
  });

  test("of containers stay, in Docker's words", async () => {
    await ok("tag", "busybox", "used:1");
    await served.vial.ok("create", "--name", "user", "used:1", "true");
    const container = await served.vial.inspect("user", "{{.Id}}");
    await ok("rmi", "used:1");
    const { code, err } = await docker("rmi", "busybox");
    const image = await ok("image", "inspect", "--format", "{{.Id}}", "busybox");
    expect([code, err.trim()]).toEqual([
      1,
      `Error response from daemon: conflict: unable to remove repository reference "busybox" (must force) - container ${container.slice(0, 12)} is using its referenced image ${image.slice(7, 19)}`,
    ]);
    expect(await get("/images/json")).toMatchObject([{ Containers: 1, SharedSize: -1 }]);
    await served.vial.ok("rm", "user");
  });

  test("have the shapes of each version", async () => {
    const [old] = (await get("/v1.41/images/json")) as [Record<string, unknown>];
    const [young] = (await get("/v1.50/images/json?shared-size=1&manifests=1")) as [Record<string, unknown>];
    expect(old.VirtualSize).toBe(old.Size);
    expect(old).not.toHaveProperty("Descriptor");
    expect(young).not.toHaveProperty("VirtualSize");
    expect(young).toMatchObject({
      SharedSize: 0,
      Manifests: [{ Available: true, Kind: "image", ImageData: { Platform: { os: "linux" } } }],
    });
    const before = (await get("/v1.41/images/busybox/json")) as Record<string, unknown>;
    const now = (await get("/v1.50/images/busybox/json")) as Record<string, unknown>;
    expect(before.ContainerConfig).toMatchObject({ Cmd: ["sh"], Hostname: "" });
    expect(now).not.toHaveProperty("ContainerConfig");
    expect(now.Config).not.toHaveProperty("Hostname");
    // Both shapes of filters, and the refusal of what nobody knows.
    const filters = (value: object) => `/images/json?filters=${encodeURIComponent(JSON.stringify(value))}`;
    expect(await get(filters({ reference: ["busy*"] }))).toHaveLength(1);
    expect(await get(filters({ reference: { "lazy*": true } }))).toEqual([]);
    expect(await get(filters({ until: ["2020-01-01"] }))).toEqual([]);
    expect(said(await request("GET", filters({ colour: ["red"] })))).toEqual([
      400,
      "invalid filter 'colour'",
    ]);
    expect(said(await request("GET", "/images/json?filters=%7B"))).toEqual([
      400,
      "invalid filter: { is no JSON",
    ]);
    expect(said(await request("GET", "/images/Busybox/json"))).toEqual([
      400,
      expect.stringContaining("invalid reference format"),
    ]);
    expect(said(await request("GET", "/images/search?term=x"))[0]).toBe(501);
  });

  test("go into archives and come back", async () => {
    const id = await ok("image", "inspect", "--format", "{{.Id}}", "busybox");
    await ok("tag", "busybox", "kept:1");
    await ok("save", "-o", "kept.tar", "kept:1", "busybox");
    await ok("rmi", "kept:1");
    expect((await ok("load", "-i", "kept.tar")).split("\n").sort()).toEqual([
      "Loaded image: busybox:latest",
      "Loaded image: kept:1",
    ]);
    expect(await ok("image", "inspect", "--format", "{{.Id}}", "kept:1")).toBe(id);
    const { status, body } = await request("POST", "/images/load?quiet=1", { body: "no archive" });
    expect([status, JSON.parse(body)]).toEqual([400, { message: expect.stringContaining("archive") }]);
    const loud = await request("POST", "/images/load", { body: "no archive" });
    expect([loud.status, lines(loud.body).at(-1)]).toMatchObject([
      200,
      { errorDetail: { message: expect.any(String) } },
    ]);
    const none = await docker("save", "-o", "none.tar", "nowhere:1");
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("No such image: nowhere:1")]);
    await ok("rmi", "kept:1");
  });

  test("are imported from a root file system, with changes", async () => {
    writeFileSync(`${folder()}/hello`, "hello");
    await served.vial.command(["tar", "-cf", "root.tar", "hello"]);
    const id = await ok("import", "-m", "by hand", "-c", "ENV A=1", "-c", 'CMD ["/x"]', "root.tar", "made:1");
    expect(
      await ok(
        "image",
        "inspect",
        "--format",
        "{{.Id}} {{.Comment}} {{.Config.Env}} {{.Config.Cmd}}",
        "made:1",
      ),
    ).toBe(`${id} by hand [A=1] [/x]`);
    const bad = await docker("import", "-c", "RUN x", "root.tar", "made:2");
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining("RUN")]);
    await ok("rmi", "made:1");
  });

  test("half an upload leaves nothing behind", async () => {
    writeFileSync(`${folder()}/noise`, crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(20));
    await served.vial.command(["tar", "-cf", "noise.tar", "noise"]);
    await ok("import", "noise.tar", "noise:1");
    await ok("save", "-o", "whole.tar", "noise:1");
    await ok("rmi", "noise:1");
    const bytes = readFileSync(`${folder()}/whole.tar`).subarray(0, 700_000);
    const client = connect(served.socket);
    client.on("error", () => {});
    client.write("POST /images/load HTTP/1.1\r\nHost: vial\r\nContent-Length: 900000000\r\n\r\n");
    client.write(bytes);
    await served.vial.until("the server reads it", () => ingested() > 0);
    client.destroy();
    await served.vial.until("it is gone", () => ingested() === 0);
    expect(await served.vial.ok("check")).toContain("clean");
  });

  test("go to a registry and come from it", async () => {
    const name = `${registry.host}/team/tool`;
    await ok("tag", "busybox", `${name}:1`);
    await ok("tag", "busybox", `${name}:2`);
    const pushed = await ok("push", "-a", name);
    const digest = /1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed)?.[1];
    expect(pushed).toContain(`2: digest: ${digest} size: `);
    await ok("rmi", `${name}:1`, `${name}:2`);
    expect(await ok("pull", `${name}:1`)).toContain(`Status: Downloaded newer image for ${name}:1`);
    expect(await ok("pull", `${name}:1`)).toContain(`Status: Image is up to date for ${name}:1`);
    expect(await ok("pull", `${name}@${digest}`)).toContain(`Digest: ${digest}`);
    await ok("pull", "-a", name);
    expect(
      (await ok("images", "--format", "{{.Tag}}", "--filter", `reference=${name}:*`)).split("\n").sort(),
    ).toEqual(["1", "2"]);
    expect(await get(`/distribution/${name}:1/json`)).toMatchObject({
      Descriptor: { digest, mediaType: expect.stringContaining("manifest") },
      Platforms: [{ os: "linux" }],
    });
    const unknown = await docker("pull", `${name}:9`);
    expect([unknown.code, unknown.err.trim()]).toEqual([
      1,
      `Error response from daemon: manifest for ${name}:9 not found: manifest unknown: manifest unknown`,
    ]);
    const nothing = await docker("push", `${registry.host}/team/nothing:1`);
    expect([nothing.code, nothing.err]).toEqual([
      1,
      expect.stringContaining("An image does not exist locally with the tag"),
    ]);
  });

  test("of a registry with accounts are there for those who log in", async () => {
    const name = `${guarded.host}/own/tool:1`;
    await ok("tag", "busybox", name);
    const stranger = await docker("push", name);
    expect([stranger.code, stranger.err]).toEqual([1, expect.stringContaining("no basic auth credentials")]);
    const wrong = await docker("login", "-u", "ann", "-p", "guess", guarded.host);
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("401 Unauthorized")]);
    expect(await ok("login", "-u", "ann", "-p", "secret word", guarded.host)).toContain("Login Succeeded");
    await ok("push", name);
    await ok("rmi", name);
    await ok("pull", name);
    await ok("logout", guarded.host);
    const refused = await docker("pull", name);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining(
        `pull access denied for ${guarded.host}/own/tool, repository does not exist or may require 'docker login'`,
      ),
    ]);
    // Neither the password nor a trace of it is with the server.
    expect(
      said(
        await request("POST", `/images/create?fromImage=${name}`, { headers: { "X-Registry-Auth": "%%%" } }),
      ),
    ).toEqual([400, "invalid x-registry-auth header: it is no base64 of a JSON object"]);
  });

  test("are built from a context, in the words of the classic builder", async () => {
    const context = recipe("built", [
      "ARG BASE=busybox",
      "FROM $BASE AS one",
      "ARG WORD=none",
      "RUN echo said $WORD; echo $WORD > /word",
      "FROM one",
      "COPY data /data",
      'CMD ["cat", "/word"]',
    ]);
    writeFileSync(`${context}/data`, "data");
    const words = [
      "build",
      "-t",
      "built:1",
      "-t",
      "built:two",
      "--build-arg",
      "WORD=hello",
      "--label",
      "a=b",
    ];
    const shown = (await ok(...words, context)).split("\n");
    const id = await ok("image", "inspect", "--format", "{{.Id}}", "built:1");
    expect(shown.filter((line) => !line.startsWith("Sending"))).toEqual([
      "Step 1/7 : ARG BASE=busybox",
      "Step 2/7 : FROM $BASE AS one",
      "Step 3/7 : ARG WORD=none",
      "Step 4/7 : RUN echo said $WORD; echo $WORD > /word",
      "said hello",
      "Step 5/7 : FROM one",
      "Step 6/7 : COPY data /data",
      'Step 7/7 : CMD ["cat", "/word"]',
      `Successfully built ${id.slice(7, 19)}`,
      "Successfully tagged built:1",
      "Successfully tagged built:two",
    ]);
    expect(await ok("image", "inspect", "--format", "{{.Config.Labels}}", "built:two")).toBe("map[a:b]");
    expect(await served.vial.ok("run", "--rm", "built:1")).toBe("hello");
    expect(await ok(...words, context)).toContain(" ---> Using cache");
    expect(await ok(...words, "-q", context)).toBe(id);
    await ok("rmi", "built:1", "built:two");
  });

  test("are built of what lies at an address", async () => {
    const host = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("FROM busybox\nLABEL from=afar\n"),
    });
    try {
      const path = `/build?q=1&t=afar:1&remote=${encodeURIComponent(`http://127.0.0.1:${host.port}/Dockerfile`)}`;
      expect((await request("POST", path)).body).toContain("sha256:");
      expect(await ok("image", "inspect", "--format", "{{.Config.Labels}}", "afar:1")).toBe("map[from:afar]");
      await ok("rmi", "afar:1");
      const refused = await request(
        "POST",
        `/build?remote=${encodeURIComponent("--upload-pack=touch /tmp/x")}`,
      );
      expect(said(refused)).toEqual([400, expect.stringContaining("remote is no address")]);
    } finally {
      await host.stop(true);
    }
  });

  test("that cannot be built say why", async () => {
    const failing = await docker("build", recipe("failing", ["FROM busybox", "RUN echo before; exit 3"]));
    expect([failing.code, failing.out]).toEqual([3, expect.stringContaining("before")]);
    expect(failing.err).toContain("The command '/bin/sh -c echo before; exit 3' returned a non-zero code: 3");
    const unreadable = await docker("build", recipe("unreadable", ["FROM busybox", "FOO x"]));
    expect(unreadable.err).toContain("dockerfile parse error on line 2: unknown instruction: FOO");
    const baseless = await docker("build", recipe("baseless", [`FROM ${registry.host}/no/base:1`]));
    expect(baseless.err).toContain(`manifest for ${registry.host}/no/base:1 not found: manifest unknown`);
    const post = async (query: string, body = "") => said(await request("POST", `/build?${query}`, { body }));
    expect(await post("version=2")).toEqual([400, expect.stringContaining("DOCKER_BUILDKIT=0")]);
    expect(await post("squash=1")).toEqual([400, expect.stringContaining("squash")]);
    expect(await post("networkmode=mine")).toEqual([400, expect.stringContaining("networkmode")]);
    expect(await post("buildargs=[]")).toEqual([400, "buildargs is no JSON object of texts"]);
    expect(await post("memory=much")).toEqual([400, 'memory is no whole number: "much"']);
    expect(await post("t=UPPER")).toEqual([400, expect.stringContaining("invalid reference format")]);
    expect(await post("", "no archive")).toEqual([400, expect.stringContaining("no tar archive")]);
    expect(said(await request("POST", "/session"))).toEqual([
      501,
      expect.stringContaining("DOCKER_BUILDKIT=0"),
    ]);
    expect(unfinished()).toEqual([]);
  });

  test("are not built of archives that reach outside of the context", async () => {
    const outside = `${folder()}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/secret`, "secret");
    mkdirSync(`${folder()}/hostile`);
    symlinkSync(outside, `${folder()}/hostile/link`);
    writeFileSync(`${folder()}/hostile/Dockerfile`, "FROM busybox\nCOPY link/secret /got\n");
    const script =
      "tar -C hostile -cf h.tar Dockerfile link && tar -rPf h.tar --transform 's,.*,link/planted,' outside/secret";
    await served.vial.command([
      "sh",
      "-c",
      `${script} && tar -rPf h.tar --transform 's,.*,../../planted,' outside/secret`,
    ]);
    const { status, body } = await request("POST", "/build?q=1", { body: readFileSync(`${folder()}/h.tar`) });
    expect(body).not.toContain("sha256:");
    expect(status === 200 ? lines(body).at(-1) : JSON.parse(body)).toMatchObject(
      status === 200 ? { error: expect.any(String) } : { message: expect.any(String) },
    );
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(unfinished()).toEqual([]);
    // The server has not fallen over it.
    expect((await request("GET", "/_ping")).body).toBe("OK");
  });

  test("have their programs limited as asked", async () => {
    const context = recipe("limited", [
      "FROM busybox",
      "RUN ulimit -n; cat /etc/hosts; df -k /dev/shm | tail -1",
    ]);
    const shown = await ok(
      "build",
      "--ulimit",
      "nofile=77",
      "--add-host",
      "far:10.9.8.7",
      "--shm-size",
      "8m",
      context,
    );
    expect(shown).toContain("\n77\n");
    expect(shown).toMatch(/10\.9\.8\.7\s+far/);
    expect(shown).toMatch(/\b8192\b/);
  });

  test("of a client that goes away are built no further, and nothing is left", async () => {
    const context = recipe("endless", ["FROM busybox", "RUN echo begun; sleep 4321"]);
    const child = Bun.spawn(["docker", "build", "--no-cache", context], {
      env: { ...served.vial.environment(), DOCKER_HOST: `unix://${served.socket}`, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "ignore"],
    });
    await served.vial.until("the program runs", () => running("sleep\x004321"));
    child.kill("SIGKILL");
    await child.exited;
    await served.vial.until("the program has ended", () => !running("sleep\x004321"));
    await served.vial.until("nothing is left", () => unfinished().length === 0);
  });

  test("are pulled for a build with what the client knows of the registry", async () => {
    const name = `${guarded.host}/own/base:1`;
    await ok("tag", "busybox", name);
    await ok("login", "-u", "ann", "-p", "secret word", guarded.host);
    await ok("push", name);
    await ok("rmi", name);
    const context = recipe("private", [`FROM ${name}`, "RUN true"]);
    expect(await ok("build", "-q", context)).toStartWith("sha256:");
    await ok("rmi", name);
    await ok("logout", guarded.host);
    const refused = await docker("build", context);
    expect(refused.err).toContain(`pull access denied for ${guarded.host}/own/base`);
  });

  test("are made of containers, with changes", async () => {
    await served.vial.ok("run", "--name", "worked", "-e", "B=2", "busybox", "sh", "-c", "echo new > /new");
    const id = await ok("commit", "-a", "ann", "-m", "words", "-c", "ENV C=3", "worked", "committed:1");
    expect(await ok("image", "inspect", "--format", "{{.Id}} {{.Author}} {{.Comment}}", "committed:1")).toBe(
      `${id} ann words`,
    );
    expect(await served.vial.ok("run", "--rm", "committed:1", "sh", "-c", "cat /new; echo $B$C")).toBe(
      "new\n23",
    );
    const body = { Env: ["B=9"], Cmd: ["cat", "/new"], Labels: { by: "body" } };
    const reply = await request("POST", "/commit?container=worked&repo=committed&tag=2&pause=0", {
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(201);
    expect(await get("/images/committed:2/json")).toMatchObject({
      Config: { Cmd: ["cat", "/new"], Env: expect.arrayContaining(["B=9"]), Labels: { by: "body" } },
    });
    expect(said(await request("POST", "/commit?container=nobody"))).toEqual([
      404,
      "No such container: nobody",
    ]);
    await served.vial.ok("rm", "worked");
    await ok("rmi", "committed:1", "committed:2");
  });

  test("that nothing uses are pruned, and what builds remember", async () => {
    await ok(
      "build",
      "-q",
      recipe("pruned", ["FROM busybox", "RUN echo pruned > /pruned", "LABEL kind=pruned"]),
    );
    const filtered = await ok("image", "prune", "-f", "--filter", "label=kind=other");
    expect(filtered).toBe("Total reclaimed space: 0B");
    expect(await ok("image", "prune", "-f", "--filter", "label=kind=pruned")).toMatch(/deleted: sha256:/);
    const { BuildCache } = (await get("/system/df?type=build-cache")) as {
      BuildCache: readonly { CreatedAt: string }[];
    };
    expect(Date.now() - Date.parse(BuildCache[0]?.CreatedAt ?? "")).toBeWithin(0, 120_000);
    const { body } = await request("POST", "/build/prune?all=1");
    expect(JSON.parse(body)).toEqual({
      CachesDeleted: expect.any(Array),
      SpaceReclaimed: expect.any(Number),
    });
    expect(JSON.parse((await request("POST", "/build/prune")).body).CachesDeleted).toBeNull();
    expect(said(await request("POST", "/build/prune?filters=%7B%22type%22%3A%5B%22x%22%5D%7D"))).toEqual([
      400,
      "invalid filter 'type'",
    ]);
    await ok("image", "prune", "-af");
    expect(await get("/images/json")).toEqual([]);
  });
});

/** A folder with a Dockerfile. */
function recipe(name: string, text: readonly string[]): string {
  const context = `${folder()}/${name}`;
  mkdirSync(context, { recursive: true });
  writeFileSync(`${context}/Dockerfile`, `${text.join("\n")}\n`);
  return context;
}

/** Whether a program with this command line runs, words joined by NUL. */
function running(line: string): boolean {
  return readdirSync("/proc").some((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, "latin1").startsWith(line);
    } catch {
      return false;
    }
  });
}

/** What builds have under way. */
function unfinished(): readonly string[] {
  return [`${served.vial.root}/build/work`, `${served.vial.root}/run/b`].flatMap((path) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  });
}

/** Bytes on their way into the store. */
function ingested(): number {
  const [total] = Array.from(
    new Bun.Glob("*").scanSync(`${served.vial.root}/ingest`),
    (name) => statSync(`${served.vial.root}/ingest/${name}`, { throwIfNoEntry: false })?.size ?? 0,
  ).sort((a, b) => b - a);
  return total ?? 0;
}
