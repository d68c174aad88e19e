import { afterAll, beforeAll, expect, test } from "bun:test";
import { fstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { belowFd, type OpenFile, openFlag, openInside, openRoot } from "./inside.ts";
import { readXattr, readXattrs, writeXattr } from "./xattr.ts";

let base: string;
let root: OpenFile;
beforeAll(() => {
  base = mkdtempSync(`${tmpdir()}/vial-inside-`);
  mkdirSync(`${base}/root/etc`, { recursive: true });
  writeFileSync(`${base}/root/etc/name`, "inside");
  writeFileSync(`${base}/name`, "outside");
  symlinkSync("/etc/name", `${base}/root/absolute`);
  symlinkSync("../../../../etc/name", `${base}/root/etc/upwards`);
  symlinkSync("/proc/self/root", `${base}/root/magic`);
  symlinkSync("loop", `${base}/root/loop`);
  root = openRoot(`${base}/root`);
});
afterAll(() => {
  root[Symbol.dispose]();
  rmSync(base, { recursive: true, force: true });
});

const readInside = (path: string) => {
  using file = openInside(root.fd, path, 0);
  return readFileSync(file.fd, "utf8");
};

test("openInside() keeps links and dots in the root", () => {
  for (const path of ["etc/name", "/etc/name", "../../etc/name", "absolute", "etc/upwards"])
    expect([path, readInside(path)]).toEqual([path, "inside"]);
});

test("openInside() says what is missing or goes in a circle", () => {
  expect(() => readInside("name")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(() => readInside("loop")).toThrow(expect.objectContaining({ code: "ELOOP" }));
  expect(() => readInside("etc/name/x")).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
});

test("openInside() gives the link itself where asked to", () => {
  using file = openInside(root.fd, "absolute", openFlag.path | openFlag.noFollow);
  expect(fstatSync(file.fd).isSymbolicLink()).toBe(true);
});

test("openInside() of a root on the host refuses magic links", () => {
  using host = openRoot("/");
  expect(() => openInside(host.fd, "/proc/self/root/etc", openFlag.path)).toThrow(
    expect.objectContaining({ code: "ELOOP" }),
  );
});

test("readXattrs() and writeXattr() keep any bytes", () => {
  using folder = openInside(root.fd, "etc", openFlag.path | openFlag.directory);
  const path = belowFd(folder.fd, Buffer.from("name"));
  expect(readXattrs(path)).toBeUndefined();
  writeXattr(path, "user.b", Buffer.from([0, 255]));
  writeXattr(path, "user.a", Buffer.alloc(0));
  expect([...(readXattrs(path) ?? [])]).toEqual([
    ["user.a", Buffer.alloc(0)],
    ["user.b", Buffer.from([0, 255])],
  ]);
  expect(readXattr(path, "user.b")).toEqual(Buffer.from([0, 255]));
  expect(readXattr(path, "user.c")).toBeUndefined();
});
