import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Descriptor, digestOf, mediaType, parseReference } from "#spec";
import { readRefs, removeRef, setRef } from "./refs.ts";
import { openStore, type Store } from "./store.ts";

let root: string;
let store: Store;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/vial-refs-`);
  store = openStore(`${root}/s`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const descriptor = (text: string): Descriptor => ({
  mediaType: mediaType.ociManifest,
  digest: digestOf(text),
  size: text.length,
});
const names = () => readRefs(store).map((ref) => `${ref.name ?? "<none>"} ${ref.descriptor.size}`);
const index = () => JSON.parse(readFileSync(`${store.layout}/index.json`, "utf8"));

test("setRef() writes the full reference where umoci and skopeo look for it", () => {
  setRef(store, parseReference("debian:12"), descriptor("a"));
  expect(index()).toEqual({
    schemaVersion: 2,
    mediaType: mediaType.ociIndex,
    manifests: [
      {
        ...descriptor("a"),
        annotations: { "org.opencontainers.image.ref.name": "docker.io/library/debian:12" },
      },
    ],
  });
});

test("setRef() leaves the image that lost its last name behind as dangling", () => {
  setRef(store, parseReference("a:1"), descriptor("x"));
  setRef(store, parseReference("a:1"), descriptor("yy"));
  expect(names()).toEqual(["docker.io/library/a:1 2", "<none> 1"]);
});

test("setRef() makes no dangling entry while another name holds the image, and takes one away that gets a name", () => {
  setRef(store, parseReference("a:1"), descriptor("x"));
  setRef(store, parseReference("a:2"), descriptor("x"));
  setRef(store, parseReference("a:1"), descriptor("yy"));
  expect(names()).toEqual(["docker.io/library/a:2 1", "docker.io/library/a:1 2"]);
  setRef(store, undefined, descriptor("zzz"));
  setRef(store, undefined, descriptor("zzz"));
  expect(names().filter((name) => name === "<none> 3")).toHaveLength(1);
  setRef(store, parseReference("z"), descriptor("zzz"));
  expect(names()).toContain("docker.io/library/z:latest 3");
  expect(names()).not.toContain("<none> 3");
});

test("setRef() keeps what others wrote into index.json", () => {
  writeFileSync(
    `${store.layout}/index.json`,
    JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { by: "umoci" } }),
  );
  setRef(store, parseReference("a"), { ...descriptor("x"), annotations: { kept: "yes" } });
  expect(index().annotations).toEqual({ by: "umoci" });
  expect(index().manifests[0].annotations.kept).toBe("yes");
});

test("setRef() leaves out the tag of a reference with a digest", () => {
  setRef(store, parseReference(`a:1@${digestOf("x")}`), descriptor("x"));
  expect(names()).toEqual([`docker.io/library/a@${digestOf("x")} 1`]);
});

test("removeRef() takes the name away and keeps the image", () => {
  setRef(store, parseReference("a"), descriptor("x"));
  expect(removeRef(store, parseReference("a"))).toBe(true);
  expect(names()).toEqual(["<none> 1"]);
  expect(removeRef(store, parseReference("a"))).toBe(false);
});

test("setRef() of many processes at once loses none", async () => {
  const script = `
    import { openStore } from ${JSON.stringify(`${import.meta.dir}/store.ts`)};
    import { setRef } from ${JSON.stringify(`${import.meta.dir}/refs.ts`)};
    import { parseReference } from ${JSON.stringify(`${import.meta.dir}/../spec/spec.ts`)};
    const store = openStore(process.argv[2]);
    for (let i = 0; i < 10; i++) setRef(store, parseReference("n" + process.argv[3] + ":" + i), ${JSON.stringify(descriptor("x"))});
  `;
  writeFileSync(`${root}/child.ts`, script);
  const children = [1, 2, 3, 4].map((number) =>
    Bun.spawn([process.execPath, `${root}/child.ts`, store.root, String(number)], { stderr: "inherit" }),
  );
  expect(await Promise.all(children.map((child) => child.exited))).toEqual([0, 0, 0, 0]);
  expect(readRefs(store)).toHaveLength(40);
});

for (const [fault, text] of [
  ["no JSON", "{"],
  ["no list", '{"manifests":{}}'],
  [
    "a digest that leaves the folder",
    '{"manifests":[{"mediaType":"a/b","digest":"sha256:../../x","size":1}]}',
  ],
  ["a negative size", `{"manifests":[{"mediaType":"a/b","digest":"${digestOf("x")}","size":-1}]}`],
  [
    "an annotation that is a number",
    `{"manifests":[{"mediaType":"a/b","digest":"${digestOf("x")}","size":1,"annotations":{"a":1}}]}`,
  ],
] as const)
  test(`readRefs() refuses ${fault}`, () => {
    writeFileSync(`${store.layout}/index.json`, text);
    expect(() => readRefs(store)).toThrow("Cannot read the table of images");
  });
