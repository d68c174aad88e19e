import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lchownSync,
  chownSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { findProgram, makeNode, runSync, setTimes, writeXattr } from "#host";
import { showTree, unpackHere } from "./layer-look.ts";

// The same archive, unpacked by GNU tar and by us, must give the same tree: content, owners, modes, times, attributes,
// links, devices, holes. And fsck.erofs must find nothing wrong with the image.

const isRoot = process.getuid?.() === 0;
const tar = findProgram("tar");
const fsck = findProgram("fsck.erofs");
let folder = "";
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-golden-`);
  if (isRoot) makeTree(`${folder}/tree`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeTree(root: string): void {
  mkdirSync(root);
  const path = (name: string | Buffer) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
  writeFileSync(path("small"), "hello\n");
  writeFileSync(path("empty"), "");
  for (const size of [2047, 2048, 2049, 4095, 4096, 4097, 6144, 6145, 70_000, 300_001, 2_200_000]) {
    writeFileSync(
      path(`size-${size}`),
      Buffer.from(new Uint8Array(size).map((_, i) => (i * 7 + size) % 251)),
    );
  }
  writeFileSync(path("zeros"), Buffer.alloc(200_000));
  chownSync(path("small"), 1000, 2000);
  chmodSync(path("small"), 0o4711);
  writeFileSync(path(Buffer.from([0x62, 0xff, 0xe9, 0x0a, 0x5c])), "odd name");
  mkdirSync(path("d/e/f"), { recursive: true });
  chmodSync(path("d"), 0o1777);
  chmodSync(path("d/e"), 0o500);
  chownSync(path("d/e"), 65_534, 4_000_000_000);
  const long = "long".repeat(60);
  mkdirSync(path(long));
  writeFileSync(path(`${long}/${long}`), "long name");
  symlinkSync("nowhere", path("dangling"));
  symlinkSync(`/${"target/".repeat(60)}`, path("long-link"));
  symlinkSync("t".repeat(3000), path("longer-link"));
  lchownSync(path("dangling"), 12, 34);
  linkSync(path("size-70000"), path("d/linked"));
  linkSync(path("size-70000"), path("d/e/f/linked-too"));
  linkSync(path("dangling"), path("d/dangling-too"));
  makeNode(path("null"), 0o20666, 1, 3);
  makeNode(path("disk"), 0o60660, 259, 70_000);
  makeNode(path("fifo"), 0o10600, 0, 0);
  const sparse = openSync(path("sparse"), "wx");
  writeSync(sparse, "begin", 0);
  writeSync(sparse, "middle", 5_000_000);
  for (let i = 0; i < 40; i++) writeSync(sparse, `region ${i}`, 6_000_000 + i * 70_000);
  ftruncateSync(sparse, 20_000_001);
  closeSync(sparse);
  writeXattr(path("small"), "user.note", Buffer.from("bytes\xff\x00 and more", "latin1"));
  writeXattr(path("small"), "user.empty", Buffer.alloc(0));
  writeXattr(
    path("size-2048"),
    "security.capability",
    Buffer.from("0100000200200000000000000000000000000000", "hex"),
  );
  writeXattr(path("size-4096"), "user.big", Buffer.alloc(2500, "x"));
  writeXattr(path("d"), "trusted.mark", Buffer.from("1"));
  mkdirSync(path("many"));
  for (let i = 0; i < 300; i++) writeFileSync(path(`many/${"!+-azAZ~"[i % 8]}${i}`), `${i}`);
  mkdirSync(path("numbers"));
  for (let i = 0; i < 120; i++) symlinkSync(`${i}`, path(`numbers/${i}`));
  setTimes(path("small"), 1_234_567_890, 123_456_789);
  setTimes(path("dangling"), 1_000_000_000, 5);
  setTimes(path("empty"), -100, 250_000_000);
  setTimes(path("d"), 2_000_000_000, 0);
  setTimes(path("."), 1_500_000_000, 999_999_999);
}

describe.skipIf(!isRoot || tar === undefined)(
  "unpacking (owners and devices take root, GNU tar is the judge)",
  () => {
    const formats: readonly (readonly [string, readonly string[]])[] = [
      ["pax", ["--format=posix", "--xattrs", "--xattrs-include=*"]],
      ["gnu", ["--format=gnu"]],
      ["pax sparse 0.0", ["--format=posix", "--sparse", "--sparse-version=0.0"]],
      ["pax sparse 0.1", ["--format=posix", "--sparse", "--sparse-version=0.1"]],
      ["pax sparse 1.0", ["--format=posix", "--sparse", "--sparse-version=1.0", "--xattrs"]],
      ["old gnu sparse", ["--format=gnu", "--sparse"]],
    ];
    for (const [name, options] of formats) {
      test(`gives what GNU tar gives: ${name}`, () => {
        const place = `${folder}/${count++}`;
        mkdirSync(place);
        const made = runSync("tar", [...options, "-C", `${folder}/tree`, "-cf", `${place}/a.tar`, "."]);
        expect(made.stderr).toBe("");
        mkdirSync(`${place}/gnu`);
        runSync("tar", [
          "-x",
          "--xattrs",
          "--xattrs-include=*",
          "-p",
          "-C",
          `${place}/gnu`,
          "-f",
          `${place}/a.tar`,
        ]);
        const wanted = showTree(`${place}/gnu`);
        expect(Object.keys(wanted).length).toBeGreaterThan(450);
        const bytes = readFileSync(`${place}/a.tar`);
        expect(unpackHere(bytes, "folder", `${place}/folder`, showTree)).toEqual(wanted);
        expect(unpackHere(bytes, "erofs", `${place}/erofs`, showTree)).toEqual(wanted);
        if (name.includes("sparse")) {
          expect(statSync(`${place}/folder/fs/sparse`).blocks * 512).toBeLessThan(1_000_000);
        }
        if (fsck !== undefined) {
          expect(runSync("fsck.erofs", [`${place}/erofs/image`])).toMatchObject({ exitCode: 0, stderr: "" });
        }
        if (name !== "pax") return;
        unpackHere(bytes, "erofs", `${place}/again`, () => undefined);
        expect(readFileSync(`${place}/again/image`).equals(readFileSync(`${place}/erofs/image`))).toBe(true);
      }, 30_000);
    }
  },
);
