import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { digestHex, parseReference } from "#spec";
import { blobPath, hasBlob, writeBlob } from "./content.ts";
import { findImage, type StoredImage } from "./find.ts";
import { collectGarbage } from "./gc.ts";
import { holdContent } from "./lease.ts";
import { tarEnd, tarHeader } from "./layer/tar-write.ts";
import { addLayerBlob, writeImage } from "./mutate.ts";
import { readRefs, setRef } from "./refs.ts";
import { pruneImages, removeImage } from "./remove.ts";
import { openStore, type Store } from "./store.ts";

let root: string;
let store: Store;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/vial-remove-`);
  store = openStore(`${root}/s`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function make(label: string, ...names: string[]): Promise<StoredImage> {
  const tar = [tarHeader({ type: "directory", name: label, mode: 0o755, mtime: 0 }), tarEnd()];
  const layer = await addLayerBlob(store, tar, { compression: "none" });
  const image = writeImage(store, {
    layers: [layer],
    change: () => ({ Labels: { name: label } }),
    created: "2026-01-01T00:00:00Z",
  });
  const folder = `${store.layers}/${digestHex(layer.diffId)}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/file`, label);
  if (names.length === 0) setRef(store, undefined, image.descriptor);
  for (const name of names) setRef(store, parseReference(name), image.descriptor);
  return findImage(store, digestHex(image.id));
}
const blobs = () => readdirSync(`${store.blobs}/sha256`).length;
const layers = () => readdirSync(store.layers).length;
const user = (running: boolean) => ({ usedBy: () => [{ id: "1", container: "web", running }] });

test("removeImage() by one of several names only untags", async () => {
  const image = await make("a", "a:1", "a:2");
  expect(removeImage(store, "a:1")).toEqual({ untagged: ["a:1"], deleted: [], freed: 0, deferred: false });
  expect(findImage(store, "a:2").id).toBe(image.id);
  expect(blobs()).toBe(3);
});

test("removeImage() by the last name removes blobs and layers, and leaves those of others", async () => {
  const image = await make("a", "a:1");
  await make("b", "b:1");
  const removed = removeImage(store, "a:1");
  expect(removed).toMatchObject({ untagged: ["a:1"], deleted: [image.id], deferred: false });
  expect(removed.freed).toBe(image.size + image.manifestSize);
  expect([blobs(), layers()]).toEqual([3, 1]);
  expect(findImage(store, "b:1").names).toEqual(["b:1"]);
});

test("removeImage() deletes what it set aside in the background", async () => {
  await make("a", "a:1");
  removeImage(store, "a:1");
  for (let tries = 0; readdirSync(store.trash).length > 0 && tries < 300; tries++) await Bun.sleep(10);
  expect(readdirSync(store.trash)).toEqual([]);
});

test("removeImage() by ID needs force where there are several names", async () => {
  const image = await make("a", "a:1", "b:1");
  const id = digestHex(image.id).slice(0, 12);
  expect(() => removeImage(store, id)).toThrow(expect.objectContaining({ code: "image-many-names" }));
  expect(removeImage(store, id, { force: true }).untagged).toEqual(["a:1", "b:1"]);
  expect(blobs()).toBe(0);
});

test("removeImage() refuses an image of a stopped container unless forced", async () => {
  const image = await make("a", "a:1");
  expect(() => removeImage(store, "a:1", user(false))).toThrow(
    expect.objectContaining({ code: "image-in-use" }),
  );
  expect(() => removeImage(store, digestHex(image.id), user(false))).toThrow(
    expect.objectContaining({ code: "image-in-use" }),
  );
  const diffIds = image.config.rootfs.diff_ids ?? [];
  const removed = removeImage(store, "a:1", {
    ...user(false),
    force: true,
    held: () => ({ layers: diffIds, blobs: [] }),
  });
  expect(removed.deleted).toEqual([image.id]);
  // The container still stands on the unpacked layer.
  expect([blobs(), layers()]).toEqual([0, 1]);
});

test("removeImage() never removes an image of a running container; by name and force it loses the name", async () => {
  const image = await make("a", "a:1");
  expect(() => removeImage(store, digestHex(image.id), { ...user(true), force: true })).toThrow(
    expect.objectContaining({ code: "image-held" }),
  );
  expect(() => removeImage(store, "a:1", user(true))).toThrow(
    expect.objectContaining({ code: "image-in-use" }),
  );
  expect(removeImage(store, "a:1", { ...user(true), force: true })).toMatchObject({
    untagged: ["a:1"],
    deleted: [],
  });
  expect(readRefs(store).map((ref) => ref.name)).toEqual([undefined]);
  expect(blobs()).toBe(3);
});

test("removeImage() takes a name away whose image is damaged", async () => {
  const image = await make("a", "a:1");
  rmSync(blobPath(store, image.manifestDigest));
  expect(removeImage(store, "a:1")).toMatchObject({ untagged: ["a:1"] });
  expect(readRefs(store)).toEqual([]);
  expect(blobs()).toBe(0);
});

test("collectGarbage() takes nothing while another process holds content, and all of it once that was killed", async () => {
  writeFileSync(
    `${root}/child.ts`,
    `import { holdContent } from ${JSON.stringify(`${import.meta.dir}/lease.ts`)};
     import { openStore } from ${JSON.stringify(`${import.meta.dir}/store.ts`)};
     import { writeBlob } from ${JSON.stringify(`${import.meta.dir}/content.ts`)};
     const store = openStore(process.argv[2]);
     holdContent(store);
     writeBlob(store, "a layer whose name is still to come");
     console.log("held");
     setInterval(() => {}, 1000);`,
  );
  const child = Bun.spawn([process.execPath, `${root}/child.ts`, store.root], { stdout: "pipe" });
  const reader = child.stdout.getReader();
  await reader.read();
  await make("a", "a:1");
  expect(collectGarbage(store)).toEqual({ freed: 0, deferred: true });
  expect(removeImage(store, "a:1")).toMatchObject({ untagged: ["a:1"], deferred: true });
  expect(blobs()).toBe(4);
  child.kill("SIGKILL");
  await child.exited;
  expect(collectGarbage(store)).toMatchObject({ deferred: false });
  expect([blobs(), layers()]).toEqual([0, 0]);
});

test("holdContent() of several at once is no conflict", () => {
  using _one = holdContent(store);
  using _two = holdContent(store);
  expect(collectGarbage(store).deferred).toBe(true);
});

test("collectGarbage() keeps a broken download for a week and a broken load not at all", () => {
  writeFileSync(`${store.ingest}/${"a".repeat(64)}`, "part");
  writeFileSync(`${store.ingest}/${"b".repeat(64)}`, "part");
  const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  utimesSync(`${store.ingest}/${"b".repeat(64)}`, old, old);
  writeFileSync(`${store.ingest}/load-1-1`, "part");
  expect(collectGarbage(store)).toEqual({ freed: 8, deferred: false });
  expect(readdirSync(store.ingest)).toEqual(["a".repeat(64)]);
});

test("pruneImages() removes dangling images, and with `all` those that no container uses", async () => {
  const dangling = await make("none");
  const a = await make("a", "a:1");
  const b = await make("b", "b:1");
  writeBlob(store, "nobody's");
  expect(pruneImages(store).deleted).toEqual([dangling.id]);
  expect(blobs()).toBe(6);
  const usedBy = (image: StoredImage) =>
    image.id === a.id ? [{ id: "1", container: "c", running: false }] : [];
  expect(pruneImages(store, { all: true, usedBy })).toMatchObject({ untagged: ["b:1"], deleted: [b.id] });
  expect(findImage(store, "a:1").id).toBe(a.id);
});

test("pruneImages() goes by labels and age", async () => {
  await make("a", "a:1");
  const b = await make("b", "b:1");
  const all = true;
  expect(pruneImages(store, { all, until: Date.parse("2025-01-01") }).deleted).toEqual([]);
  expect(pruneImages(store, { all, labels: ["name=c"] }).deleted).toEqual([]);
  expect(pruneImages(store, { all, labelsNot: ["name=a"], labels: ["name"] }).deleted).toEqual([b.id]);
  expect(hasBlob(store, b.id)).toBe(false);
  expect(existsSync(`${store.layout}/index.json`)).toBe(true);
});
