import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as real from "node:fs";
import { tmpdir } from "node:os";
import * as realPath from "node:path";
import * as quick from "./fs.ts";
import * as quickPath from "./path.ts";

// The stand-ins against the real thing: the same calls on two equal folders, with the same answers and the same errors.

type Fs = typeof real;
const standIn = quick as unknown as Fs;

let folder = "";
let count = 0;
beforeAll(() => {
  folder = real.mkdtempSync(`${tmpdir()}/vial-fs-`);
});
afterAll(() => {
  real.rmSync(folder, { recursive: true });
});

function makeTree(): string {
  const at = `${folder}/${count++}`;
  real.mkdirSync(`${at}/folder/below`, { recursive: true });
  real.writeFileSync(`${at}/file`, "content äöü\n", { mode: 0o640 });
  real.writeFileSync(`${at}/large`, Buffer.alloc(70_001, 65));
  real.writeFileSync(`${at}/folder/one`, "1");
  real.symlinkSync("file", `${at}/link`);
  real.symlinkSync("nowhere", `${at}/dangling`);
  real.symlinkSync("loop", `${at}/loop`);
  real.chmodSync(`${at}/file`, 0o640);
  return at;
}

/** What a call gives or throws, with the tree's own path taken out. */
function outcome(at: string, act: () => unknown): unknown {
  try {
    const value = act();
    return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
  } catch (error) {
    const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
    return { code, errno, syscall, path: path?.toString().replace(at, "") };
  }
}

/** The tree as text: names, kinds, modes, contents. */
function look(at: string, below = ""): readonly string[] {
  return real
    .readdirSync(`${at}${below}`)
    .toSorted()
    .flatMap((name) => {
      const path = `${at}${below}/${name}`;
      const info = real.lstatSync(path);
      const text = info.isFile() ? real.readFileSync(path, "latin1") : "";
      const link = info.isSymbolicLink() ? real.readlinkSync(path) : "";
      const own = `${below}/${name} ${info.mode.toString(8)} ${link} ${Bun.hash(text)}`;
      return info.isDirectory() ? [own, ...look(at, `${below}/${name}`)] : [own];
    });
}

function status(info: real.Stats | undefined) {
  if (info === undefined) return undefined;
  const { mode, nlink, uid, gid, size, rdev, dev, blocks, blksize } = info;
  // A link's time of reading is of no interest, and the two trees are not made in the same millisecond.
  const times = [info.mtime.getTime(), info.ctime.getTime(), info.birthtime.getTime(), info.birthtimeMs].map(
    (time) => Math.abs(time - Date.now()) < 60_000,
  );
  const kinds = [
    info.isFIFO(),
    info.isSocket(),
    info.isFile(),
    info.isDirectory(),
    info.isSymbolicLink(),
    info.isCharacterDevice(),
    info.isBlockDevice(),
  ];
  return { mode, nlink, uid, gid, size, rdev, dev, blocks, blksize, kinds, times };
}

const calls: readonly [name: string, call: (fs: Fs, at: string) => unknown][] = [
  ["readFileSync, text", (fs, at) => fs.readFileSync(`${at}/file`, "utf8")],
  ["readFileSync, latin1", (fs, at) => fs.readFileSync(`${at}/file`, "latin1")],
  ["readFileSync, bytes", (fs, at) => fs.readFileSync(`${at}/file`)],
  ["readFileSync, long", (fs, at) => fs.readFileSync(`${at}/large`)],
  ["readFileSync, of /proc", (fs) => fs.readFileSync("/proc/self/status", "latin1").split("\n")[0]],
  ["readFileSync, missing", (fs, at) => fs.readFileSync(`${at}/none`, "utf8")],
  ["readFileSync, folder", (fs, at) => fs.readFileSync(`${at}/folder`, "utf8")],
  ["readFileSync, through a file", (fs, at) => fs.readFileSync(`${at}/file/x`, "utf8")],
  ["readFileSync, loop", (fs, at) => fs.readFileSync(`${at}/loop`, "utf8")],
  ["readFileSync, base64 (handed on)", (fs, at) => fs.readFileSync(`${at}/file`, "base64")],
  [
    "readFileSync, descriptor",
    (fs, at) => {
      const fd = fs.openSync(`${at}/file`, "r");
      const text = fs.readFileSync(fd, "utf8");
      fs.closeSync(fd);
      return text;
    },
  ],
  ["writeFileSync, new", (fs, at) => fs.writeFileSync(`${at}/new`, "ü", { mode: 0o600 })],
  ["writeFileSync, over", (fs, at) => fs.writeFileSync(`${at}/file`, Buffer.from("x"))],
  ["writeFileSync, no folder", (fs, at) => fs.writeFileSync(`${at}/none/new`, "x")],
  ["writeFileSync, exclusive", (fs, at) => fs.writeFileSync(`${at}/file`, "x", { flag: "wx" })],
  ["appendFileSync", (fs, at) => fs.appendFileSync(`${at}/file`, "more", { mode: 0o600 })],
  ["existsSync", (fs, at) => [`${at}/file`, `${at}/dangling`, `${at}/none`].map((p) => fs.existsSync(p))],
  ["accessSync, allowed", (fs, at) => fs.accessSync(`${at}/folder`, fs.constants.X_OK) ?? null],
  ["accessSync, missing", (fs, at) => fs.accessSync(`${at}/none`)],
  ["accessSync, not executable", (fs, at) => fs.accessSync(`${at}/file`, fs.constants.X_OK)],
  ["statSync", (fs, at) => status(fs.statSync(`${at}/link`))],
  ["statSync, device", (fs) => status(fs.statSync("/dev/null"))],
  ["statSync, bigint (handed on)", (fs, at) => fs.statSync(`${at}/file`, { bigint: true }).size],
  ["statSync, missing", (fs, at) => fs.statSync(`${at}/none`)],
  ["statSync, missing and said", (fs, at) => fs.statSync(`${at}/none`, { throwIfNoEntry: false })],
  ["statSync, through a file", (fs, at) => fs.statSync(`${at}/file/x`, { throwIfNoEntry: false })],
  ["statSync, dangling", (fs, at) => fs.statSync(`${at}/dangling`)],
  ["lstatSync", (fs, at) => status(fs.lstatSync(`${at}/dangling`))],
  ["lstatSync, missing", (fs, at) => fs.lstatSync(`${at}/none`)],
  [
    "statSync, times",
    (fs, at) => {
      real.utimesSync(`${at}/file`, 1_700_000_000.123, 1_700_000_001.456);
      const { mtimeMs, ino } = fs.statSync(`${at}/file`);
      return [mtimeMs, ino === real.statSync(`${at}/file`).ino];
    },
  ],
  ["mkdirSync", (fs, at) => fs.mkdirSync(`${at}/new`, { mode: 0o750 })],
  ["mkdirSync, there", (fs, at) => fs.mkdirSync(`${at}/folder`)],
  ["mkdirSync, no parent", (fs, at) => fs.mkdirSync(`${at}/a/b`)],
  ["mkdirSync, recursive", (fs, at) => void fs.mkdirSync(`${at}/a/b/c`, { recursive: true, mode: 0o700 })],
  ["mkdirSync, recursive and there", (fs, at) => void fs.mkdirSync(`${at}/folder`, { recursive: true })],
  ["mkdirSync, recursive on a file", (fs, at) => fs.mkdirSync(`${at}/file`, { recursive: true })],
  ["mkdirSync, recursive below a file", (fs, at) => fs.mkdirSync(`${at}/file/x`, { recursive: true })],
  ["readdirSync", (fs, at) => fs.readdirSync(at).toSorted()],
  ["readdirSync, missing", (fs, at) => fs.readdirSync(`${at}/none`)],
  ["readdirSync, file", (fs, at) => fs.readdirSync(`${at}/file`)],
  [
    "readdirSync, bytes (handed on)",
    (fs, at) => fs.readdirSync(`${at}/folder`, "buffer").map(String).toSorted(),
  ],
  [
    "readdirSync, with kinds",
    (fs, at) =>
      fs
        .readdirSync(at, { withFileTypes: true })
        .map((entry) => `${entry.name} ${entry.isDirectory()} ${entry.isFile()} ${entry.isSymbolicLink()}`)
        .toSorted(),
  ],
  ["readlinkSync", (fs, at) => fs.readlinkSync(`${at}/link`)],
  ["readlinkSync, no link", (fs, at) => fs.readlinkSync(`${at}/file`)],
  ["symlinkSync", (fs, at) => fs.symlinkSync("text", `${at}/new`)],
  ["renameSync", (fs, at) => fs.renameSync(`${at}/file`, `${at}/folder/moved`)],
  ["renameSync, missing", (fs, at) => fs.renameSync(`${at}/none`, `${at}/new`)],
  ["unlinkSync", (fs, at) => fs.unlinkSync(`${at}/link`)],
  ["unlinkSync, missing", (fs, at) => fs.unlinkSync(`${at}/none`)],
  ["rmdirSync, not empty", (fs, at) => fs.rmdirSync(`${at}/folder`)],
  ["rmSync, file", (fs, at) => fs.rmSync(`${at}/file`)],
  ["rmSync, link", (fs, at) => fs.rmSync(`${at}/link`, { recursive: true })],
  ["rmSync, tree", (fs, at) => fs.rmSync(`${at}/folder`, { recursive: true, force: true })],
  ["rmSync, missing by force", (fs, at) => fs.rmSync(`${at}/none`, { force: true })],
  ["chmodSync", (fs, at) => fs.chmodSync(`${at}/file`, 0o4711)],
  [
    "openSync and the calls on a descriptor",
    (fs, at) => {
      const fd = fs.openSync(`${at}/file`, "a+", 0o600);
      const bytes = Buffer.alloc(20);
      const written = [fs.writeSync(fd, "tail"), fs.writeSync(fd, Buffer.from("xyz"), 1)];
      const read = [fs.readSync(fd, bytes, 2, 8, 0), fs.readSync(fd, bytes, 0, 20, 1000)];
      const { size } = fs.fstatSync(fd);
      fs.fsyncSync(fd);
      fs.fchownSync(fd, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      fs.closeSync(fd);
      return [written, read, bytes.toString("latin1"), size];
    },
  ],
  [
    "writeSync with a length (handed on)",
    (fs, at) => {
      const fd = fs.openSync(`${at}/new`, "w", 0o644);
      const written = fs.writeSync(fd, Buffer.from("abcdef"), 1, 3);
      fs.closeSync(fd);
      return written;
    },
  ],
  ["a name with a zero byte", (fs, at) => tryCode(() => fs.readFileSync(`${at}/file\0x`)) !== undefined],
  ["a path of bytes", (fs, at) => fs.readFileSync(Buffer.from(`${at}/file`) as never, "utf8")],
];

function tryCode(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

describe("the stand-in for node:fs", () => {
  for (const [name, call] of calls)
    test(name, () => {
      const [ours, theirs] = [makeTree(), makeTree()];
      const got = outcome(ours, () => call(standIn, ours));
      const wanted = outcome(theirs, () => call(real, theirs));
      expect(got).toEqual(wanted);
      expect(look(ours)).toEqual(look(theirs));
    });
});

describe("the stand-in for node:path", () => {
  const paths = [
    "/a/b",
    "/a/b/",
    "a",
    "/",
    "",
    ".",
    "//a//b//",
    "/a",
    "a/b/c",
    "../x",
    "/a/./b/../c",
    "..//..",
  ];
  test.each(paths)("dirname, basename and resolve of %p", (path) => {
    expect(quickPath.dirname(path)).toBe(realPath.dirname(path));
    expect(quickPath.basename(path)).toBe(realPath.basename(path));
    expect(quickPath.resolve(path)).toBe(realPath.resolve(path));
    expect(quickPath.resolve("/one", path, "two")).toBe(realPath.resolve("/one", path, "two"));
  });
});
