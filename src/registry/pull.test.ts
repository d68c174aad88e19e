import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { blobPath, hasBlob, openStore, type Store } from "#image";
import { type Digest, digestHex, digestOf, mediaType, parseReference } from "#spec";
import { FakeRegistry, tarOf } from "./fake.ts";
import { configOf, failure, newTransport } from "./fixture.ts";
import type { TransferProgress } from "./progress.ts";
import { type Pulled, type PullOptions, pullImage } from "./pull.ts";
import type { LayerUnpacker } from "./pull-layer.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newStore(): Store {
  const folder = mkdtempSync(`${tmpdir()}/vial-pull-`);
  folders.push(folder);
  return openStore(folder);
}

/** Keeps the uncompressed tar of each layer as LAYERS/HEX, after a look at its diff ID: the contract of the real one. */
function tarUnpacker(store: Store): LayerUnpacker & { readonly started: Digest[] } {
  const path = (diffId: Digest) => `${store.layers}/${digestHex(diffId)}`;
  const started: Digest[] = [];
  return {
    started,
    has: (diffId) => existsSync(path(diffId)),
    start(diffId, compression) {
      started.push(diffId);
      const parts: Uint8Array[] = [];
      return {
        write: (chunk) => void parts.push(Buffer.from(chunk)),
        finish() {
          const packed = Buffer.concat(parts);
          const tar = compression === "gzip" ? Buffer.from(Bun.gunzipSync(packed)) : packed;
          if (digestOf(tar) !== diffId) throw new Error(`the layer has not the diff ID ${diffId}`);
          writeFileSync(path(diffId), tar);
        },
        abort: () => undefined,
      };
    },
  };
}

function pull(store: Store, text: string, options: Partial<PullOptions> = {}): Promise<Pulled> {
  return pullImage({
    store,
    reference: parseReference(text),
    platform: { os: "linux", architecture: "amd64" },
    transport: newTransport(),
    credential: async () => undefined,
    unpacker: tarUnpacker(store),
    retryDelay: 1,
    ...options,
  });
}

function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function names(store: Store): readonly string[] {
  const index = JSON.parse(readFileSync(`${store.layout}/index.json`, "utf8"));
  return index.manifests.map(
    (entry: { annotations?: Record<string, string> }) =>
      entry.annotations?.["org.opencontainers.image.ref.name"],
  );
}

const tars = [tarOf({ a: noise(400_000) }), tarOf({ b: noise(300_000, 2) }), tarOf({ c: "see" })];

describe("pullImage()", () => {
  test("keeps index, manifest, config and layers byte for byte, and sets the name last", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("team/app", undefined, tars);
    const other = registry.addImage("team/app", undefined, [], { os: "linux", architecture: "arm64" });
    const index = registry.addIndex("team/app", "1", [other.manifest, image.manifest]);
    const store = newStore();
    const events: TransferProgress[] = [];
    const pulled = await pull(store, `${registry.host}/team/app:1`, {
      report: (event) => events.push(event),
    });

    expect(pulled.manifest.digest).toBe(image.manifest.digest);
    expect(pulled.repositoryDigest).toBe(index.digest);
    expect(pulled.configDigest).toBe(image.config.digest);
    for (const blob of [index, image.manifest, image.config, ...image.layers])
      expect(digestOf(readFileSync(blobPath(store, blob.digest)))).toBe(blob.digest);
    expect(hasBlob(store, other.manifest.digest)).toBe(false);
    for (const [place, diffId] of image.diffIds.entries())
      expect(readFileSync(`${store.layers}/${digestHex(diffId)}`).equals(tars[place]!)).toBe(true);
    expect(names(store)).toEqual([`${registry.host}/team/app:1`]);
    expect(readdirSync(store.ingest)).toEqual([]);
    const last = new Map(
      events.flatMap((event) => (event.kind === "layer" ? [[event.id, event.phase]] : [])),
    );
    expect([...last.values()]).toEqual(["done", "done", "done"]);
    expect(events[0]).toEqual({ kind: "resolved", digest: index.digest, layers: 3 });
  });

  test("fetches nothing again that is here, and a blob that occurs twice only once", async () => {
    await using registry = await FakeRegistry.start();
    const [one, two] = tars as [Buffer, Buffer];
    registry.addImage("app", "1", [one, one]);
    const store = newStore();
    await pull(store, `${registry.host}/app:1`);
    expect(registry.count("GET", /\/blobs\//)).toBe(2);
    registry.addImage("app", "2", [one, two]);
    registry.seen.length = 0;
    const second = await pull(store, `${registry.host}/app:2`);
    expect(registry.count("GET", /\/blobs\//)).toBe(2);
    registry.seen.length = 0;
    const known = await pull(store, `${registry.host}/app:2`, { known: second.repositoryDigest });
    expect(registry.seen.map((request) => request.method)).toEqual(["HEAD"]);
    expect(known.fetched).toBe(0);
  });

  test("unpacks a blob that is here and was not unpacked", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", tars);
    const store = newStore();
    await pull(store, `${registry.host}/app:1`);
    rmSync(`${store.layers}/${digestHex(image.diffIds[0]!)}`);
    registry.seen.length = 0;
    const unpacker = tarUnpacker(store);
    await pull(store, `${registry.host}/app:1`, { unpacker });
    expect(unpacker.started).toEqual([image.diffIds[0]!]);
    expect(registry.count("GET", /\/blobs\//)).toBe(0);
  });

  test("refuses bytes that are not those of the digest, and leaves nothing of them", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", tars);
    registry.faults.altered.add(image.layers[1]!.digest);
    const store = newStore();
    const error = await failure(pull(store, `${registry.host}/app:1`));
    expect(error.code).toBe("content-mismatch");
    expect(error.message).toContain(image.layers[1]!.digest);
    expect(names(store)).toEqual([]);
    expect(hasBlob(store, image.layers[1]!.digest)).toBe(false);
    expect(existsSync(`${store.layers}/${digestHex(image.diffIds[1]!)}`)).toBe(false);
    registry.faults.altered.clear();
    await pull(store, `${registry.host}/app:1`);
  });

  test("says how much is missing of a truncated layer, and goes on from there when it is whole again", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!]);
    const layer = image.layers[0]!;
    registry.faults.truncated.set(layer.digest, 100_000);
    const store = newStore();
    const error = await failure(pull(store, `${registry.host}/app:1`));
    expect(error.code).toBe("blob-truncated");
    expect(error.why).toBe(`found 100000 bytes, wanted ${layer.size}`);
    registry.faults.truncated.clear();
    registry.seen.length = 0;
    const pulled = await pull(store, `${registry.host}/app:1`);
    expect(pulled.fetched).toBe(layer.size - 100_000);
    expect(registry.seen.map((request) => request.range)).toContain("bytes=100000-");
  });

  test("goes on with Range when the registry dies at 60 %", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!]);
    const layer = image.layers[0]!;
    const at = Math.floor(layer.size * 0.6);
    registry.faults.dying.set(layer.digest, { at, times: 1 });
    const store = newStore();
    const events: TransferProgress[] = [];
    const pulled = await pull(store, `${registry.host}/app:1`, { report: (event) => events.push(event) });
    expect(pulled.fetched).toBe(layer.size);
    expect(registry.seen.map((request) => request.range)).toContain(`bytes=${at}-`);
    expect(events.filter((event) => event.kind === "retry")).toHaveLength(1);
  });

  test("keeps what it has when the registry stays dead, and the next pull fetches the rest", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!]);
    const layer = image.layers[0]!;
    const at = Math.floor(layer.size * 0.6);
    registry.faults.dying.set(layer.digest, { at, times: 1 });
    registry.faults.answers.push({ match: /never/, status: 503, times: 0 });
    const store = newStore();
    const events: TransferProgress[] = [];
    const error = await failure(
      pull(store, `${registry.host}/app:1`, {
        report: (event) => {
          events.push(event);
          // From the break on, the registry only says that it cannot.
          if (event.kind === "retry") registry.faults.answers[0]!.times = 100;
          registry.faults.answers[0] = {
            match: /blobs/,
            status: 503,
            times: event.kind === "retry" ? 100 : registry.faults.answers[0]!.times,
          };
        },
      }),
    );
    expect(error.code).toBe("registry-unavailable");
    expect(error.kind).toBe("unavailable");
    expect(statSync(`${store.ingest}/${digestHex(layer.digest)}`).size).toBe(at);
    registry.faults.answers.length = 0;
    expect((await pull(store, `${registry.host}/app:1`)).fetched).toBe(layer.size - at);
  });

  test("copes with a registry that ignores Range", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!]);
    const layer = image.layers[0]!;
    registry.faults.noRange = true;
    registry.faults.dying.set(layer.digest, { at: 200_000, times: 1 });
    const store = newStore();
    const pulled = await pull(store, `${registry.host}/app:1`);
    // A connection that is cut may take along bytes that the other end has sent.
    expect(pulled.fetched).toBeGreaterThanOrEqual(layer.size);
    expect(pulled.fetched).toBeLessThanOrEqual(layer.size + 200_000);
    expect(digestOf(readFileSync(blobPath(store, layer.digest)))).toBe(layer.digest);
  });

  test("fetches all anew when the bytes that were kept are damaged", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!]);
    const layer = image.layers[0]!;
    const store = newStore();
    writeFileSync(`${store.ingest}/${digestHex(layer.digest)}`, Buffer.alloc(50_000));
    const pulled = await pull(store, `${registry.host}/app:1`, { unpacker: lenientUnpacker() });
    expect(pulled.fetched).toBe(layer.size);
    expect(digestOf(readFileSync(blobPath(store, layer.digest)))).toBe(layer.digest);
  });

  test("goes on after its process was killed", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tarOf({ a: noise(3_000_000) })]);
    const layer = image.layers[0]!;
    registry.faults.slow = 10;
    const store = newStore();
    const script = `
      const { openStore } = await import("#image");
      const { parseReference } = await import("#spec");
      const { pullImage, Transport } = await import("#registry");
      await pullImage({
        store: openStore(${JSON.stringify(store.root)}),
        reference: parseReference(${JSON.stringify(`${registry.host}/app:1`)}),
        platform: { os: "linux", architecture: "amd64" },
        transport: new Transport({ config: { hosts: new Map(), certificateFolders: [] }, env: {} }),
        credential: async () => undefined,
        unpacker: { has: () => true, start() { throw new Error("needless"); } },
      });`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      cwd: new URL("../..", import.meta.url).pathname,
      stderr: "inherit",
    });
    const path = `${store.ingest}/${digestHex(layer.digest)}`;
    for (let tries = 0; tries < 1000; tries++) {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 500_000) break;
      await Bun.sleep(10);
    }
    child.kill("SIGKILL");
    await child.exited;
    const kept = statSync(path).size;
    expect(kept).toBeGreaterThan(500_000);
    expect(kept).toBeLessThan(layer.size);
    registry.faults.slow = 0;
    const pulled = await pull(store, `${registry.host}/app:1`);
    expect(pulled.fetched).toBe(layer.size - kept);
    expect(readFileSync(`${store.layers}/${digestHex(image.diffIds[0]!)}`).length).toBeGreaterThan(3_000_000);
  }, 30_000);

  test("lets a second puller of the same layer wait, and fetches it once", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("app", "1", [tars[0]!]);
    registry.faults.slow = 5;
    const store = newStore();
    const phases: string[] = [];
    await Promise.all([
      pull(store, `${registry.host}/app:1`),
      pull(store, `${registry.host}/app:1`, {
        report: (event) => void (event.kind === "layer" && phases.push(event.phase)),
      }),
    ]);
    expect(registry.count("GET", /\/blobs\//)).toBeLessThanOrEqual(3);
    expect(phases.at(-1)).toMatch(/exists|done/);
  });

  test("ends at once when told to, and keeps what has arrived", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", [tars[0]!, tars[1]!]);
    registry.faults.stallAfter = 65_536;
    const store = newStore();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const begun = performance.now();
    const error = await failure(pull(store, `${registry.host}/app:1`, { signal: controller.signal }));
    expect(error.code).toBe("transfer-interrupted");
    expect(error.kind).toBe("canceled");
    expect(performance.now() - begun).toBeLessThan(2000);
    registry.faults.stallAfter = undefined;
    const total = image.layers.reduce((sum, layer) => sum + layer.size, 0);
    expect((await pull(store, `${registry.host}/app:1`)).fetched).toBeLessThan(total);
  });

  test("gives up a registry that goes silent", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("app", "1", [tars[0]!]);
    registry.faults.stallAfter = 0;
    const error = await failure(
      pull(newStore(), `${registry.host}/app:1`, { transport: newTransport({ stall: 50 }) }),
    );
    expect(error.code).toBe("registry-stalled");
  });

  test("tells which platforms there are when the wanted one is not", async () => {
    await using registry = await FakeRegistry.start();
    const arm = registry.addImage("app", "arm", tars, { os: "linux", architecture: "arm64" });
    const s390 = registry.addImage("app", undefined, [], { os: "linux", architecture: "s390x" });
    registry.addIndex("app", "1", [arm.manifest, s390.manifest]);
    const missing = await failure(pull(newStore(), `${registry.host}/app:1`));
    expect(missing.code).toBe("platform-missing");
    expect(missing.why).toBe("it has linux/arm64, linux/s390x");
    expect(missing.next).toContain("--platform linux/arm64");
    const single = await failure(pull(newStore(), `${registry.host}/app:arm`));
    expect(single.code).toBe("image-for-other-platform");
    const platform = { os: "linux", architecture: "arm64" };
    await pull(newStore(), `${registry.host}/app:arm`, { platform });
  });

  test("offers a near tag for one that is not there", async () => {
    await using registry = await FakeRegistry.start();
    for (const tag of ["3.9", "3.21", "3.22", "latest"]) registry.addImage("library/app", tag, []);
    const unknown = await failure(pull(newStore(), `${registry.host}/library/app:3.99`));
    expect(unknown.message).toBe(
      `Cannot pull "${registry.host}/library/app:3.99": the repository has no tag "3.99"`,
    );
    expect(unknown.why).toBe("the registry answered 404 MANIFEST_UNKNOWN: manifest unknown");
    expect(unknown.next).toBe(`pick a tag from \`vial tags ${registry.host}/library/app\`, such as "3.9"`);
    expect((await failure(pull(newStore(), `${registry.host}/nosuch`))).code).toBe("repository-unknown");
    const digest = digestOf("nothing");
    expect((await failure(pull(newStore(), `${registry.host}/library/app@${digest}`))).code).toBe(
      "manifest-unknown",
    );
  });

  test("verifies manifests against the digest asked for and the one stated", async () => {
    await using registry = await FakeRegistry.start();
    const image = registry.addImage("app", "1", []);
    const wrong = registry.addImage("app", "2", [tars[2]!]);
    registry.faults.statedDigest = wrong.manifest.digest;
    expect((await failure(pull(newStore(), `${registry.host}/app:1`))).code).toBe("manifest-mismatch");
    registry.faults.statedDigest = undefined;
    const repository = registry.repository("app");
    repository.manifests.set(image.manifest.digest, repository.manifests.get(wrong.manifest.digest)!);
    const error = await failure(pull(newStore(), `${registry.host}/app@${image.manifest.digest}`));
    expect(error.code).toBe("manifest-mismatch");
    expect(error.why).toBe(`found ${wrong.manifest.digest}, wanted ${image.manifest.digest}`);
  });

  test("refuses a document of two readings (CVE-2021-41190)", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("app", "1", []);
    registry.faults.statedType = mediaType.ociIndex;
    expect((await failure(pull(newStore(), `${registry.host}/app:1`))).code).toBe(
      "manifest-type-contradiction",
    );
    registry.faults.statedType = undefined;
    const { config } = registry.addImage("app", "2", []);
    const both = { schemaVersion: 2, config, layers: [], manifests: [] };
    registry.addManifest("app", "both", both, mediaType.ociManifest);
    expect((await failure(pull(newStore(), `${registry.host}/app:both`))).code).toBe("document-invalid");
  });

  test("refuses foreign layers, artifacts, schema 1, and a config that counts other layers", async () => {
    await using registry = await FakeRegistry.start();
    const { config, layers } = registry.addImage("app", "1", [tars[2]!]);
    const manifest = (fields: object) => ({
      schemaVersion: 2,
      mediaType: mediaType.ociManifest,
      config,
      layers,
      ...fields,
    });
    const foreign = {
      ...layers[0],
      mediaType: mediaType.dockerForeignLayerGzip,
      urls: ["http://127.0.0.1:1/x"],
    };
    registry.addManifest("app", "foreign", manifest({ layers: [foreign] }), mediaType.ociManifest);
    registry.addManifest("app", "count", manifest({ layers: [] }), mediaType.ociManifest);
    const chart = { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" };
    registry.addManifest("app", "chart", manifest({ config: chart }), mediaType.ociManifest);
    registry.addManifest(
      "app",
      "old",
      { schemaVersion: 1, fsLayers: [] },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    );
    const codes: Record<string, string> = {};
    for (const tag of ["foreign", "count", "chart", "old"])
      codes[tag] = (await failure(pull(newStore(), `${registry.host}/app:${tag}`))).code;
    expect(codes).toEqual({
      foreign: "foreign-layer",
      count: "layer-count-mismatch",
      chart: "image-is-artifact",
      old: "manifest-schema-one",
    });
  });

  test("asks mirrors first, and the registry itself when they fail", async () => {
    await using origin = await FakeRegistry.start();
    await using good = await FakeRegistry.start();
    await using broken = await FakeRegistry.start();
    origin.addImage("app", "1", tars);
    good.addImage("app", "1", tars);
    broken.faults.answers.push({ match: /./, status: 500, times: 1000 });
    const withMirrors = (mirrors: readonly string[]) =>
      newTransport({ config: configOf({ [origin.host]: { mirrors } }) });
    await pull(newStore(), `${origin.host}/app:1`, { transport: withMirrors([good.origin]) });
    expect(origin.seen).toEqual([]);
    const events: TransferProgress[] = [];
    await pull(newStore(), `${origin.host}/app:1`, {
      transport: withMirrors([broken.host, "127.0.0.1:1"]),
      report: (event) => events.push(event),
    });
    expect(events.flatMap((event) => (event.kind === "mirror" ? [event.host] : []))).toEqual([
      broken.host,
      "127.0.0.1:1",
    ]);
    expect(origin.count("GET", /blobs/)).toBe(4);
  });

  test("knows a mirror that was written as http:// and speaks TLS", async () => {
    await using registry = await FakeRegistry.start();
    const body = "Client sent an HTTP request to an HTTPS server.\n";
    registry.faults.answers.push({ match: /./, status: 400, times: 1, body });
    const error = await failure(pull(newStore(), `${registry.host}/app:1`));
    expect(error.code).toBe("registry-wants-tls");
  });

  test("tries again after 429 and 503, and no sooner than Retry-After says", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("app", "1", []);
    registry.faults.answers.push({ match: /manifests/, status: 503, times: 1 });
    registry.faults.answers.push({
      match: /manifests/,
      status: 429,
      times: 1,
      headers: { "Retry-After": "0" },
    });
    await pull(newStore(), `${registry.host}/app:1`);
    registry.faults.answers.push({
      match: /manifests/,
      status: 429,
      times: 9,
      headers: { "Retry-After": "600" },
      body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}',
    });
    const error = await failure(pull(newStore(), `${registry.host}/app:1`));
    expect(error.code).toBe("registry-rate-limited");
    expect(error.kind).toBe("resource-exhausted");
    expect(error.why).toBe("the registry answered 429 TOOMANYREQUESTS: slow down; come back after 600 s");
  });
});

function lenientUnpacker(): LayerUnpacker {
  return {
    has: () => false,
    start: () => ({ write: () => undefined, finish: () => undefined, abort: () => undefined }),
  };
}
