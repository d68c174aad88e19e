import { describe, expect, test } from "bun:test";
import { openStore, type Store, writeBlob } from "#image";
import { type Descriptor, type Digest, digestOf, mediaType, parseReference } from "#spec";
import { RegistryClient } from "./client.ts";
import { originEndpoint } from "./endpoint.ts";
import { FakeRegistry, tarOf } from "./fake.ts";
import { failure, newTransport, temporaryFolder } from "./fixture.ts";
import { type Pushed, type PushOptions, pushImage } from "./push.ts";

function keep(store: Store, bytes: Uint8Array | string, type: string): Descriptor {
  return { mediaType: type, digest: writeBlob(store, bytes), size: Buffer.from(bytes as Uint8Array).length };
}

/** An image with a small and a large layer, straight into the store. */
function keepImage(
  store: Store,
  largeBytes = 3_000_000,
): { manifest: Descriptor; layers: Descriptor[]; config: Descriptor } {
  const large = Buffer.alloc(largeBytes, 7);
  for (let index = 0; index < large.length; index += 999) large[index] = index & 255;
  const tars = [tarOf({ small: "s" }), tarOf({ large })];
  const layers = tars.map((tar) => keep(store, tar, mediaType.ociLayer));
  const config = keep(
    store,
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
    }),
    mediaType.ociConfig,
  );
  const document = JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers });
  return { manifest: keep(store, document, mediaType.ociManifest), layers, config };
}

function push(
  store: Store,
  text: string,
  target: Descriptor,
  options: Partial<PushOptions> = {},
): Promise<Pushed> {
  return pushImage({
    store,
    target,
    reference: parseReference(text),
    transport: newTransport(),
    credential: async () => undefined,
    ...options,
  });
}

describe("pushImage()", () => {
  test("uploads what the repository lacks, and the manifest last", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start();
    const store = openStore(folder.path);
    const { manifest, layers, config } = keepImage(store);
    const phases: string[] = [];
    const pushed = await push(store, `${registry.host}/team/app:1`, manifest, {
      report: (event) => void (event.kind === "layer" && phases.push(event.phase)),
    });
    expect(pushed.digest).toBe(manifest.digest);
    expect(pushed.sent).toBe([...layers, config].reduce((sum, blob) => sum + blob.size, 0));
    const repository = registry.repository("team/app");
    for (const blob of [...layers, config])
      expect(digestOf(repository.blobs.get(blob.digest)!)).toBe(blob.digest);
    expect(repository.manifests.get("1")?.type).toBe(mediaType.ociManifest);
    expect(registry.seen.at(-1)?.path).toBe("/v2/team/app/manifests/1");
    expect(phases.filter((phase) => phase === "done")).toHaveLength(3);
    registry.seen.length = 0;
    expect((await push(store, `${registry.host}/team/app:2`, manifest)).sent).toBe(0);
    expect(registry.count("POST", /uploads/)).toBe(0);
  });

  test("mounts blobs from another repository, and uploads where that is refused", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start();
    const store = openStore(folder.path);
    const { manifest } = keepImage(store);
    await push(store, `${registry.host}/base:1`, manifest);
    const mountFrom = () => ["base"];
    expect((await push(store, `${registry.host}/other:1`, manifest, { mountFrom })).sent).toBe(0);
    expect(
      registry.seen.some((request) => request.path.includes(`mount=`) && request.path.includes("from=base")),
    ).toBe(true);
    registry.faults.noMount = true;
    expect((await push(store, `${registry.host}/third:1`, manifest, { mountFrom })).sent).toBeGreaterThan(0);
  });

  test("goes on with an upload whose connection broke", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start();
    const store = openStore(folder.path);
    const { manifest, layers } = keepImage(store);
    registry.faults.cutUploadAt = 1_000_000;
    await push(store, `${registry.host}/app:1`, manifest);
    expect(registry.count("PATCH", /uploads/)).toBe(2);
    expect(registry.repository("app").blobs.has(layers[1]!.digest)).toBe(true);
  });

  test("signs in with a token for pull and push, and one that also reads the mounted repository", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame", anonymousPull: true },
    });
    const store = openStore(folder.path);
    const { manifest } = keepImage(store, 10_000);
    const credential = async () => ({ kind: "basic", username: "ada", password: "opensesame" }) as const;
    await push(store, `${registry.host}/app:1`, manifest, { credential, mountFrom: () => ["base"] });
    const scopes = registry.seen
      .filter((request) => request.path.startsWith("/token"))
      .map((request) => new URL(request.path, "http://x").searchParams.getAll("scope"));
    expect(scopes).toContainEqual(["repository:app:pull,push", "repository:app:pull"]);
    expect(scopes.some((list) => list.includes("repository:base:pull"))).toBe(true);
    const stranger = await failure(push(store, `${registry.host}/app:2`, manifest));
    expect(stranger.code).toBe("registry-login-needed");
    expect(stranger.message).toStartWith(`Cannot push "${registry.host}/app:2": `);
  });

  test("refuses an index of which only some images are here", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start();
    const store = openStore(folder.path);
    const { manifest } = keepImage(store, 1000);
    const absent = {
      ...manifest,
      digest: digestOf("absent") as Digest,
      platform: { os: "linux", architecture: "arm64" },
    };
    const index = (manifests: Descriptor[]) =>
      keep(
        store,
        JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests }),
        mediaType.ociIndex,
      );
    const error = await failure(push(store, `${registry.host}/app:1`, index([manifest, absent])));
    expect(error.code).toBe("index-incomplete");
    expect(error.why).toContain("linux/arm64");
    expect(registry.seen).toEqual([]);
    const whole = index([manifest]);
    expect((await push(store, `${registry.host}/app:1`, whole)).digest).toBe(whole.digest);
    expect([...registry.repository("app").manifests.keys()]).toEqual([manifest.digest, "1", whole.digest]);
  });
});

describe("RegistryClient listTags()", () => {
  test("follows the pages", async () => {
    await using registry = await FakeRegistry.start();
    const all = Array.from({ length: 250 }, (_, place) => `v${String(place).padStart(3, "0")}`);
    for (const tag of all) registry.addImage("app", tag, []);
    const client = new RegistryClient({
      transport: newTransport(),
      endpoint: originEndpoint(registry.host),
      path: "app",
      name: "app",
      doing: 'list the tags of "app"',
      credential: undefined,
      actions: "pull",
    });
    expect(await client.listTags()).toEqual(all);
    expect(registry.count("GET", /tags/)).toBe(3);
  });
});
