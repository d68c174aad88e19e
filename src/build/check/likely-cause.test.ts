import { describe, expect, test } from "bun:test";
import type { LayerDifference } from "#image";
import { excerpts, likelyCause } from "./likely-cause.ts";

const times = { from: 1_795_614_000, to: 1_795_614_060, cpus: [8, 1] as const };

function content(first: string | Buffer, second: string | Buffer, path = "file"): LayerDifference {
  return { path, kind: "content", first: Buffer.from(first), second: Buffer.from(second) };
}

const seconds = (value: number, tail = ""): Buffer => {
  const bytes = Buffer.from(`\x7fELF\0\0\0\0....${tail}`, "latin1");
  bytes.writeUInt32LE(value, 8);
  return bytes;
};

describe("likelyCause()", () => {
  const rows: readonly (readonly [string, LayerDifference, string])[] = [
    ["a clock", content("built 13:41:08 UTC", "built 13:41:21 UTC"), "time stamp"],
    ["a day", content("on 2026-11-25.", "on 2026-11-26."), "time stamp"],
    ["a month by name", content("Nov 25 2026", "Nov 26 2026"), "time stamp"],
    ["seconds since 1970", content("t=1795614001\n", "t=1795614003\n"), "time stamp"],
    ["nanoseconds since 1970", content("1795614001123456789", "1795614003123456789"), "time stamp"],
    ["four bytes of a binary", content(seconds(1_795_614_001), seconds(1_795_614_003)), "time stamp"],
    [
      "the head of gzip",
      content(Buffer.from("\x1f\x8b\x08\0aaaa\0", "latin1"), Buffer.from("\x1f\x8b\x08\0bbbb\0", "latin1")),
      "time stamp",
    ],
    ["ar", content("!<arch>\nlib.o/ 1", "!<arch>\nlib.o/ 2"), "time stamp"],
    ["a file's own time", { path: "f", kind: "time", says: ["a", "b"] }, "time stamp"],
    ["lines", content("a\nb\nc\n", "c\nb\na\n"), "order"],
    ["words", content("files: a b c", "files: c a b"), "order"],
    ["the archive itself", { path: "", kind: "order", says: ["a", "b"] }, "order"],
    [
      "a UUID",
      content("4089c179-b608-438a-b837-10ab916cf104", "ea369de8-9b02-47c1-90ca-6312eb51bda2"),
      "random name or value",
    ],
    ["a hash", content("id=3fa91c02bd", "id=77b1e0aa41"), "random name or value"],
    [
      "noise",
      content(
        Buffer.from(Array.from({ length: 64 }, (_, i) => i)),
        Buffer.from(Array.from({ length: 64 }, (_, i) => 255 - i)),
      ),
      "random name or value",
    ],
    ["a name of mktemp", { path: "var/lib/tmp.WreyxfAb", kind: "only-first" }, "random name or value"],
    ["the same in /tmp", { path: "tmp/x.Wreyxf", kind: "only-second" }, "random name or value"],
    ["a log", content("1", "2", "var/log/dpkg.log"), "cache file"],
    ["compiled Python", content("1", "2", "usr/lib/x/__pycache__/a.cpython-311.pyc"), "cache file"],
    ["ldconfig", content("1", "2", "var/cache/ldconfig/aux-cache"), "cache file"],
    ["the processors", content("8\n", "1\n"), "number of CPUs"],
    ["nothing that tells", content("yes", "no"), "unknown"],
    ["a plain name", { path: "opt/data", kind: "only-first" }, "unknown"],
    ["a mode", { path: "opt/data", kind: "mode", says: ["644", "600"] }, "unknown"],
  ];
  for (const [name, difference, cause] of rows)
    test(`${name}: ${cause}`, () => {
      const found = likelyCause(difference, times);
      expect(found.cause as string).toBe(cause);
      expect(found.next).not.toBe("");
    });

  test("a number that is no time of these builds is none", () => {
    expect(likelyCause(content("n=1111111111", "n=1211111111"), times).cause).not.toBe("time stamp");
  });
});

describe("excerpts()", () => {
  test("show the line around the first byte that differs, without controls", () => {
    expect(excerpts(Buffer.from("x\nbuilt \x01at 1\ny"), Buffer.from("x\nbuilt \x01at 2\ny"))).toEqual([
      "built .at 1",
      "built .at 2",
    ]);
    expect(excerpts(Buffer.from("a"), Buffer.from("ab"))).toEqual(["a", "ab"]);
  });
});
