import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Engine, listRemoteTags, openEngine, pullImage, pushImage } from "#engine";
import { findProgram, runChecked } from "#host";
import { checkStore, findImage, setRef } from "#image";
import { parseReference, type VialError } from "#spec";
import { FakeRegistry, tarOf } from "../src/registry/fake.ts";
import { type DockerRegistry, startDockerRegistry } from "./docker-registry.ts";

// A real registry (Debian's docker-registry) and other people's clients (skopeo, umoci) as judges of ours.

const programs = ["docker-registry", "skopeo", "umoci"];
const missing = programs.filter((program) => findProgram(program) === undefined);
if (missing.length > 0)
  console.warn(`skipped: tests with a real registry, because of missing ${missing.join(", ")}`);

let folder = "";
let host = "";
let registry: DockerRegistry | undefined;
const environment = { ...process.env };

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/vial-registry-`);
  // No settings and no credentials of the person who runs the tests.
  process.env.DOCKER_CONFIG = `${folder}/docker`;
  process.env.HOME = folder;
  process.env.XDG_CONFIG_HOME = `${folder}/config`;
  delete process.env.XDG_RUNTIME_DIR;
  if (missing.length > 0) return;
  registry = await startDockerRegistry(folder);
  ({ host } = registry);
}, 30_000);

afterAll(async () => {
  await registry?.close();
  for (const name of ["DOCKER_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]) {
    if (environment[name] === undefined) delete process.env[name];
    else process.env[name] = environment[name];
  }
  rmSync(folder, { recursive: true, force: true });
});

function newEngine(name: string): Engine {
  const root = `${folder}/${name}`;
  return openEngine({ root, run: `${root}/run` });
}

async function failure(promise: Promise<unknown>): Promise<VialError> {
  try {
    await promise;
  } catch (error) {
    return error as VialError;
  }
  throw new Error("it did not fail");
}

/** What `vial check` calls worse than a note. */
async function faults(engine: Engine): Promise<readonly object[]> {
  return (await checkStore(engine.store)).findings.filter((finding) => finding.severity !== "note");
}

/** An OCI layout of two layers, made by umoci. */
async function makeLayout(): Promise<string> {
  const layout = `${folder}/layout`;
  const umoci = (...args: string[]) => runChecked("make an image", "umoci", args);
  await umoci("init", "--layout", layout);
  await umoci("new", "--image", `${layout}:1`);
  const image = `${layout}:1`;
  // Not by `umoci insert`: the archives of 0.4.7's end in the middle of a block, and GNU tar does not take them either.
  for (const [place, content] of ["one", "two".repeat(100_000)].entries()) {
    const bundle = `${folder}/bundle-${place}`;
    await umoci("unpack", "--image", image, bundle);
    writeFileSync(`${bundle}/rootfs/file-${place}`, content);
    await umoci("repack", "--image", image, bundle);
  }
  return layout;
}

describe.skipIf(missing.length > 0)("with docker-registry, skopeo and umoci", () => {
  test("an image goes in by skopeo, comes here, goes back under another name, and is the same", async () => {
    const layout = await makeLayout();
    const skopeo = (...args: string[]) => runChecked("use skopeo", "skopeo", args);
    await skopeo("copy", "--dest-tls-verify=false", `oci:${layout}:1`, `docker://${host}/team/app:1`);
    const engine = newEngine("one");
    const phases: string[] = [];
    const pulled = await pullImage(engine, parseReference(`${host}/team/app:1`), {
      report: (event) => void (event.kind === "layer" && phases.push(event.phase)),
    });
    expect(pulled.changed).toBe(true);
    expect(phases.filter((phase) => phase === "done")).toHaveLength(2);
    expect((await pullImage(engine, parseReference(`${host}/team/app:1`))).changed).toBe(false);
    expect(readdirSync(engine.store.layers)).toHaveLength(2);
    await runChecked("look at the store", "umoci", [
      "stat",
      "--image",
      `${engine.store.layout}:${host}/team/app:1`,
    ]);

    const other = parseReference(`${host}/other/copy:2`);
    setRef(engine.store, other, findImage(engine.store, `${host}/team/app:1`).target);
    const pushed = await pushImage(engine, other);
    const seen = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${host}/other/copy:2`));
    expect(seen.Digest).toBe(pushed.digest);
    expect(seen.Layers).toHaveLength(2);
    const raw = (name: string) =>
      skopeo("inspect", "--raw", "--tls-verify=false", `docker://${host}/${name}`);
    expect(await raw("other/copy:2")).toBe(await raw("team/app:1"));
    expect(await listRemoteTags(parseReference(`${host}/other/copy`))).toEqual(["2"]);
    await skopeo("copy", "--src-tls-verify=false", `docker://${host}/other/copy:2`, `oci:${folder}/back:1`);
  }, 60_000);

  test("a Docker schema 2 image comes as it is", async () => {
    const layout = await makeLayoutOnce();
    await runChecked("use skopeo", "skopeo", [
      ...["copy", "--dest-tls-verify=false", "--format", "v2s2"],
      ...[`oci:${layout}:1`, `docker://${host}/team/v2s2:1`],
    ]);
    const engine = newEngine("two");
    await pullImage(engine, parseReference(`${host}/team/v2s2:1`));
    const image = findImage(engine.store, `${host}/team/v2s2:1`);
    expect(image.target.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    await pushImage(engine, parseReference(`${host}/team/v2s2:1`));
  }, 60_000);

  test("an unknown repository and an unknown tag are told apart", async () => {
    const engine = newEngine("three");
    const tag = await failure(pullImage(engine, parseReference(`${host}/team/app:2`)));
    expect(tag.code).toBe("tag-unknown");
    expect(tag.next).toContain('such as "1"');
    const repository = await failure(pullImage(engine, parseReference(`${host}/team/no:1`)));
    expect(["repository-unknown", "tag-unknown"]).toContain(repository.code);
  });
});

let layoutMade: Promise<string> | undefined;
function makeLayoutOnce(): Promise<string> {
  const path = `${folder}/layout`;
  try {
    readFileSync(`${path}/index.json`);
    return Promise.resolve(path);
  } catch {
    layoutMade ??= makeLayout();
    return layoutMade;
  }
}

describe("with the real unpacker", () => {
  const noise = Buffer.from(Array.from({ length: 500_000 }, (_, place) => (place * 7919) % 251));

  test("a blob that was altered on the way is told as that, and leaves no layer and no name", async () => {
    await using fake = await FakeRegistry.start();
    const image = fake.addImage("app", "1", [tarOf({ a: noise }), tarOf({ b: "b" })]);
    fake.faults.altered.add(image.layers[0]!.digest);
    const engine = newEngine("altered");
    const error = await failure(pullImage(engine, parseReference(`${fake.host}/app:1`)));
    expect(error.code).toBe("content-mismatch");
    expect(error.message).toContain(image.layers[0]!.digest);
    expect(
      readdirSync(engine.store.layers).filter((name) => name.startsWith(image.diffIds[0]!.slice(7))),
    ).toEqual([]);
    expect(await faults(engine)).toEqual([]);
    fake.faults.altered.clear();
    await pullImage(engine, parseReference(`${fake.host}/app:1`));
  }, 30_000);

  test("a config that lies about a layer is refused", async () => {
    await using fake = await FakeRegistry.start();
    const honest = fake.addImage("app", "1", [tarOf({ a: "a" })]);
    const config = {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] },
    };
    const descriptor = fake.addBlob("app", Buffer.from(JSON.stringify(config)), honest.config.mediaType);
    const type = honest.manifest.mediaType;
    fake.addManifest(
      "app",
      "lie",
      { schemaVersion: 2, mediaType: type, config: descriptor, layers: honest.layers },
      type,
    );
    const engine = newEngine("lie");
    const error = await failure(pullImage(engine, parseReference(`${fake.host}/app:lie`)));
    expect(error.code).toBe("content-mismatch");
    expect(error.why).toContain("0".repeat(64));
    expect(readdirSync(engine.store.layers)).toEqual([]);
  }, 30_000);

  test("a registry that dies at 60 % is gone on with, in one pull and over two", async () => {
    await using fake = await FakeRegistry.start();
    const image = fake.addImage("app", "1", [tarOf({ a: noise })]);
    const layer = image.layers[0]!;
    const at = Math.floor(layer.size * 0.6);
    fake.faults.dying.set(layer.digest, { at, times: 1 });
    await pullImage(newEngine("dies"), parseReference(`${fake.host}/app:1`));
    expect(fake.seen.map((request) => request.range)).toContain(`bytes=${at}-`);
    const engine = newEngine("dies-twice");
    fake.faults.truncated.set(layer.digest, at);
    const error = await failure(pullImage(engine, parseReference(`${fake.host}/app:1`)));
    expect(error.code).toBe("blob-truncated");
    fake.faults.truncated.clear();
    fake.seen.length = 0;
    await pullImage(engine, parseReference(`${fake.host}/app:1`));
    expect(fake.seen.map((request) => request.range)).toContain(`bytes=${at}-`);
    expect(await faults(engine)).toEqual([]);
  }, 60_000);
});
