import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { type Digest, digestOf, mediaType, parseReference } from "#spec";
import { parseChanges } from "../change.ts";
import { blobPath, writeBlob } from "../content.ts";
import { findImage } from "../find.ts";
import { collectGarbage } from "../gc.ts";
import { tarEnd, tarHeader, tarPadding } from "../layer/tar-write.ts";
import { addLayerBlob, writeImage } from "../mutate.ts";
import { readRefs, setRef } from "../refs.ts";
import { openStore, type Store } from "../store.ts";
import { importImage } from "./import.ts";
import { loadArchive, loadLayout, type LoadOptions } from "./load.ts";
import { saveDockerArchive, saveLayout, saveOciArchive, selectImages } from "./save.ts";

let root: string;
let store: Store;
let other: Store;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/vial-archive-`);
  store = openStore(`${root}/s`);
  other = openStore(`${root}/other`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

type Member = readonly [name: string, content: string | Uint8Array];

function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(([name, content]) => {
    const bytes = Buffer.from(content as string);
    return [
      tarHeader({ type: "file", name, size: bytes.length, mode: 0o644, mtime: 0 }),
      bytes,
      tarPadding(bytes.length),
    ];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

const layerTar = tarOf([["etc/motd", "hello"]]);

async function keep(target: Store, label: string, ...names: string[]) {
  const layers = [
    await addLayerBlob(target, [layerTar], { compression: "gzip" }),
    await addLayerBlob(target, [tarOf([[label, "x".repeat(70_000)]])], { compression: "zstd" }),
  ];
  const image = writeImage(target, {
    layers,
    created: "2026-01-01T00:00:00Z",
    change: () => ({ Cmd: [label] }),
  });
  for (const name of names) setRef(target, parseReference(name), image.descriptor);
  return image;
}

const bytesOf = (stream: Iterable<Uint8Array>) => Buffer.concat([...stream]);
const chunks = (bytes: Buffer, size = 1000) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
const load = (bytes: Buffer, options: LoadOptions = {}) => loadArchive(other, chunks(bytes), options);
const names = (target: Store) => readRefs(target).map((ref) => ref.name);

describe("save and load", () => {
  for (const [kind, save] of [
    ["docker-archive", saveDockerArchive],
    ["oci-archive", saveOciArchive],
  ] as const)
    for (const [compression, pack] of [
      ["plain", (bytes: Buffer) => bytes],
      ["gzip", (bytes: Buffer) => Buffer.from(Bun.gzipSync(new Uint8Array(bytes)))],
      ["zstd", (bytes: Buffer) => Bun.zstdCompressSync(bytes)],
    ] as const)
      test(`${kind}, ${compression}: several images come back with digests and names`, async () => {
        const a = await keep(store, "a", "a:1", "registry.example:5000/team/a:2");
        const b = await keep(store, "b", "b");
        const archive = bytesOf(
          save(store, selectImages(store, ["a:1", "registry.example:5000/team/a:2", "b:latest"])),
        );
        const unpacked: Digest[] = [];
        const loaded = await load(pack(archive), {
          unpack: async (layer) => void unpacked.push(layer.diffId),
        });
        expect(loaded.map((image) => [image.id, [...image.names].sort()])).toEqual([
          [a.id, ["a:1", "registry.example:5000/team/a:2"]],
          [b.id, ["b:latest"]],
        ]);
        expect(findImage(other, "a:1").manifestDigest).toBe(a.descriptor.digest);
        expect(unpacked).toEqual([...a.config.rootfs.diff_ids!, ...b.config.rootfs.diff_ids!]);
        expect(readdirSync(other.ingest)).toEqual([]);
      });

  test("an archive has the same bytes every time, whatever the order of its blobs in the store", async () => {
    await keep(store, "a", "a:1");
    await keep(store, "b", "b:1");
    await keep(other, "b", "b:1");
    await keep(other, "a", "a:1");
    const [one, two] = [store, other].map((target) =>
      digestOf(bytesOf(saveDockerArchive(target, selectImages(target, ["a:1", "b:1"])))),
    );
    expect(one).toBe(two!);
  });

  test("selectImages() takes all tags of a bare repository, and none for an ID", async () => {
    const a = await keep(store, "a", "a:1", "a:2", "b:1");
    const tags = (...texts: string[]) =>
      selectImages(store, texts).map((item) => item.references.map((ref) => ref.tag));
    expect(tags("a")).toEqual([["1", "2"]]);
    expect(tags("a:2")).toEqual([["2"]]);
    expect(tags(a.id.slice(7, 20))).toEqual([[]]);
    expect(tags(a.id, "b:1")).toEqual([["1"]]);
  });

  test("an image without a name comes back dangling", async () => {
    const a = await keep(store, "a", "a:1");
    const archive = bytesOf(saveDockerArchive(store, selectImages(store, [a.id])));
    expect((await load(archive))[0]).toMatchObject({ id: a.id, names: [] });
    expect(names(other)).toEqual([undefined]);
  });

  test("a layout folder takes images, keeps those of others, and loads", async () => {
    const a = await keep(store, "a", "a:1");
    const b = await keep(store, "b", "b:1");
    saveLayout(store, selectImages(store, ["a:1"]), `${root}/layout`);
    saveLayout(store, selectImages(store, ["b:1"]), `${root}/layout`);
    saveLayout(store, selectImages(store, ["b:1"]), `${root}/layout`);
    const loaded = await loadLayout(other, `${root}/layout`);
    expect(loaded.map((image) => image.id)).toEqual([a.id, b.id]);
    expect(names(other)).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
  });

  test("save refuses a blob that is damaged", async () => {
    const a = await keep(store, "a", "a:1");
    const layer = a.manifest.layers[1]!;
    writeFileSync(blobPath(store, layer.digest), Buffer.alloc(layer.size));
    expect(() => bytesOf(saveDockerArchive(store, selectImages(store, ["a:1"])))).toThrow(
      expect.objectContaining({ code: "blob-damaged" }),
    );
  });
});

const config = (diffIds: readonly string[], more = {}) =>
  JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: diffIds },
    ...more,
  });
const hexOf = (bytes: string | Uint8Array) => digestOf(bytes).slice(7);

/** A docker-archive as Docker wrote it before 25. */
function oldArchive(
  change: {
    tags?: unknown;
    layers?: readonly string[];
    configName?: string;
    config?: string;
    members?: readonly Member[];
    repositories?: string;
  } = {},
): Buffer {
  const text = change.config ?? config([digestOf(layerTar)]);
  const configName = change.configName ?? `${hexOf(text)}.json`;
  return tarOf([
    ["aa/layer.tar", layerTar],
    [configName, text],
    ...(change.members ?? []),
    [
      "manifest.json",
      JSON.stringify([
        { Config: configName, RepoTags: change.tags ?? ["old:1"], Layers: change.layers ?? ["aa/layer.tar"] },
      ]),
    ],
    ...(change.repositories === undefined ? [] : [["repositories", change.repositories] as const]),
  ]);
}

test("loadArchive() takes the archives of older programs, with uncompressed layers and names in three forms", async () => {
  const text = config([digestOf(layerTar)]);
  for (const archive of [
    oldArchive({ repositories: `{"old":{"1":"${"a".repeat(64)}"}}` }),
    oldArchive({ configName: digestOf(text) }),
    oldArchive({ tags: null }),
  ]) {
    const [image] = await load(archive);
    expect(image?.id).toBe(digestOf(text));
  }
  expect(findImage(other, "old:1").manifest.layers).toEqual([
    { mediaType: mediaType.ociLayer, digest: digestOf(layerTar), size: layerTar.length },
  ]);
});

test("loadArchive() follows a link between members, as Docker and skopeo write them", async () => {
  const text = config([digestOf(layerTar)]);
  const archive = Buffer.concat([
    tarHeader({ type: "symlink", name: "bb/layer.tar", linkName: "../aa/layer.tar", mode: 0o777, mtime: 0 }),
    tarOf([
      ["aa/layer.tar", layerTar],
      [`${hexOf(text)}.json`, text],
      [
        "manifest.json",
        JSON.stringify([{ Config: `${hexOf(text)}.json`, RepoTags: ["l:1"], Layers: ["bb/layer.tar"] }]),
      ],
    ]),
  ]);
  expect((await load(archive))[0]?.names).toEqual(["l:1"]);
});

test("loadArchive() takes compressed layers in a docker-archive as they are", async () => {
  const packed = Buffer.from(Bun.gzipSync(new Uint8Array(layerTar)));
  const text = config([digestOf(layerTar)]);
  const [image] = await load(
    oldArchive({ config: text, members: [["z.tar.gz", packed]], layers: ["z.tar.gz"] }),
  );
  expect(findImage(other, image!.id).manifest.layers[0]).toMatchObject({
    mediaType: mediaType.ociLayerGzip,
    digest: digestOf(packed),
  });
});

const link = (type: "symlink" | "hard-link", linkName: string) =>
  Buffer.concat([tarHeader({ type, name: "manifest.json", linkName, mode: 0o777, mtime: 0 }), tarEnd()]);
const fifo = Buffer.concat([
  tarHeader({ type: "fifo", name: "manifest.json", mode: 0o644, mtime: 0 }),
  tarEnd(),
]);

describe("loadArchive() refuses a docker-archive", () => {
  const cases: readonly (readonly [string, () => Buffer, string, string?])[] = [
    [
      "whose layer path leaves it",
      () => oldArchive({ layers: ["../../../etc/passwd"] }),
      "archive-invalid",
      "leaves the archive",
    ],
    [
      "whose layer path is absolute",
      () => oldArchive({ layers: ["/etc/passwd"] }),
      "archive-invalid",
      "leaves the archive",
    ],
    [
      "with a member whose name leaves it",
      () => oldArchive({ members: [["../x", "y"]] }),
      "archive-invalid",
      "leaves the archive",
    ],
    [
      "with an absolute member",
      () => oldArchive({ members: [["/etc/cron.d/x", "y"]] }),
      "archive-invalid",
      "leaves the archive",
    ],
    [
      "whose manifest is a link to a host file",
      () => link("symlink", "/etc/passwd"),
      "archive-invalid",
      "not in the archive",
    ],
    [
      "whose manifest is a link upwards",
      () => link("symlink", "../../etc/passwd"),
      "archive-invalid",
      "not in the archive",
    ],
    [
      "whose manifest is a hard link to a host file",
      () => link("hard-link", "/etc/passwd"),
      "archive-invalid",
      "not in the archive",
    ],
    [
      "whose manifest is a link to itself",
      () => link("symlink", "manifest.json"),
      "archive-invalid",
      "circle",
    ],
    ["with a pipe as a member", () => fifo, "archive-invalid", "device or a pipe"],
    ["with a tag that is a path", () => oldArchive({ tags: ["../../x"] }), "reference-invalid"],
    ["with a tag in upper case", () => oldArchive({ tags: ["Old:1"] }), "reference-invalid"],
    ["with a line break in a tag", () => oldArchive({ tags: ["old:1\nx"] }), "reference-invalid"],
    ["with a tag that looks like an option", () => oldArchive({ tags: ["-x"] }), "reference-invalid"],
    ["with a tag that is no text", () => oldArchive({ tags: [1] }), "archive-invalid"],
    [
      "whose config name is no ID",
      () => oldArchive({ configName: "config.json" }),
      "archive-invalid",
      "no image ID",
    ],
    [
      "whose config is not what its name says",
      () => oldArchive({ configName: `${"a".repeat(64)}.json` }),
      "content-mismatch",
    ],
    [
      "whose layer is not what the diff ID says",
      () => oldArchive({ config: config([digestOf("other")]) }),
      "content-mismatch",
    ],
    [
      "with more layers than diff IDs",
      () => oldArchive({ layers: ["aa/layer.tar", "aa/layer.tar"] }),
      "archive-invalid",
      "1 layers",
    ],
    [
      "with an ID in `repositories` that is a path",
      () => oldArchive({ repositories: '{"a":{"1":"../../x"}}' }),
      "archive-invalid",
    ],
    ["with a missing layer", () => oldArchive({ layers: ["bb/layer.tar"] }), "archive-invalid", "is missing"],
    ["that is a root file system", () => layerTar, "archive-invalid", "vial import"],
    ["that is empty", () => Buffer.alloc(0), "archive-invalid"],
    ["that was cut", () => oldArchive().subarray(0, 5000), "archive-invalid"],
    [
      "that was cut inside gzip",
      () => Buffer.from(Bun.gzipSync(new Uint8Array(oldArchive()))).subarray(0, 300),
      "archive-invalid",
      "gzip",
    ],
    [
      "that was cut inside zstd",
      () => Bun.zstdCompressSync(oldArchive()).subarray(0, 300),
      "archive-invalid",
      "too early",
    ],
    ["that is xz", () => Buffer.from("\xfd7zXZ\0\0\0\0\0", "latin1"), "archive-invalid", "xz"],
  ];
  for (const [name, make, code, why] of cases)
    test(name, async () => {
      const error = await load(make()).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code });
      if (why !== undefined) expect((error as { why?: string }).why).toContain(why);
      expect(names(other)).toEqual([]);
      expect(readdirSync(`${other.blobs}/sha256`)).toEqual([]);
      expect(readdirSync(other.ingest)).toEqual([]);
    });
});

/** An oci-archive with one thing wrong. */
function layoutOf(change: {
  manifest?: object;
  index?: object;
  entry?: object;
  layer?: object;
  members?: readonly Member[];
  layout?: string;
  config?: string;
}): readonly Member[] {
  const configText = change.config ?? config([digestOf(layerTar)]);
  const layer = {
    mediaType: mediaType.ociLayer,
    digest: digestOf(layerTar),
    size: layerTar.length,
    ...change.layer,
  };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: digestOf(configText), size: configText.length },
    layers: [layer],
    ...change.manifest,
  });
  const entry = {
    mediaType: mediaType.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    ...change.entry,
  };
  return [
    ["oci-layout", change.layout ?? '{"imageLayoutVersion":"1.0.0"}'],
    ["index.json", JSON.stringify({ schemaVersion: 2, manifests: [entry], ...change.index })],
    [`blobs/sha256/${hexOf(manifest)}`, manifest],
    [`blobs/sha256/${hexOf(configText)}`, configText],
    [`blobs/sha256/${hexOf(layerTar)}`, layerTar],
    ...(change.members ?? []),
  ];
}

test("loadArchive() takes a layout without names", async () => {
  expect(await load(tarOf(layoutOf({})))).toHaveLength(1);
});

describe("loadArchive() refuses an oci-archive", () => {
  const cases: readonly (readonly [string, Parameters<typeof layoutOf>[0], string, string?])[] = [
    [
      "with a document that is manifest and index",
      { manifest: { manifests: [] } },
      "document-invalid",
      "two kinds",
    ],
    [
      "whose document has another media type than its descriptor",
      { manifest: { mediaType: mediaType.ociIndex } },
      "document-invalid",
    ],
    ["whose index.json has layers", { index: { layers: [] } }, "document-invalid", "two kinds"],
    [
      "with a blob unlike its name",
      { members: [[`blobs/sha256/${"a".repeat(64)}`, "x"]] },
      "content-mismatch",
    ],
    ["with a blob name that is no digest", { members: [["blobs/sha256/x", "x"]] }, "digest-invalid"],
    ["with an unknown algorithm", { members: [[`blobs/md5/${"a".repeat(32)}`, "x"]] }, "digest-invalid"],
    ["with a digest that leaves the folder", { layer: { digest: "sha256:../../x" } }, "document-invalid"],
    ["with a size that is not the blob's", { layer: { size: 5 } }, "content-mismatch"],
    ["with a manifest size that is not the blob's", { entry: { size: 5 } }, "content-mismatch"],
    ["with a layer unlike its diff ID", { config: config([digestOf("other")]) }, "content-mismatch"],
    [
      "with a layer that lies elsewhere",
      { layer: { digest: digestOf("gone"), size: 4, urls: ["file:///etc/passwd"] } },
      "layer-foreign",
    ],
    ["with a missing layer", { layer: { digest: digestOf("gone"), size: 4 } }, "archive-invalid", "missing"],
    ["of a later version", { layout: '{"imageLayoutVersion":"2.0.0"}' }, "archive-invalid", "2.0.0"],
    [
      "with a name that is a path",
      { entry: { annotations: { "org.opencontainers.image.ref.name": "../../x" } } },
      "reference-invalid",
    ],
    [
      "whose manifest.json names another image",
      {
        members: [
          ["manifest.json", JSON.stringify([{ Config: `${"a".repeat(64)}.json`, RepoTags: [], Layers: [] }])],
        ],
      },
      "archive-invalid",
      "index.json does not",
    ],
    ["without an image", { index: { manifests: [] } }, "archive-invalid", "no image"],
  ];
  for (const [name, change, code, why] of cases)
    test(name, async () => {
      const error = await load(tarOf(layoutOf(change))).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code });
      if (why !== undefined) expect((error as { why?: string }).why).toContain(why);
      expect(names(other)).toEqual([]);
      expect(readdirSync(other.ingest)).toEqual([]);
    });
});

test("loadLayout() refuses a blob that is a link or a pipe", async () => {
  const folder = `${root}/layout`;
  mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
  for (const [name, content] of layoutOf({})) writeFileSync(`${folder}/${name}`, content);
  const layer = `${folder}/blobs/sha256/${hexOf(layerTar)}`;
  writeFileSync(`${root}/outside`, layerTar);
  rmSync(layer);
  symlinkSync(`${root}/outside`, layer);
  expect(loadLayout(other, folder)).rejects.toThrow(
    expect.objectContaining({ why: expect.stringContaining("is a link") }),
  );
  rmSync(layer);
  Bun.spawnSync(["mkfifo", layer]);
  expect(loadLayout(other, folder)).rejects.toThrow(
    expect.objectContaining({ why: expect.stringContaining("not a plain file") }),
  );
});

test("loadArchive() that fails while unpacking sets no name, and its blobs are collected", async () => {
  const unpack = async () => {
    throw new Error("disk full");
  };
  await expect(load(oldArchive(), { unpack })).rejects.toThrow("disk full");
  expect(names(other)).toEqual([]);
  collectGarbage(other);
  expect(readdirSync(`${other.blobs}/sha256`)).toEqual([]);
});

describe("importImage()", () => {
  const created = "2026-01-01T00:00:00Z";
  for (const [compression, pack] of [
    ["plain", (bytes: Buffer) => bytes],
    ["gzip", (bytes: Buffer) => Buffer.from(Bun.gzipSync(new Uint8Array(bytes)))],
    ["zstd", (bytes: Buffer) => Bun.zstdCompressSync(bytes)],
  ] as const)
    test(`makes an image of one ${compression} layer`, async () => {
      const unpacked: Digest[] = [];
      const image = await importImage(store, chunks(pack(layerTar)), {
        reference: parseReference("mine:1"),
        change: parseChanges([
          'CMD ["sh"]',
          "ENV A=1 B='2 3'",
          "EXPOSE 80-81/udp",
          "WORKDIR srv",
          "LABEL x y z",
        ]),
        message: "by hand",
        created,
        unpack: async (layer) => void unpacked.push(layer.diffId),
      });
      expect(unpacked).toEqual([digestOf(layerTar)]);
      expect(findImage(store, "mine:1").id).toBe(image.id);
      expect(image.config).toMatchObject({
        config: {
          Cmd: ["sh"],
          Env: ["A=1", "B=2 3"],
          ExposedPorts: { "80/udp": {}, "81/udp": {} },
          WorkingDir: "/srv",
          Labels: { x: "y z" },
        },
        rootfs: { diff_ids: [digestOf(layerTar)] },
        history: [{ created, comment: "by hand" }],
      });
    });

  test("refuses what is no tar", async () => {
    for (const bytes of [Buffer.from("hello ".repeat(200)), Buffer.alloc(0), layerTar.subarray(0, 700)])
      expect(importImage(store, [bytes], { created })).rejects.toThrow(
        expect.objectContaining({ code: "archive-invalid" }),
      );
    expect(readdirSync(store.ingest)).toEqual([]);
    expect(readRefs(store)).toEqual([]);
  });
});

test("a load beside a blob of the store that is already there writes it once", async () => {
  const archive = oldArchive();
  await load(archive);
  const before = readFileSync(blobPath(other, digestOf(layerTar)));
  await load(archive);
  expect(before.equals(layerTar)).toBe(true);
  writeBlob(other, "x");
  expect(readRefs(other)).toHaveLength(1);
});
