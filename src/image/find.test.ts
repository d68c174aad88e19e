import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Digest, digestHex, mediaType, parsePlatform, parseReference } from "#spec";
import { blobPath, writeBlob } from "./content.ts";
import { findImage, isImageId } from "./find.ts";
import { imageHistory } from "./history.ts";
import { diskSize, listImages } from "./list.ts";
import { addLayerBlob, type WrittenImage, writeImage } from "./mutate.ts";
import { tarEnd, tarHeader } from "./layer/tar-write.ts";
import { setRef } from "./refs.ts";
import { openStore, type Store } from "./store.ts";

let root: string;
let store: Store;
let one: WrittenImage;
let arm: WrittenImage;
let indexDigest: Digest;

async function make(name: string, platform: string): Promise<WrittenImage> {
  const tar = [tarHeader({ type: "directory", name, mode: 0o755, mtime: 0 }), tarEnd()];
  const layer = await addLayerBlob(store, tar, { compression: "gzip" });
  return writeImage(store, {
    platform: parsePlatform(platform),
    layers: [layer],
    change: () => ({ Cmd: [name] }),
    history: [{ created_by: name }, { created_by: "CMD", empty_layer: true }],
    created: name === "one" ? "2026-01-01T00:00:00Z" : "2026-02-01T00:00:00Z",
  });
}

beforeAll(async () => {
  root = mkdtempSync(`${tmpdir()}/vial-find-`);
  store = openStore(`${root}/s`);
  one = await make("one", "linux/amd64");
  arm = await make("arm", "linux/arm64");
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaType.ociIndex,
    manifests: [
      arm.descriptor,
      one.descriptor,
      {
        ...one.descriptor,
        digest: `sha256:${"b".repeat(64)}`,
        platform: { os: "linux", architecture: "s390x" },
      },
    ],
  });
  indexDigest = writeBlob(store, index);
  setRef(store, parseReference("one:1"), one.descriptor, { repositoryDigest: indexDigest });
  setRef(store, parseReference("localhost:5000/team/one"), one.descriptor);
  setRef(store, parseReference("arm"), arm.descriptor);
  setRef(store, parseReference("multi"), {
    mediaType: mediaType.ociIndex,
    digest: indexDigest,
    size: index.length,
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("findImage() takes names short and full, digests, IDs and their beginnings", () => {
  const hex = digestHex(one.id);
  for (const text of [
    "one:1",
    "docker.io/library/one:1",
    "localhost:5000/team/one",
    `one@${one.descriptor.digest}`,
    `one@${indexDigest}`,
    `one:1@${indexDigest}`,
    hex,
    `sha256:${hex}`,
    hex.slice(0, 12),
    `sha256:${hex.slice(0, 8)}`,
    `multi@${one.descriptor.digest}`,
  ])
    expect([text, findImage(store, text).id]).toEqual([text, one.id]);
});

test("findImage() gives names, digests, size and the parsed documents", () => {
  const image = findImage(store, "one:1");
  expect(image.names).toEqual(["one:1", "localhost:5000/team/one:latest"]);
  expect(image.repoDigests).toEqual([
    `one@${indexDigest}`,
    `localhost:5000/team/one@${one.descriptor.digest}`,
  ]);
  expect(image.config.config?.Cmd).toEqual(["one"]);
  expect(image.size).toBe(image.manifest.config.size + (image.manifest.layers[0]?.size ?? 0));
  expect(image.created).toBe("2026-01-01T00:00:00Z");
});

test("findImage() chooses by platform, and names what there is when nothing fits", () => {
  expect(findImage(store, "multi", parsePlatform("linux/arm64")).id).toBe(arm.id);
  expect(findImage(store, "multi", parsePlatform("linux/amd64")).id).toBe(one.id);
  expect(findImage(store, "arm").id).toBe(arm.id);
  expect(() => findImage(store, "arm", parsePlatform("linux/amd64"))).toThrow(
    expect.objectContaining({ code: "platform-mismatch", why: "the store holds it for linux/arm64" }),
  );
});

test("findImage() refuses what is not here, and names what is near", () => {
  expect(() => findImage(store, "ona:1")).toThrow(
    expect.objectContaining({ code: "image-unknown", next: 'did you mean "one:1"?' }),
  );
  expect(() => findImage(store, "f".repeat(64))).toThrow("No such image");
  expect(() => findImage(store, "One:1")).toThrow("Cannot read");
});

test("findImage() refuses a beginning that several IDs have", async () => {
  const own = openStore(`${root}/many`);
  const digits = new Set<string>();
  let shared = "";
  for (let n = 0; shared === ""; n++) {
    const image = writeImage(own, { created: "2026-01-01T00:00:00Z", change: () => ({ User: String(n) }) });
    setRef(own, parseReference(`i:${n}`), image.descriptor);
    const first = digestHex(image.id).slice(0, 1);
    if (digits.has(first)) shared = first;
    digits.add(first);
  }
  expect(() => findImage(own, shared)).toThrow(expect.objectContaining({ code: "image-id-ambiguous" }));
});

test("isImageId() tells an ID from a name of hexadecimal digits", () => {
  const image = findImage(store, "one:1");
  expect(isImageId(image, digestHex(image.id).slice(0, 4))).toBe(true);
  expect(isImageId(image, "one:1")).toBe(false);
});

test("findImage() refuses a document that a power cut emptied", async () => {
  const own = openStore(`${root}/cut`);
  const image = writeImage(own, { created: "2026-01-01T00:00:00Z" });
  setRef(own, parseReference("cut"), image.descriptor);
  writeFileSync(blobPath(own, image.id), "");
  expect(() => findImage(own, "cut")).toThrow(expect.objectContaining({ code: "blob-damaged" }));
  writeFileSync(blobPath(own, image.id), Buffer.alloc(image.manifest.config.size));
  expect(() => findImage(own, "cut")).toThrow(expect.objectContaining({ code: "blob-damaged" }));
  expect(listImages(own)).toEqual({
    images: [],
    damaged: [
      { name: "docker.io/library/cut:latest", why: expect.stringContaining("its bytes have the digest") },
    ],
  });
});

test("listImages() gives each image once, newest first, with all names", () => {
  const { images, damaged } = listImages(store);
  expect(images.map((image) => image.names)).toEqual([
    ["arm:latest", "multi:latest"],
    ["one:1", "localhost:5000/team/one:latest", "multi:latest"],
  ]);
  expect(damaged).toEqual([]);
});

test("imageHistory() gives layers their sizes, newest first", () => {
  const image = findImage(store, "one:1");
  const layer = image.manifest.layers[0]?.size ?? 0;
  expect(imageHistory(store, image).map((row) => [row.id, row.createdBy, row.size])).toEqual([
    [image.id, "CMD", 0],
    [undefined, "one", layer],
  ]);
  expect(diskSize(store, image)).toBe(image.manifest.config.size + layer);
});

test("writeImage() writes the same bytes for the same change, and stands on a base", async () => {
  const again = await make("one", "linux/amd64");
  expect(again.descriptor).toEqual(one.descriptor);
  const base = findImage(store, "one:1");
  const derived = writeImage(store, {
    base,
    change: (defaults) => ({ ...defaults, Labels: { b: "2", a: "1" } }),
    history: [{ created_by: "LABEL", empty_layer: true }],
    created: "2026-03-01T00:00:00Z",
  });
  expect(derived.config).toMatchObject({
    architecture: "amd64",
    config: { Cmd: ["one"], Labels: { a: "1", b: "2" } },
    rootfs: base.config.rootfs,
  });
  expect(derived.config.history).toHaveLength(3);
  expect(Object.keys(derived.config)).toEqual([
    "created",
    "architecture",
    "os",
    "config",
    "rootfs",
    "history",
  ]);
});
