import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// File system images that keep changes, made and used by root. Judges: e2fsck and debugfs of e2fsprogs.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: overlays in files, because ${why}`);

let vial: TestVial;
let sif: string;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  sif = `${vial.folder}/x.sif`;
  writeFileSync(`${vial.folder}/x.def`, "Bootstrap: docker\nFrom: busybox\n%post\n    echo image > /data\n");
  await vial.ok("build", "-q", sif, `${vial.folder}/x.def`);
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

const place = (name: string) => `${vial.folder}/${name}`;

async function isSound(path: string): Promise<boolean> {
  return (await vial.command(["e2fsck", "-fn", path])).code === 0;
}

describe.skipIf(why !== undefined)("vial overlay create", () => {
  test("makes an ext3 with upper, work and the folders that are asked for, whatever the umask", async () => {
    const made = await vial.command([
      ...["sh", "-c", 'umask 077 && exec "$0" "$@"', vial.program],
      ...["overlay", "create", "--create-dir", "/a/b,c", place("o.img")],
    ]);
    expect([made.code, made.err]).toEqual([0, ""]);
    const { size, blocks } = statSync(place("o.img"));
    expect(size).toBe(64 << 20);
    expect(blocks * 512).toBeGreaterThanOrEqual(64 << 20);
    expect(await isSound(place("o.img"))).toBe(true);
    const listed = await vial.command(["debugfs", "-R", "ls -l upper/a", place("o.img")]);
    expect(listed.out).toMatch(/ 40755 .* b\n/);
    expect((await vial.command(["debugfs", "-R", "ls upper", place("o.img")])).out).toContain(" c ");
  });

  test("--sparse takes the space as it is filled; what is there is not overwritten, and no part stays", async () => {
    await vial.ok("overlay", "create", "--sparse", "--size", "100", place("s.img"));
    expect(statSync(place("s.img")).blocks * 512).toBeLessThan(20 << 20);
    const names = readdirSync(vial.folder);
    for (const words of [
      [place("s.img")],
      ["--size", "63", place("n.img")],
      ["--create-dir", "/../x", place("n.img")],
    ]) {
      const { code, err } = await vial.run("overlay", "create", ...words);
      expect(code).not.toBe(0);
      expect(err).toContain("next:");
    }
    expect(readdirSync(vial.folder)).toEqual(names);
  });

  test("exec keeps changes in it, reads it with :ro, and lets nobody else in while one writes", async () => {
    await vial.ok("overlay", "create", "--sparse", place("k.img"));
    const overlay = ["exec", "--overlay", place("k.img")];
    expect(
      await vial.ok(...overlay, sif, "sh", "-c", "echo changed > /data; echo new > /made; cat /data"),
    ).toBe("changed");
    expect(await vial.ok(...overlay, sif, "cat", "/data", "/made")).toBe("changed\nnew");
    expect(await vial.ok("exec", "--overlay", `${place("k.img")}:ro`, sif, "cat", "/made")).toBe("new");
    expect(await vial.ok("exec", sif, "cat", "/data")).toBe("image");
    const writer = vial.start([...overlay, sif, "sh", "-c", "echo up; cat"], "pipe");
    await writer.stdout.getReader().read();
    for (const suffix of ["", ":ro"]) {
      const second = await vial.run("exec", "--overlay", place("k.img") + suffix, sif, "true");
      expect(second.code).toBe(125);
      expect(second.err).toContain("a container that runs");
    }
    await writer.stdin?.end();
    expect(await writer.exited).toBe(0);
    await vial.until("it is free again", async () => (await vial.run(...overlay, sif, "true")).code === 0);
    expect(await isSound(place("k.img"))).toBe(true);
  });

  test("adds one to a SIF file: seen without a word, written into with --writable", async () => {
    const own = place("own.sif");
    copyFileSync(sif, own);
    expect((await vial.run("exec", "--writable", own, "true")).code).toBe(125);
    await vial.ok("overlay", "create", own);
    expect(await vial.ok("sif", "list", own)).toContain("Ext3/Overlay");
    await vial.ok("exec", "--writable", own, "sh", "-c", "echo changed > /data");
    expect(await vial.ok("exec", own, "cat", "/data")).toBe("changed");
    expect((await vial.run("exec", own, "sh", "-c", "echo no > /data")).err).toContain("Read-only");
    const again = await vial.run("overlay", "create", own);
    expect([again.code, again.err.includes("overlay already")]).toEqual([1, true]);
  });

  test("other files are no overlay", async () => {
    writeFileSync(place("text"), "text\n");
    const { code, err } = await vial.run("exec", "--overlay", place("text"), sif, "true");
    expect([code, err.includes("neither a folder")]).toEqual([125, true]);
  });
});
