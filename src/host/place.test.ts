import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileSystemByNumber } from "./kernel/filesystem-kind.ts";
import { hostPlace } from "./place.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-place-`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const kind = (type: number, userAttributes = true) => ({ ...fileSystemByNumber(type), userAttributes });
const ext4 = kind(0xef53);

test("a store stays in the home where overlays can be written", () => {
  const place = hostPlace({ HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7" }, 7, () => ext4);
  expect(place).toEqual({ root: "/home/a/.local/share/vial", run: "/run/user/7/vial" });
});

test("it goes to a local disk where the home is on NFS, on Lustre, or has no user attributes", () => {
  for (const home of [kind(0x6969), kind(0x0bd00bd0), kind(0xef53, false)]) {
    const env = { HOME: "/home/a", VIAL_TMPDIR: folder };
    const place = hostPlace(env, 7, (path) => (path.startsWith("/home/") ? home : ext4));
    expect(place.root).toBe(`${folder}/vial-7`);
    expect(place.moved).toContain(home.name);
    expect(statSync(place.root).mode & 0o777).toBe(0o700);
  }
});

test("never into a folder that others may write, nor where it is no better, nor against VIAL_ROOT", () => {
  const nfs = kind(0x6969);
  const env = { HOME: "/home/a", VIAL_TMPDIR: folder };
  expect(hostPlace(env, 7, () => nfs).root).toBe("/home/a/.local/share/vial");
  expect(hostPlace({ ...env, VIAL_ROOT: "/mine" }, 7, () => nfs).root).toBe("/mine");
  mkdirSync(`${folder}/vial-8`);
  chmodSync(`${folder}/vial-8`, 0o777);
  const onNfs = (path: string) => (path.startsWith("/home/") ? nfs : ext4);
  expect(() => hostPlace(env, 8, onNfs)).toThrow(`Cannot keep images in "${folder}/vial-8"`);
});
