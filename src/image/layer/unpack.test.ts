import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { makeMount, runSync, tryLock } from "#host";
import { digestHex, digestOf, isVialError } from "#spec";
import { openStore, type Store } from "../store.ts";
import { canMountErofs } from "./erofs-probe.ts";
import { layerPlace } from "./place.ts";
import { forgeArchive } from "./tar-forge.ts";
import { type Compression, startUnpack, unpackFile, type UnpackOptions } from "./unpack.ts";

const isRoot = process.getuid?.() === 0;
let folder = "";
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-unpack-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newStore(): Store {
  return openStore(`${folder}/store-${count++}`);
}

const random = new Uint8Array(3_000_000);
for (let i = 0, state = 1; i < random.length; i++) {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  random[i] = state >> 16;
}
const tar = forgeArchive(
  { name: "d", type: "5", mode: 0o755 },
  { name: "d/a", data: "hello" },
  { name: "d/big", data: Buffer.from(random) },
);
const diffId = digestOf(tar);
const gzip = Buffer.from(Bun.gzipSync(new Uint8Array(tar)));
const zstd = Bun.zstdCompressSync(tar);
/** As this process may: root keeps owners, an ordinary user has one id only. */
const owners = isRoot ? "keep" : "skip";

function optionsFor(more: Partial<UnpackOptions> = {}): UnpackOptions {
  return { diffId, compression: "gzip", form: "erofs", owners, ...more };
}

/** Feeds all bytes; gives the error's code and why, or "done". */
async function outcome(store: Store, bytes: Uint8Array, options: UnpackOptions): Promise<string> {
  try {
    await using unpacking = await startUnpack(store, options);
    if (unpacking === undefined) return "there";
    for (let at = 0; at < bytes.length; at += 50_000) await unpacking.write(bytes.subarray(at, at + 50_000));
    await unpacking.finish();
    return "done";
  } catch (error) {
    if (!isVialError(error)) throw error;
    return `${error.code}: ${error.why}`;
  }
}

function expectNothingLeft(store: Store): void {
  expect(readdirSync(store.layers)).toEqual([]);
  expect(readdirSync(store.ingest)).toEqual([]);
  expect(readdirSync(store.locks)).toEqual([]);
}

describe("startUnpack()", () => {
  const kinds: readonly (readonly [Compression, Uint8Array])[] = [
    ["none", tar],
    ["gzip", gzip],
    ["zstd", zstd],
  ];
  for (const form of ["erofs", "folder"] as const) {
    for (const [compression, bytes] of kinds) {
      test(`unpacks ${compression} to ${form}`, async () => {
        const store = newStore();
        expect(await outcome(store, bytes, optionsFor({ compression, form }))).toBe("done");
        const place = layerPlace(store, diffId);
        expect(place?.kind).toBe(form);
        if (form === "folder") {
          expect(readFileSync(`${place?.path}/d/a`, "utf8")).toBe("hello");
          expect(readFileSync(`${place?.path}/d/big`).equals(random)).toBe(true);
        } else {
          expect(runSync("fsck.erofs", [place?.path ?? ""]).exitCode).toBe(0);
        }
        expect(readdirSync(store.ingest)).toEqual([]);
        expect(readdirSync(store.locks)).toEqual([]);
        expect(await outcome(store, bytes, optionsFor({ compression, form }))).toBe("there");
      });
    }
    const wrong = digestOf("something else");
    const damages: readonly (readonly [string, () => Uint8Array, Partial<UnpackOptions>, RegExp])[] = [
      ["another diff ID", () => gzip, { diffId: wrong }, /^content-mismatch: found sha256:/],
      [
        "a cut stream",
        () => gzip.subarray(0, gzip.length / 2),
        {},
        /^layer-invalid: its gzip stream is damaged/,
      ],
      [
        "a cut zstd stream",
        () => zstd.subarray(0, zstd.length / 2),
        { compression: "zstd" },
        /^layer-invalid: its zstd/,
      ],
      [
        "a cut archive",
        () => tar.subarray(0, 1_000_000),
        { compression: "none" },
        /^layer-invalid: .*too early/,
      ],
      ["garbage", () => random, {}, /^layer-invalid: its gzip stream is damaged/],
      ["garbage as tar", () => random, { compression: "none" }, /^layer-invalid: /],
      ["nothing", () => Buffer.alloc(0), {}, /^layer-invalid: /],
      ["a wrong checksum in the trailer", () => damagedTrailer(), {}, /^layer-invalid: its gzip stream/],
      [
        "more bytes than the limit",
        () => gzip,
        { limits: { archiveBytes: 100_000 } },
        /^layer-too-large: .*100000/,
      ],
    ];
    for (const [name, bytes, more, wanted] of damages) {
      test(`refuses ${name} and leaves nothing (${form})`, async () => {
        const store = newStore();
        expect(await outcome(store, bytes(), optionsFor({ form, ...more }))).toMatch(wanted);
        expectNothingLeft(store);
      });
    }
  }

  test("abort() leaves nothing", async () => {
    const store = newStore();
    const unpacking = await startUnpack(store, optionsFor());
    await unpacking?.write(gzip.subarray(0, 100_000));
    expect(readdirSync(store.locks)).toHaveLength(1);
    await unpacking?.abort();
    expectNothingLeft(store);
  });

  test("a second one waits for the first and then finds the layer", async () => {
    const store = newStore();
    const first = await startUnpack(store, optionsFor());
    let waited = false;
    const second = startUnpack(store, optionsFor({ waiting: () => (waited = true) }));
    await first?.write(gzip);
    await Bun.sleep(20);
    expect(waited).toBe(true);
    await first?.finish();
    expect(await second).toBeUndefined();
    expect(readdirSync(store.locks)).toEqual([]);
  });

  test("clears away what killed processes left, and leaves alone what is in work", async () => {
    const store = newStore();
    const [dead, working] = [digestOf("dead"), digestOf("working")].map(digestHex);
    writeFileSync(`${store.ingest}/layer-${digestHex(diffId)}-1-1`, "half");
    mkdirSync(`${store.ingest}/layer-${dead}-1-1/fs`, { recursive: true });
    writeFileSync(`${store.ingest}/layer-${working}-1-1`, "half");
    using lock = tryLock(`${store.locks}/layer-${working}`);
    expect(lock).toBeDefined();
    expect(await outcome(store, gzip, optionsFor())).toBe("done");
    expect(readdirSync(store.ingest)).toEqual([`layer-${working}-1-1`]);
  });

  test("the same layer gives the same image", async () => {
    const [one, two] = [newStore(), newStore()];
    await outcome(one, gzip, optionsFor());
    await outcome(two, tar, optionsFor({ compression: "none" }));
    const [a, b] = [one, two].map((store) => readFileSync(layerPlace(store, diffId)?.path ?? ""));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
  });

  for (const form of ["erofs", "folder"] as const) {
    test.skipIf(!isRoot)(
      `says that the disk is full and leaves nothing: ${form} (a small tmpfs takes root)`,
      async () => {
        using small = makeMount("tmpfs", [["size", "1m"]]);
        const store = openStore(`/proc/${process.pid}/fd/${small.fd}/store`);
        expect(await outcome(store, gzip, optionsFor({ form }))).toMatch(/^layer-disk-full: /);
        expect(readdirSync(store.layers)).toEqual([]);
        expect(readdirSync(store.ingest)).toEqual([]);
      },
    );
  }
});

describe("unpackFile()", () => {
  test("unpacks a stored blob", async () => {
    const store = newStore();
    writeFileSync(`${folder}/blob`, gzip);
    const result = await unpackFile(store, `${folder}/blob`, optionsFor());
    expect(result).toEqual({ diffId, bytes: tar.length, leftOut: [] });
    expect(await unpackFile(store, `${folder}/blob`, optionsFor())).toBeUndefined();
  });

  test("refuses a link, and lets go of the layer", async () => {
    const store = newStore();
    symlinkSync("blob", `${folder}/link`);
    await expect(unpackFile(store, `${folder}/link`, optionsFor())).rejects.toThrow("ELOOP");
    expectNothingLeft(store);
  });
});

describe.skipIf(!isRoot)("canMountErofs() (only root may mount)", () => {
  test("answers the same when asked again, and leaves nothing", () => {
    const store = newStore();
    const answer = canMountErofs(store);
    expect(readdirSync(`${store.root}/cache`)).toEqual(["erofs-mount"]);
    expect(canMountErofs(store)).toBe(answer);
    expect(readdirSync(store.ingest)).toEqual([]);
  });
});

function damagedTrailer(): Buffer {
  const bytes = Buffer.from(gzip);
  bytes[bytes.length - 6]! ^= 0x55;
  return bytes;
}
