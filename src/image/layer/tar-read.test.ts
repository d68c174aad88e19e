import { describe, expect, test } from "bun:test";
import { isVialError } from "#spec";
import { forgeArchive, forgeLong, forgePax, sealHeader } from "./tar-forge.ts";
import { type TarEntry, type TarHandler, TarReader } from "./tar-read.ts";

class Collector implements TarHandler {
  readonly entries: TarEntry[] = [];
  readonly contents: string[] = [];
  #text = "";

  entry(entry: TarEntry): void {
    this.entries.push(entry);
  }

  data(bytes: Buffer, offset: number): void {
    this.#text += `${offset}:${bytes.toString("latin1")};`;
  }

  end(): void {
    this.contents.push(this.#text);
    this.#text = "";
  }
}

function readAll(tar: Uint8Array, step = tar.length): Collector {
  const collector = new Collector();
  const reader = new TarReader(collector, { subject: "the test" });
  for (let at = 0; at < tar.length; at += step) reader.push(tar.subarray(at, at + step));
  reader.finish();
  return collector;
}

describe("TarReader", () => {
  test("reads names, numbers and times from pax, GNU and ustar headers", () => {
    const { entries } = readAll(
      forgeArchive(
        { name: "short", prefix: "some/prefix", uid: 5 },
        forgeLong("K", "k".repeat(300)),
        forgeLong("L", "l".repeat(300)),
        { name: "cut", type: "2", link: "cut" },
        { name: "p", pax: { path: "from pax", mtime: "-1.25", uid: "70000000", uname: "somebody" } },
        { name: "old", edit: (h) => Buffer.from("fffffffffffffffffffffffe", "hex").copy(h, 136) },
      ),
    );
    expect(entries[0]).toMatchObject({ name: "some/prefix/short", uid: 5, type: "file" });
    expect(entries[1]).toMatchObject({ name: "l".repeat(300), linkName: "k".repeat(300), type: "symlink" });
    expect(entries[2]).toMatchObject({
      name: "from pax",
      mtime: -2,
      mtimeNanoseconds: 750_000_000,
      uid: 70_000_000,
    });
    expect(entries[2]?.userName).toBe("somebody");
    expect(entries[3]).toMatchObject({ name: "old", mtime: -2 });
  });

  test("a global header counts until an entry's own header says otherwise", () => {
    const { entries } = readAll(
      forgeArchive(
        forgePax("g", { uid: "7", mtime: "9", "SCHILY.xattr.user.a": "1" }),
        { name: "a" },
        { name: "b", pax: { uid: "8", "SCHILY.xattr.user.b": "2" } },
        { name: "c", pax: { mtime: "" }, mtime: 3 },
      ),
    );
    expect(entries.map(({ uid, mtime }) => [uid, mtime])).toEqual([
      [7, 9],
      [8, 9],
      [7, 3],
    ]);
    expect([...(entries[1]?.xattrs?.keys() ?? [])]).toEqual(["user.a", "user.b"]);
    expect([...(entries[2]?.xattrs?.keys() ?? [])]).toEqual(["user.a"]);
  });

  test("gives the same entries however the bytes are cut", () => {
    const tar = forgeArchive(
      { name: "a", data: "x".repeat(1500), pax: { "SCHILY.xattr.user.n": "v" } },
      { name: "s", data: "abcdef", pax: { "GNU.sparse.map": "10,2,100,4", "GNU.sparse.size": "200" } },
      { name: "e" },
    );
    const whole = readAll(tar);
    expect(whole.contents).toEqual([`0:${"x".repeat(1500)};`, "10:ab;100:cdef;", ""]);
    expect(whole.entries[1]).toMatchObject({ size: 200, sparse: [10, 2, 100, 4] });
    for (const step of [1, 7, 511, 512, 513]) {
      const parts = readAll(tar, step);
      expect(parts.entries).toEqual(whole.entries);
      expect(parts.contents.map((text) => text.replace(/;\d+:/g, "").length > 0)).toEqual([
        true,
        true,
        false,
      ]);
    }
  });

  test("answers damage with its own error, never with another", () => {
    const tar = forgeArchive(
      forgePax("g", { uid: "7" }),
      { name: "a", data: "x".repeat(600), pax: { path: "b", "SCHILY.xattr.user.n": "v", mtime: "1.5" } },
      forgeLong("L", "long"),
      { name: "s", data: `${"1\n0\n4\n".padEnd(512, "\0")}abcd`, pax: sparse },
      { name: "l", type: "2", link: "x" },
    );
    let state = 42;
    const next = (limit: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (state >> 8) % limit;
    };
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(tar);
      // Without the checksum nothing past the first header would ever be tried.
      for (let i = 0; i <= next(3); i++) bytes[next(bytes.length)] = next(256);
      for (let at = 0; at + 512 <= bytes.length; at += 512)
        if (bytes[at + 257] === 117) sealHeader(bytes.subarray(at, at + 512));
      try {
        readAll(bytes, 1 + next(2000));
      } catch (error) {
        if (!isVialError(error)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

const sparse = {
  "GNU.sparse.major": "1",
  "GNU.sparse.minor": "0",
  "GNU.sparse.name": "s",
  "GNU.sparse.realsize": "4",
};
