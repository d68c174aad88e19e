import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type TarEntry, TarReader } from "./tar-read.ts";
import { tarEnd, tarHeader, type TarMember, tarPadding } from "./tar-write.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/vial-tar-`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function readBack(bytes: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader(
    { entry: (entry) => void entries.push(entry), data: () => {}, end: () => {} },
    { subject: "x" },
  );
  reader.push(bytes);
  reader.finish();
  return entries;
}

const plain: TarMember = { type: "file", name: "a", mode: 0o644, mtime: 1 };
const deep = (length: number) =>
  `${"d".repeat(60)}/`.repeat(Math.floor(length / 61)) + "f".repeat(length % 61 || 1);

describe("tarHeader() says what TarReader reads", () => {
  const cases: readonly (readonly [string, TarMember])[] = [
    ["a file", { ...plain, uid: 5, gid: 6, mode: 0o6755 }],
    ["a folder", { ...plain, type: "directory", name: "a/b" }],
    ["a symlink", { ...plain, type: "symlink", linkName: "../x" }],
    ["a hard link", { ...plain, type: "hard-link", linkName: "x" }],
    ["a device", { ...plain, type: "block-device", deviceMajor: 259, deviceMinor: 70_000 }],
    ["a pipe", { ...plain, type: "fifo" }],
    ["a name of 100", { ...plain, name: "n".repeat(100) }],
    ["a name of 101 without a slash", { ...plain, name: "n".repeat(101) }],
    ["a long path in two fields", { ...plain, name: deep(200) }],
    ["a path of 3000", { ...plain, name: deep(3000) }],
    [
      "a folder whose slash does not fit",
      { ...plain, type: "directory", name: `${"p".repeat(100)}/${"n".repeat(100)}` },
    ],
    ["a name in UTF-8", { ...plain, name: Buffer.from("é/日本").toString("latin1") }],
    ["a name that is not UTF-8", { ...plain, name: "a\xff\xfeb\n" }],
    ["a long link", { ...plain, type: "symlink", linkName: "l".repeat(300) }],
    ["large ids", { ...plain, uid: 4_000_000_000, gid: 2_097_152 }],
    ["a time before 1970", { ...plain, mtime: -5 }],
    ["a part of a second", { ...plain, mtime: 7, mtimeNanoseconds: 120_000_000 }],
    ["a part of a second before 1970", { ...plain, mtime: -1, mtimeNanoseconds: 500_000_000 }],
    ["a time after 2242", { ...plain, mtime: 9_000_000_000 }],
  ];
  for (const [name, member] of cases)
    test(name, () => {
      const [entry] = readBack(Buffer.concat([tarHeader(member), tarEnd()]));
      expect({ ...entry, name: entry?.name.replace(/\/$/, "") } as unknown).toMatchObject({
        uid: 0,
        gid: 0,
        linkName: "",
        mtimeNanoseconds: 0,
        ...member,
      });
    });

  test("a size beyond 8 GiB", () => {
    const sizes: number[] = [];
    const reader = new TarReader(
      { entry: (entry) => void sizes.push(entry.size), data: () => {}, end: () => {} },
      { subject: "x" },
    );
    reader.push(tarHeader({ ...plain, size: 2 ** 40 }));
    expect(sizes).toEqual([2 ** 40]);
  });

  test("extended attributes, with any bytes", () => {
    const xattrs = new Map([
      ["user.b", Buffer.from([0, 1, 10, 255])],
      ["user.a", Buffer.alloc(0)],
    ]);
    const [entry] = readBack(Buffer.concat([tarHeader({ ...plain, xattrs }), tarEnd()]));
    expect([...(entry?.xattrs ?? [])].sort()).toEqual([...xattrs].sort());
  });
});

test("GNU tar reads what tarHeader() writes", () => {
  const content = Buffer.from("hello");
  const archive = Buffer.concat([
    tarHeader({ ...plain, name: deep(300), size: 5, mtimeNanoseconds: 5 }),
    content,
    tarPadding(5),
    tarHeader({ ...plain, type: "directory", name: Buffer.from("é").toString("latin1") }),
    tarEnd(),
  ]);
  writeFileSync(`${root}/x.tar`, archive);
  const result = Bun.spawnSync(["tar", "--quoting-style=literal", "-tf", `${root}/x.tar`]);
  expect(result.stderr.toString()).toBe("");
  expect(result.stdout.toString()).toBe(`${deep(300)}\né/\n`);
});
