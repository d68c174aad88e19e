import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { digestHex, digestOf, parseReference } from "#spec";
import { checkStore } from "./check.ts";
import { blobPath, writeBlob } from "./content.ts";
import { holdContent } from "./lease.ts";
import { tarEnd, tarHeader } from "./layer/tar-write.ts";
import { addLayerBlob, type WrittenImage, writeImage } from "./mutate.ts";
import { readRefs, setRef } from "./refs.ts";
import { openStore, type Store } from "./store.ts";

let root: string;
let store: Store;
let image: WrittenImage;
beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/vial-check-`);
  store = openStore(`${root}/s`);
  const tar = [tarHeader({ type: "directory", name: "d", mode: 0o755, mtime: 0 }), tarEnd()];
  image = writeImage(store, {
    layers: [await addLayerBlob(store, tar, { compression: "none" })],
    created: "2026-01-01T00:00:00Z",
  });
  setRef(store, parseReference("a:1"), image.descriptor);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const faults = () =>
  checkStore(store)
    .findings.filter((finding) => finding.severity !== "note")
    .map((finding) => finding.what);
const repair = () => checkStore(store, { repair: true });
const layer = () => image.manifest.layers[0]!.digest;

test("checkStore() finds a whole store clean", () => {
  expect(checkStore(store)).toMatchObject({ findings: [], clean: true, images: 1, blobs: 3 });
});

test("checkStore() calls leftovers harmless", () => {
  writeFileSync(`${store.ingest}/${"a".repeat(64)}`, "part");
  writeFileSync(`${store.trash}/x`, "");
  writeFileSync(`${blobPath(store, image.id)}.tmp-12-1`, "half");
  writeBlob(store, "nobody's");
  mkdirSync(`${store.layers}/${"b".repeat(64)}/fs`, { recursive: true });
  const { findings, clean } = checkStore(store);
  expect(clean).toBe(true);
  expect(findings.map((finding) => finding.severity)).toEqual(["note", "note", "note", "note", "note"]);
});

test("checkStore() finds a blob that a power cut left empty, short or full of zeros, and sets it aside", () => {
  for (const damage of [0, 100]) {
    truncateSync(blobPath(store, layer()), damage);
    expect(faults()[0]).toContain(`the blob ${layer()} is damaged`);
  }
  const result = repair();
  expect(result.findings[0]).toMatchObject({ severity: "error", done: "set aside" });
  expect(faults()).toEqual([expect.stringContaining("is missing; pull the image again")]);
  mkdirSync(`${store.layers}/${digestHex(image.config.rootfs.diff_ids![0]!)}/fs`, { recursive: true });
  expect(faults()).toEqual([expect.stringContaining("it is there unpacked")]);
});

test("checkStore() takes the name of an image away whose documents are lost", () => {
  writeFileSync(blobPath(store, image.descriptor.digest), Buffer.alloc(image.descriptor.size));
  expect(faults()).toHaveLength(2);
  repair();
  expect(readRefs(store)).toEqual([]);
  expect(faults()).toEqual([]);
});

test("checkStore() writes a lost table of images anew, with the images that are here", () => {
  writeFileSync(`${store.layout}/index.json`, "");
  expect(faults()).toHaveLength(1);
  expect(repair().clean).toBe(true);
  expect(readRefs(store).map((ref) => [ref.name, ref.descriptor.digest])).toEqual([
    [undefined, image.descriptor.digest],
  ]);
  expect(faults()).toEqual([]);
});

test("checkStore() finds a layout file of another version", () => {
  writeFileSync(`${store.layout}/oci-layout`, '{"imageLayoutVersion":"9"}');
  expect(faults()).toHaveLength(1);
  repair();
  expect(faults()).toEqual([]);
});

test("checkStore() finds what is no blob", () => {
  writeFileSync(`${store.blobs}/sha256/readme`, "");
  mkdirSync(`${store.blobs}/sha256/${"c".repeat(64)}`);
  expect(faults()).toHaveLength(2);
  repair();
  expect(faults()).toEqual([]);
});

test("checkStore() finds a config that names another number of layers", () => {
  const odd = writeImage(store, { created: "2026-01-01T00:00:00Z" });
  const manifest = JSON.stringify({ ...odd.manifest, layers: image.manifest.layers });
  const digest = writeBlob(store, manifest);
  setRef(store, parseReference("odd"), { ...odd.descriptor, digest, size: manifest.length });
  expect(faults()).toEqual([expect.stringContaining("names 0 layers, its manifest 1")]);
});

test("checkStore() finds an unpacked layer that is no file system", () => {
  const path = `${store.layers}/${digestHex(digestOf("x"))}.erofs`;
  writeFileSync(path, Buffer.alloc(4096));
  expect(faults()).toEqual([expect.stringContaining("is no erofs file system")]);
  repair();
  expect(faults()).toEqual([]);
});

test("checkStore() does not repair beside a pull", () => {
  using _hold = holdContent(store);
  expect(checkStore(store).clean).toBe(true);
  expect(() => checkStore(store, { repair: true, patience: 5 })).toThrow(
    expect.objectContaining({ code: "store-busy" }),
  );
});
