import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseLoaderCache } from "./loader-cache.ts";
import { makeLoaderCache } from "./testing/made-elf.ts";

const entries = [
  { name: "libcuda.so.1", path: "/usr/lib/libcuda.so.1" },
  { name: "libcuda.so", path: "/usr/lib/libcuda.so" },
];

describe("parseLoaderCache()", () => {
  test.each([false, true])("gives names and paths in their order (behind the older format: %p)", (old) => {
    expect(parseLoaderCache(makeLoaderCache(entries, old))).toEqual(entries);
  });

  test("leaves out what only some processors can run, and paths that are none", () => {
    const odd = [
      { name: "libfast.so.1", path: "/usr/lib/glibc-hwcaps/x86-64-v3/libfast.so.1", hwcap: 1n << 62n },
      { name: "libodd.so.1", path: "libodd.so.1" },
      { name: "../libodd.so.1", path: "/usr/lib/libodd.so.1" },
    ];
    expect(parseLoaderCache(makeLoaderCache([...entries, ...odd]))).toEqual(entries);
  });

  test("is undefined for what is no cache, is cut short, or points outside", () => {
    const whole = makeLoaderCache(entries);
    for (let length = 0; length < whole.length; length++)
      expect(parseLoaderCache(whole.subarray(0, length))).toBeUndefined();
    const giant = Buffer.from(whole);
    giant.writeUInt32LE(0xffff_ffff, 20);
    const outside = Buffer.from(whole);
    outside.writeUInt32LE(0xffff_fff0, 48 + 8);
    const bigEndian = Buffer.from(whole);
    bigEndian.writeUInt8(3, 28);
    for (const bytes of [giant, outside, bigEndian, Buffer.from("ld.so-1.7.0\0\xff\xff\xff\xff", "latin1")])
      expect(parseLoaderCache(bytes)).toBeUndefined();
  });

  test("gives up on a cache whose entries all point at one long text", () => {
    const many = makeLoaderCache(Array.from({ length: 10_000 }, () => ({ name: "a", path: "/" })));
    const bytes = Buffer.concat([many, Buffer.from(`/${"x".repeat(4000)}\0`)]);
    expect(parseLoaderCache(bytes)).toHaveLength(10_000);
    for (let index = 0; index < 10_000; index++) bytes.writeUInt32LE(many.length, 48 + 24 * index + 8);
    expect(parseLoaderCache(bytes)).toBeUndefined();
  });

  const ldconfig = Bun.which("ldconfig", { PATH: `${process.env.PATH}:/usr/sbin:/sbin` });
  test.skipIf(ldconfig === null)(
    "agrees with ldconfig(8) about this machine's own (takes that program)",
    () => {
      const said = Bun.spawnSync([ldconfig ?? "", "-p"]).stdout.toString();
      const theirs = [...said.matchAll(/^\t(\S+) \([^)]*\) => (.*)$/gm)]
        .filter(([line]) => !line.includes("hwcap"))
        .map(([, name, path]) => ({ name, path }));
      expect(theirs.length).toBeGreaterThan(10);
      expect(parseLoaderCache(readFileSync("/etc/ld.so.cache"))).toEqual(theirs as never);
    },
  );
});
