import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { digestOf, VialError } from "#spec";
// By the door, as the other rooms do.
import {
  architectureOfPlatform,
  createRootSif,
  idOfDigest,
  openSif,
  parseSquashfsPacking,
  primaryPartition,
  type RootSif,
} from "#sif";
import { TestFolder } from "./testing/files.ts";

// squashfs-tools is among the programs that `npm start` installs.

const identity = digestOf("the image");
const zstd = parseSquashfsPacking("zstd");

function makeTree(folder: string): string {
  const tree = `${folder}/tree`;
  mkdirSync(`${tree}/bin`, { recursive: true });
  writeFileSync(`${tree}/bin/sh`, "x".repeat(300000), { mode: 0o755 });
  writeFileSync(`${tree}/hello`, "hello");
  for (const name of ["bin/sh", "hello", "bin", ""]) utimesSync(`${tree}/${name}`, 1000, 1000);
  return tree;
}

function shell(...argv: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  return stdout.toString();
}

const wish = {
  architecture: "amd64",
  deffile: "Bootstrap: docker\nFrom: debian\n",
  labels: { b: "2", a: "1" },
  ociConfig: { Cmd: ["sh"], Env: ["PATH=/bin"] },
  identity,
  time: 5000,
} as const satisfies Omit<RootSif, "root">;

describe("createRootSif()", () => {
  test("a squashfs that is moved into its place gives the same bytes as one that is copied", async () => {
    using folder = new TestFolder();
    const tree = makeTree(folder.path);
    const make = (path: string) => {
      shell("mksquashfs", tree, path, "-noappend", "-quiet", "-mkfs-time", "0", "-comp", "gzip");
      return path;
    };
    const [copied, moved, far] = ["copied", "moved", "far"].map((name) => `${folder.path}/${name}.sif`);
    const source = make(`${folder.path}/root.sqfs`);
    await createRootSif(copied!, { ...wish, root: { kind: "squashfs", path: source } });
    await createRootSif(moved!, { ...wish, root: { kind: "own-squashfs", path: source } });
    // Another file system, where nothing can be moved from.
    const away = make(`/dev/shm/vial-root-${process.pid}.sqfs`);
    try {
      await createRootSif(far!, { ...wish, root: { kind: "own-squashfs", path: away } });
    } finally {
      rmSync(away);
    }
    for (const path of [moved!, far!]) {
      expect(readFileSync(path).equals(readFileSync(copied!))).toBe(true);
      expect(statSync(path).mode).toBe(statSync(copied!).mode);
    }
  });

  test("writes what Apptainer writes, in its order, the same bytes every time", async () => {
    using folder = new TestFolder();
    const root = { kind: "folder", path: makeTree(folder.path), allRoot: true, packing: zstd } as const;
    const [one, two] = [`${folder.path}/one.sif`, `${folder.path}/two.sif`];
    await createRootSif(one, { ...wish, root });
    await createRootSif(two, { ...wish, root });
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual(["one.sif", "tree", "two.sif"]);
    using file = openSif(one);
    expect(file.header).toMatchObject({
      launch: "#!/usr/bin/env run-singularity\n",
      architecture: "amd64",
      createdAt: 5000,
      descriptorsTotal: 48,
      dataOffset: 32176,
    });
    expect(file.header.id).toBe(idOfDigest(identity));
    expect(file.objects.map(({ type, group, name, link }) => [type, group, name, link])).toEqual([
      ["deffile", 1, "", 0],
      ["generic-json", 1, "inspect-metadata.json", 0],
      ["generic-json", 1, "oci-config.json", 0],
      ["partition", 1, "", 0],
    ]);
    const texts = file.objects.slice(0, 3).map((object) => Buffer.concat([...file.read(object)]).toString());
    expect(texts[0]).toBe(wish.deffile);
    expect(texts[1]).toBe(
      '{"data":{"attributes":{"deffile":"Bootstrap: docker\\nFrom: debian\\n","labels":{"a":"1","b":"2"}}},"type":"container"}',
    );
    expect(texts[2]).toBe('{"Cmd":["sh"],"Env":["PATH=/bin"]}');
    const { offset } = primaryPartition(file);
    expect(offset).toBe(32768);
    expect(shell("unsquashfs", "-o", String(offset), "-cat", one, "hello")).toBe("hello");
    expect(shell("unsquashfs", "-s", "-o", String(offset), one)).toContain("compression-level 1");
  });

  test("takes a squashfs that is there, to the byte", async () => {
    using folder = new TestFolder();
    const tree = makeTree(folder.path);
    const squashfs = `${folder.path}/root.squashfs`;
    shell("mksquashfs", tree, squashfs, "-quiet", "-no-progress");
    const path = `${folder.path}/x.sif`;
    await createRootSif(path, { architecture: "arm64", root: { kind: "squashfs", path: squashfs } });
    using file = openSif(path);
    expect(file.objects.map(({ name }) => name)).toEqual(["inspect-metadata.json", ""]);
    expect(file.header.id).toBe("00000000-0000-0000-0000-000000000000");
    expect(Buffer.concat([...file.read(primaryPartition(file))]).equals(readFileSync(squashfs))).toBe(true);
    const missing = { kind: "squashfs", path: `${folder.path}/none` } as const;
    expect(createRootSif(path, { architecture: "arm64", root: missing })).rejects.toThrow("Cannot open");
  });

  test("packs a tar the same way at any time, and keeps the times of its files", async () => {
    using folder = new TestFolder();
    const tar = Buffer.from(
      Bun.spawnSync(["tar", "-C", makeTree(folder.path), "--owner=7", "--group=8", "-c", "."]).stdout,
    );
    const pack = async (name: string) => {
      const path = `${folder.path}/${name}`;
      const stream = (async function* () {
        for (let at = 0; at < tar.length; at += 65536) yield tar.subarray(at, at + 65536);
      })();
      await createRootSif(path, {
        architecture: "amd64",
        root: { kind: "tar", tar: stream, newest: 2000, packing: parseSquashfsPacking("gzip:6") },
      });
      return path;
    };
    const [one] = [await pack("one.sif"), await Bun.sleep(1100)];
    const two = await pack("two.sif");
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
    using file = openSif(one);
    const list = shell("unsquashfs", "-UTC", "-lln", "-o", String(primaryPartition(file).offset), one);
    expect(list).toMatch(/^drwxr-xr-x 0\/0 .* 1970-01-01 00:33 squashfs-root$/m);
    expect(list).toMatch(/^-rw-r--r-- 7\/8 .* 1970-01-01 00:16 squashfs-root\/hello$/m);
  });

  test("leaves no file when the tar breaks off, and says why", async () => {
    using folder = new TestFolder();
    const broken = (async function* () {
      yield Buffer.alloc(512, "x");
      throw new Error("the layer is damaged");
    })();
    const root = { kind: "tar", tar: broken, newest: 0, packing: zstd } as const;
    expect(createRootSif(`${folder.path}/x.sif`, { architecture: "amd64", root })).rejects.toThrow(
      "the layer is damaged",
    );
    const none = { kind: "folder", path: `${folder.path}/none`, allRoot: false, packing: zstd } as const;
    expect(createRootSif(`${folder.path}/x.sif`, { architecture: "amd64", root: none })).rejects.toThrow(
      VialError,
    );
    await Bun.sleep(50);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("parseSquashfsPacking()", () => {
  test.each([
    ["zstd", { kind: "zstd", level: 1 }],
    ["zstd:22", { kind: "zstd", level: 22 }],
    ["gzip", { kind: "gzip", level: 1 }],
    ["gzip:9", { kind: "gzip", level: 9 }],
    ["lz4", { kind: "lz4", high: false }],
    ["lz4:hc", { kind: "lz4", high: true }],
    ["xz", { kind: "xz" }],
  ])("%s", (text, packing) => {
    expect(parseSquashfsPacking(text)).toEqual(packing as never);
  });

  test.each(["", "zstd:", "zstd:0", "zstd:23", "gzip:10", "lz4:9", "xz:1", "lzma", "zstd:1:2"])(
    "refuses %p",
    (text) => {
      expect(() => parseSquashfsPacking(text)).toThrow("as the compression");
    },
  );
});

test("architectureOfPlatform() knows the OCI's names, which are Go's", () => {
  expect(["amd64", "arm64", "riscv64", "wasm"].map(architectureOfPlatform)).toEqual([
    "amd64",
    "arm64",
    "riscv64",
    undefined,
  ]);
});
