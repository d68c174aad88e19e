import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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
});

/** Bytes on their way into the store. */
function ingested(): number {
  const [total] = Array.from(
    new Bun.Glob("*").scanSync(`${served.vial.root}/ingest`),
    (name) => statSync(`${served.vial.root}/ingest/${name}`, { throwIfNoEntry: false })?.size ?? 0,
  ).sort((a, b) => b - a);
  return total ?? 0;
}
