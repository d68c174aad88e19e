import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { copyIn, copyOut, copyTree, exportTree, pathInfo } from "./copy-tree.ts";
import { tarEnd, tarHeader, type TarMember } from "./layer/tar-write.ts";

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(`${tmpdir()}/vial-copy-`);
  root = `${base}/root`;
  mkdirSync(`${root}/dir/sub`, { recursive: true });
  writeFileSync(`${root}/file`, "file");
  writeFileSync(`${root}/dir/a`, "a");
  writeFileSync(`${root}/dir/sub/b`, "b");
  mkdirSync(`${base}/host/old`, { recursive: true });
  writeFileSync(`${base}/host/taken`, "taken");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const inside = (path: string) => ({ root, path });
const outside = (path: string) => ({ root: "/", path: `${base}/host/${path}` });
const tree = (folder: string): string[] => (readdirSync(folder, { recursive: true }) as string[]).sort();

describe("copyTree() follows docker cp's table", () => {
  const cases: readonly (readonly [from: string, to: string, result: readonly string[] | string])[] = [
    ["/file", "new", ["new", "old", "taken"]],
    ["file", "new", ["new", "old", "taken"]],
    ["/file", "taken", ["old", "taken"]],
    ["/file", "old", ["old", "old/file", "taken"]],
    ["/file", "old/", ["old", "old/file", "taken"]],
    ["/file", "new/", "copy-folder-missing"],
    ["/file", "nowhere/new", "copy-folder-missing"],
    ["/file", "taken/", "copy-no-folder"],
    ["/file/", "new", "copy-no-folder"],
    ["/dir", "new", ["new", "new/a", "new/sub", "new/sub/b", "old", "taken"]],
    ["/dir/", "new/", ["new", "new/a", "new/sub", "new/sub/b", "old", "taken"]],
    ["/dir/.", "new", ["new", "new/a", "new/sub", "new/sub/b", "old", "taken"]],
    ["/dir", "old", ["old", "old/dir", "old/dir/a", "old/dir/sub", "old/dir/sub/b", "taken"]],
    ["/dir/.", "old", ["old", "old/a", "old/sub", "old/sub/b", "taken"]],
    ["/dir", "taken", "copy-folder-to-file"],
    ["/nothing", "new", "copy-source-missing"],
    ["/", "new", ["new", "new/dir", "new/dir/a", "new/dir/sub", "new/dir/sub/b", "new/file", "old", "taken"]],
  ];
  for (const [from, to, result] of cases)
    test(`${from} to ${to}`, () => {
      const copy = () => copyTree(inside(from), outside(to));
      if (typeof result === "string") {
        expect(copy).toThrow(expect.objectContaining({ code: result }));
        return;
      }
      copy();
      expect(tree(`${base}/host`)).toEqual([...result]);
    });

  test("and the same way in", () => {
    writeFileSync(`${base}/host/old/x`, "x");
    expect(copyTree(outside("old"), inside("/dir"))).toEqual({ bytes: 1, skipped: [] });
    expect(readFileSync(`${root}/dir/old/x`, "utf8")).toBe("x");
  });

  test("a folder is not laid over a file of the same name, nor a file over a folder", () => {
    mkdirSync(`${base}/host/old/file`);
    expect(() => copyTree(inside("/file"), outside("old"))).toThrow(
      expect.objectContaining({ code: "copy-over-folder" }),
    );
    writeFileSync(`${base}/host/old/dir`, "");
    expect(() => copyTree(inside("/dir"), outside("old"))).toThrow(
      expect.objectContaining({ code: "copy-over-other" }),
    );
  });
});

test("copyTree() keeps modes and times, and owners where asked to", () => {
  utimesSync(`${root}/dir/sub`, 1000.25, 1000.25);
  Bun.spawnSync(["chmod", "4711", `${root}/dir/a`]);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) Bun.spawnSync(["chown", "12:34", `${root}/dir/a`]);
  Bun.spawnSync(["chmod", "4711", `${root}/dir/a`]);
  copyTree(inside("/dir"), outside("plain"));
  copyTree(inside("/dir"), outside("archive"), { archive: true });
  const [plain, archive] = ["plain", "archive"].map((name) => statSync(`${base}/host/${name}/a`));
  expect([plain!.mode & 0o7777, archive!.mode & 0o7777]).toEqual([0o711, 0o4711]);
  expect([plain!.uid, plain!.gid]).toEqual([process.getuid?.() ?? 0, process.getgid?.() ?? 0]);
  if (isRoot) expect([archive!.uid, archive!.gid]).toEqual([12, 34]);
  expect(statSync(`${base}/host/plain/sub`).mtimeMs).toBe(1_000_250);
});

test("copyTree() copies a link as a link, and with followLink what it points at inside the root", () => {
  symlinkSync("/file", `${root}/link`);
  copyTree(inside("/link"), outside("as-link"));
  expect(readlinkSync(`${base}/host/as-link`)).toBe("/file");
  copyTree(inside("/link"), outside("followed"), { followLink: true });
  expect(readFileSync(`${base}/host/followed`, "utf8")).toBe("file");
});

test("copyTree() keeps names that are not UTF-8", () => {
  const name = Buffer.of(0xff, 0xfe, 0x0a);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/dir/`), name]), "odd");
  copyTree(inside("/dir"), outside("new"));
  expect(readFileSync(Buffer.concat([Buffer.from(`${base}/host/new/`), name]), "utf8")).toBe("odd");
});

describe("links of a container lead nowhere but into the container", () => {
  beforeEach(() => {
    writeFileSync(`${base}/secret`, "secret");
    symlinkSync(`${base}`, `${root}/esc`);
    symlinkSync("../../..", `${root}/up`);
    symlinkSync(`${base}/secret`, `${root}/leak`);
  });

  test("a source below an absolute link", () => {
    expect(() => copyTree(inside("/esc/secret"), outside("new"))).toThrow(
      expect.objectContaining({ code: "copy-source-missing" }),
    );
  });
  test("a source link that is followed", () => {
    expect(() => copyTree(inside("/leak"), outside("new"), { followLink: true })).toThrow(
      expect.objectContaining({ code: "copy-source-missing" }),
    );
  });
  test("a source that goes upwards stays in the root", () => {
    copyTree(inside("/up/file"), outside("new"));
    expect(readFileSync(`${base}/host/new`, "utf8")).toBe("file");
    copyTree(inside("../../../file"), outside("new2"));
    expect(readFileSync(`${base}/host/new2`, "utf8")).toBe("file");
  });
  test("a magic link of /proc is not followed", () => {
    symlinkSync("/proc/self/root/etc", `${root}/magic`);
    expect(() => copyTree({ root: "/", path: `${root}/magic/hostname` }, outside("new"))).toThrow();
  });
  test("a destination below a link", () => {
    expect(() => copyTree(outside("taken"), inside("/esc/new"))).toThrow(
      expect.objectContaining({ code: "copy-folder-missing" }),
    );
    expect(existsSync(`${base}/new`)).toBe(false);
  });
  test("a destination that is a link to a host file is made inside the root instead", () => {
    mkdirSync(`${root}${base}`, { recursive: true });
    copyTree(outside("taken"), inside("/leak"));
    expect(readFileSync(`${base}/secret`, "utf8")).toBe("secret");
    expect(readFileSync(`${root}${base}/secret`, "utf8")).toBe("taken");
  });
  test("a file of the tree that is a link is replaced, not written through", () => {
    mkdirSync(`${base}/host/in`);
    writeFileSync(`${base}/host/in/leak`, "new");
    copyTree(outside("in/."), inside("/"));
    expect(readFileSync(`${base}/secret`, "utf8")).toBe("secret");
    expect(lstatSync(`${root}/leak`).isFile()).toBe(true);
  });
});

test("a component that is swapped for a link all the while never gives the host's file", async () => {
  const swapper = Bun.spawn(
    [
      "sh",
      "-c",
      `cd "$1" && mkdir -p real host_ && echo host > "$2/b" && ln -s "$2" evil && echo mine > real/b && i=0
       while [ $i -lt 20000 ]; do mv -T real now 2>/dev/null; mv -T now real; mv -T evil now; mv -T now evil; i=$((i+1)); done`,
      "sh",
      root,
      `${base}/host/old`,
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  const seen = new Set<string>();
  const start = performance.now();
  // Longer where others keep the machine busy: without one copy nothing was tried.
  const isOver = () => performance.now() > start + (seen.size === 0 ? 30_000 : 400);
  while (!isOver()) {
    try {
      copyTree(inside("/now/b"), outside("got"));
      seen.add(readFileSync(`${base}/host/got`, "utf8"));
      copyTree(outside("taken"), inside("/now/written"));
    } catch {
      // The component was away, or a link to what is not in the root.
    }
    await Bun.sleep(0);
  }
  swapper.kill("SIGKILL");
  await swapper.exited;
  expect([...seen]).toEqual(["mine\n"]);
  expect(existsSync(`${base}/host/old/written`)).toBe(false);
}, 60_000);

describe("copyIn()", () => {
  const tarOf = (...members: TarMember[]) => Buffer.concat([...members.map(tarHeader), tarEnd()]);
  const file = (name: string): TarMember => ({ type: "file", name, mode: 0o644, mtime: 0 });

  test("unpacks a stream into a folder, with what copyOut() and GNU tar made", async () => {
    await copyIn(copyOut(inside("/dir")), outside("old"));
    expect(tree(`${base}/host/old`)).toEqual(["dir", "dir/a", "dir/sub", "dir/sub/b"]);
    const made = Bun.spawnSync(["tar", "-C", `${root}/dir`, "-cf", "-", "."]);
    mkdirSync(`${root}/into`);
    await copyIn([made.stdout], inside("/into"));
    expect(tree(`${root}/into`)).toEqual(["a", "sub", "sub/b"]);
  });

  test("refuses a file or nothing as the destination, and a name that leads out", async () => {
    expect(copyIn([tarEnd()], inside("/file"))).rejects.toThrow(
      expect.objectContaining({ code: "copy-no-folder" }),
    );
    expect(copyIn([tarEnd()], inside("/nowhere"))).rejects.toThrow(
      expect.objectContaining({ code: "copy-folder-missing" }),
    );
    expect(copyIn([tarOf(file("../x"))], inside("/dir"))).rejects.toThrow(
      expect.objectContaining({ code: "copy-name-escapes" }),
    );
    expect(existsSync(`${root}/x`)).toBe(false);
  });

  test("does not write through a link that the stream brought", async () => {
    const link: TarMember = { type: "symlink", name: "esc", linkName: base, mode: 0o777, mtime: 0 };
    expect(copyIn([tarOf(link, file("esc/x"))], inside("/dir"))).rejects.toThrow("Cannot copy to");
    expect(copyIn([tarOf(file("f"), file("f/x"))], inside("/dir"))).rejects.toThrow("Cannot copy to");
    expect(existsSync(`${base}/x`)).toBe(false);
    const hard: TarMember = {
      type: "hard-link",
      name: "h",
      linkName: `${base}/host/taken`,
      mode: 0o644,
      mtime: 0,
    };
    expect(copyIn([tarOf(hard)], inside("/dir"))).rejects.toThrow("Cannot copy to");
  });

  test("makes no device on the host", async () => {
    const device: TarMember = {
      type: "character-device",
      name: "null",
      deviceMajor: 1,
      deviceMinor: 3,
      mode: 0o666,
      mtime: 0,
    };
    expect(await copyIn([tarOf(device)], outside("old"))).toEqual({ bytes: 0, skipped: ["null"] });
    expect(readdirSync(`${base}/host/old`)).toEqual([]);
  });
});

test("a setuid program of a container becomes none of the caller's, unless owners are kept", () => {
  chmodSync(`${root}/dir/a`, 0o6755);
  chmodSync(`${root}/dir`, 0o3755);
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
  copyTree(inside("/dir"), outside("old"));
  expect([mode(`${base}/host/old/dir/a`), mode(`${base}/host/old/dir`)]).toEqual(["755", "1755"]);
  copyTree(inside("/dir"), outside("kept"), { archive: true });
  expect([mode(`${base}/host/kept/a`), mode(`${base}/host/kept`)]).toEqual(["6755", "3755"]);
  copyTree(outside("kept/a"), inside("/into"), { from: "own" });
  expect(mode(`${root}/into`)).toBe("6755");
});

test("exportTree() gives the whole root as GNU tar would read it", () => {
  writeFileSync(`${base}/x.tar`, Buffer.concat([...exportTree(root)]));
  const listed = Bun.spawnSync(["tar", "-tf", `${base}/x.tar`]).stdout.toString();
  expect(listed.split("\n")).toEqual(["dir/", "dir/a", "dir/sub/", "dir/sub/b", "file", ""]);
});

test("pathInfo() tells what a path is, and where a link points", () => {
  symlinkSync("/file", `${root}/link`);
  expect(pathInfo(inside("/file"))).toMatchObject({ name: "file", size: 4, linkTarget: "" });
  expect(pathInfo(inside("/link"))?.linkTarget).toBe("/file");
  expect(pathInfo(inside("/nothing"))).toBeUndefined();
});
