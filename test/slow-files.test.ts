import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { metadataOf, openSlowFiles } from "./slow-files/slow-files.ts";
import { setupTimeout } from "./vial.ts";

// The file system that delays: it shows what is there, counts what it is asked, takes its time, and leaves no mount behind.
// What looks at it are other processes: this one must be free to wait for the counters.

const why =
  process.getuid?.() !== 0 ? "it is mounted by root" : existsSync("/dev/fuse") ? undefined : "no /dev/fuse";
if (why !== undefined) console.warn(`skipped: the file system that delays, because ${why}`);

let folder: string;
let source: string;
let target: string;

const isMounted = () => readFileSync("/proc/self/mounts", "utf8").includes(` ${target} `);

async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"], timeout: 30_000 });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${err}`);
  return out;
}

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-slow-`);
  [source, target] = [`${folder}/source`, `${folder}/target`];
  mkdirSync(`${source}/deep/er`, { recursive: true });
  mkdirSync(target);
  mkdirSync(`${source}/many`);
  for (let index = 0; index < 500; index++) writeFileSync(`${source}/many/${"name".repeat(9)}-${index}`, "");
  writeFileSync(`${source}/deep/er/text`, "text\n", { mode: 0o640 });
  writeFileSync(`${source}/large`, Buffer.alloc(3_000_001, "0123456789abcdef"));
  symlinkSync("deep/er/text", `${source}/link`);
  Bun.spawnSync(["setfattr", "-n", "user.mark", "-v", "set", `${source}/large`]);
}, setupTimeout);

afterAll(() => {
  if (isMounted()) throw new Error(`${target} is still mounted`);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(why !== undefined)("the file system that delays", () => {
  test("shows files, folders, links, attributes and sizes as they are", async () => {
    await using _files = await openSlowFiles(source, target, { milliseconds: 0 });
    expect(await run("diff", "-r", "--no-dereference", source, target)).toBe("");
    const look = ["-printf", "%P %y %m %U %G %s %T@ %l\\n"];
    expect((await run("find", target, ...look)).split("\n").sort()).toEqual(
      (await run("find", source, ...look)).split("\n").sort(),
    );
    expect(await run("getfattr", "--only-values", "-n", "user.mark", `${target}/large`)).toBe("set");
    expect(await run("stat", "-f", "-c", "%b %S", target)).toBe(
      `${statfsSync(source).blocks} ${statfsSync(source).bsize}\n`,
    );
    expect(await run("sh", "-c", `echo 1 > ${target}/new || echo refused`)).toContain("refused");
    expect(await run("sh", "-c", `cat ${target}/not-there || echo none`)).toContain("none");
  });

  test("counts each kind of request, and asks again where nothing may be remembered", async () => {
    await using files = await openSlowFiles(source, target, { milliseconds: 0 });
    const before = await files.counts();
    await run("cat", `${target}/link`);
    const after = await files.counts();
    const of = (kind: keyof typeof after) => (after[kind] ?? 0) - (before[kind] ?? 0);
    // link, then deep, er, text.
    expect(of("LOOKUP")).toBe(4);
    expect(of("READLINK")).toBe(1);
    expect(of("OPEN")).toBe(1);
    expect(of("READ")).toBeGreaterThan(0);
    expect(metadataOf(after)).toBeGreaterThanOrEqual(6);
    await run("cat", `${target}/link`);
    const again = await files.counts();
    expect((again.LOOKUP ?? 0) - (after.LOOKUP ?? 0)).toBe(4);
    expect(metadataOf({ READ: 5, FORGET: 2, INIT: 1, LOOKUP: 3, GETATTR: 2 })).toBe(5);
  });

  test("remembers names and attributes where that is allowed", async () => {
    await using files = await openSlowFiles(source, target, { milliseconds: 0, rememberSeconds: 100 });
    await run("cat", `${target}/link`);
    const after = await files.counts();
    await run("cat", `${target}/link`);
    expect((await files.counts()).LOOKUP).toBe(after.LOOKUP);
  });

  test("delays each request for metadata, and those that come together by as much as one", async () => {
    await using files = await openSlowFiles(source, target, { milliseconds: 50 });
    const timed = async (script: string) => {
      const [before, began] = [metadataOf(await files.counts()), performance.now()];
      await run("sh", "-c", script);
      return { took: performance.now() - began, asked: metadataOf(await files.counts()) - before };
    };
    const one = await timed(`cat ${target}/deep/er/text`);
    expect(one.asked).toBeGreaterThanOrEqual(4);
    expect(one.took).toBeGreaterThanOrEqual(one.asked * 50 * 0.9);
    const names = readdirSync(`${source}/many`).slice(0, 20);
    const together = names.map((name) => `cat ${target}/many/${name} &`).join(" ");
    const many = await timed(`${together} wait`);
    expect(many.asked).toBeGreaterThan(40);
    expect(many.took).toBeLessThan(many.asked * 50 * 0.5);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "%s leaves no mount, and no program that waits",
    async (signal) => {
      const files = await openSlowFiles(source, target, { milliseconds: 200 });
      const reader = Bun.spawn(["cat", `${target}/deep/er/text`], { stdio: ["ignore", "ignore", "ignore"] });
      await Bun.sleep(50);
      process.kill(files.pid, signal);
      expect(await reader.exited).not.toBe(0);
      const deadline = performance.now() + 5000;
      while (isMounted() && performance.now() < deadline) await Bun.sleep(10);
      expect(isMounted()).toBe(false);
      expect(lstatSync(target).isDirectory()).toBe(true);
      expect(readlinkSync(`${source}/link`)).toBe("deep/er/text");
      await files[Symbol.asyncDispose]();
    },
  );

  test("says why it does not start", async () => {
    await expect(openSlowFiles("nowhere", target)).rejects.toThrow("usage");
    expect(isMounted()).toBe(false);
  });
});
