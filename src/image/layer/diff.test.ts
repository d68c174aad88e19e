import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { cString, moreOfLibc, pointer, writeXattr } from "#host";
import { diffPaths, diffTar, folderTree } from "./diff.ts";
import { type TarEntry, TarReader } from "./tar-read.ts";

let upper: string;
beforeEach(() => {
  upper = mkdtempSync(`${tmpdir()}/vial-diff-`);
});
afterEach(() => rmSync(upper, { recursive: true, force: true }));

function entriesOf(stream: Iterable<Uint8Array>): (TarEntry & { content: string })[] {
  const entries: (TarEntry & { content: string })[] = [];
  const reader = new TarReader(
    {
      entry: (entry) => void entries.push({ ...entry, content: "" }),
      data: (bytes) => {
        entries.at(-1)!.content += bytes.toString("latin1");
      },
      end: () => {},
    },
    { subject: "x" },
  );
  for (const bytes of stream) reader.push(bytes);
  reader.finish();
  return entries;
}

/** An ordinary user may make these, too, since Linux 5.8. */
function whiteout(path: string): void {
  const text = cString(path);
  expect(moreOfLibc().mknodat(-100, pointer(text), 0o020000, 0n)).toBe(0);
}

const opaque = process.getuid?.() === 0 ? "trusted.overlay.opaque" : "user.overlay.opaque";

function fill(): void {
  mkdirSync(`${upper}/dir/sub`, { recursive: true });
  mkdirSync(`${upper}/new`);
  writeFileSync(`${upper}/dir/file`, "content");
  chmodSync(`${upper}/dir/file`, 0o4755);
  linkSync(`${upper}/dir/file`, `${upper}/dir/linked`);
  symlinkSync("../nowhere", `${upper}/dir/symlink`);
  whiteout(`${upper}/dir/gone`);
  writeXattr(Buffer.from(`${upper}/dir/sub`), opaque, Buffer.from("y"));
  writeXattr(Buffer.from(`${upper}/dir/file`), "user.kept", Buffer.from("1"));
  writeFileSync(Buffer.from([...Buffer.from(`${upper}/new/`), 0xff, 0x61]), "");
  for (const path of ["dir/sub", "dir", "new", "dir/file"]) utimesSync(`${upper}/${path}`, 1000.5, 1000.5);
}

test("diffTar() leaves out names that a layer would take for whiteouts", () => {
  mkdirSync(`${upper}/etc/.wh.folder/below`, { recursive: true });
  for (const name of [".wh.etc", ".wh..wh..opq", ".wh..", "etc/.wh.passwd", "etc/.where", "etc/a.wh.b"])
    writeFileSync(`${upper}/${name}`, "");
  expect(entriesOf(diffTar(upper)).map((entry) => entry.name)).toEqual(["etc/", "etc/.where", "etc/a.wh.b"]);
});

test("diffTar() writes the upper folder as a layer: whiteouts, opaque folders, links, attributes", () => {
  fill();
  const entries = entriesOf(diffTar(upper));
  expect(entries.map((entry) => [entry.type, entry.name.replace(/\/$/, ""), entry.linkName])).toEqual([
    ["directory", "dir", ""],
    ["file", "dir/file", ""],
    ["file", "dir/.wh.gone", ""],
    ["hard-link", "dir/linked", "dir/file"],
    ["directory", "dir/sub", ""],
    ["file", "dir/sub/.wh..wh..opq", ""],
    ["symlink", "dir/symlink", "../nowhere"],
    ["directory", "new", ""],
    ["file", "new/\xffa", ""],
  ]);
  const file = entries[1]!;
  expect([file.mode, file.mtime, file.mtimeNanoseconds, file.content]).toEqual([0o4755, 1000, 0, "content"]);
  expect([...(file.xattrs ?? [])]).toEqual([["user.kept", Buffer.from("1")]]);
  expect(entries[4]?.xattrs).toBeUndefined();
});

test("diffTar() writes the same bytes for the same files, and cuts late times", () => {
  fill();
  const bytes = () => Buffer.concat([...diffTar(upper, { latest: 500 })]);
  const one = bytes();
  expect(one.equals(bytes())).toBe(true);
  expect(entriesOf([one]).every((entry) => entry.mtime <= 500)).toBe(true);
});

test("diffTar() leaves sockets out", async () => {
  const server = createServer().listen(`${upper}/socket`);
  await Bun.sleep(5);
  expect(entriesOf(diffTar(upper))).toEqual([]);
  server.close();
});

test("diffPaths() tells added, changed and deleted, also below an opaque folder", () => {
  fill();
  const lower: Record<string, readonly string[]> = {
    "": ["dir"],
    dir: ["file", "gone", "sub"],
    "dir/sub": ["old"],
  };
  const has = (path: string) => {
    const slash = path.lastIndexOf("/");
    return (lower[path.slice(0, Math.max(0, slash))] ?? []).includes(path.slice(slash + 1));
  };
  const changes = diffPaths(upper, { has, list: (path) => lower[path] ?? [] });
  expect(changes.map((change) => `${change.kind} ${change.path}`)).toEqual([
    "C /dir",
    "C /dir/file",
    "D /dir/gone",
    "A /dir/linked",
    "C /dir/sub",
    "D /dir/sub/old",
    "A /dir/symlink",
    "A /new",
    "A /new/\xffa",
  ]);
});

test("diffPaths() against a folder looks at names, and follows no link of the image", () => {
  const lower = mkdtempSync(`${tmpdir()}/vial-lower-`);
  mkdirSync(`${lower}/dir`);
  writeFileSync(`${lower}/dir/same`, "");
  symlinkSync("dir", `${lower}/link`);
  for (const path of ["dir", "link", "fresh"]) mkdirSync(`${upper}/${path}`);
  writeFileSync(`${upper}/dir/same`, "new");
  writeFileSync(`${upper}/link/same`, "");
  using tree = folderTree(lower);
  expect(diffPaths(upper, tree).map((change) => `${change.kind} ${change.path}`)).toEqual([
    "C /dir",
    "C /dir/same",
    "A /fresh",
    "C /link",
    "A /link/same",
  ]);
  rmSync(lower, { recursive: true });
});
