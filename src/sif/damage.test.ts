import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { VialError } from "#spec";
import { SifFault } from "./fault.ts";
import { openSif } from "./file.ts";
import { maxDescriptors, readSif, type SifSource } from "./read.ts";
import { TestFolder, testFile } from "./testing/files.ts";

// Files that are damaged, or that lie: refused with the place and the reason, and without reading or holding more than
// the table of descriptors.

function refusalOf(bytes: Buffer): { code: string; what: string; why: string | undefined } {
  using folder = new TestFolder();
  const path = `${folder.path}/x.sif`;
  writeFileSync(path, bytes);
  try {
    openSif(path)[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof VialError)) throw error;
    return { code: error.code, what: error.message.replaceAll(path, "x.sif"), why: error.why };
  }
  throw new Error("it was read");
}

const slot = (number: number) => 4096 + (number - 1) * 585;
const number = (value: bigint | number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
};

const foreign: readonly (readonly [string, Buffer, string])[] = [
  ["an empty file", Buffer.alloc(0), "it has 0 bytes, and a SIF file has a header of 128"],
  ["a short file", Buffer.from("#!/bin/sh\n"), "it has 10 bytes, and a SIF file has a header of 128"],
  ["another file", Buffer.alloc(5000, "x"), "it does not hold SIF_MAGIC"],
];

/** Two partitions: object 1 at 32768 with 4 bytes, object 2 at 36864 with 4096. */
const lies: readonly (readonly [string, number, Buffer, number, string])[] = [
  [
    "no NUL behind the launch script",
    0,
    Buffer.alloc(32, "x"),
    0,
    "the launch script does not end in its 32 bytes",
  ],
  ["more free descriptors than there are", 80, number(49), 80, "it claims 49 free descriptors of 48"],
  ["a count below zero", 88, number(-1), 88, "the number of descriptors is -1, below zero"],
  [
    "a huge count",
    88,
    number(2 ** 40),
    88,
    `it claims ${2 ** 40} descriptors, and Vial reads up to ${maxDescriptors}`,
  ],
  [
    "a count beyond 2^53",
    88,
    number(2n ** 62n),
    88,
    `the number of descriptors is ${2n ** 62n}, beyond any file`,
  ],
  [
    "a count that the size denies",
    88,
    number(49),
    104,
    "it claims 28080 bytes of descriptors, and 49 of them take 28665",
  ],
  [
    "a size that the count denies",
    104,
    number(585),
    104,
    "it claims 585 bytes of descriptors, and 48 of them take 28080",
  ],
  ["descriptors in the header", 96, number(127), 96, "the descriptors begin at 127, inside of the header"],
  [
    "descriptors past the end",
    96,
    number(40000),
    96,
    "the descriptors end at 68080, and the file has 40960 bytes",
  ],
  ["a negative size of the data", 120, number(-5), 120, "the size of the data is -5, below zero"],
  [
    "data that begin behind an object",
    112,
    number(32769),
    slot(1) + 17,
    "object 1 begins at 32768, before the data, which begin at 32769",
  ],
  [
    "a mark that is neither free nor used",
    slot(2) + 4,
    Buffer.of(7),
    slot(2) + 4,
    "descriptor 2 is marked with 7, which is neither free nor used",
  ],
  ["an id of 0", slot(1) + 5, Buffer.alloc(4), slot(1) + 5, "descriptor 1 has no id"],
  ["the same id twice", slot(2) + 5, Buffer.of(1), slot(2) + 5, "descriptors 1 and 2 have the same id 1"],
  [
    "a negative offset",
    slot(1) + 17,
    number(-4096),
    slot(1) + 17,
    "the offset of object 1 is -4096, below zero",
  ],
  [
    "an offset in the header",
    slot(1) + 17,
    number(0),
    slot(1) + 17,
    "object 1 begins at 0, before the data, which begin at 32176",
  ],
  [
    "an offset past the end",
    slot(1) + 17,
    number(2 ** 50),
    slot(1) + 25,
    `object 1 ends at ${2 ** 50 + 4}, and the file has 40960 bytes`,
  ],
  ["a negative size", slot(2) + 25, number(-1), slot(2) + 25, "the size of object 2 is -1, below zero"],
  [
    "a size past the end",
    slot(2) + 25,
    number(4097),
    slot(2) + 25,
    "object 2 ends at 40961, and the file has 40960 bytes",
  ],
  [
    "a negative padded size",
    slot(2) + 33,
    number(-1),
    slot(2) + 33,
    "the padded size of object 2 is -1, below zero",
  ],
  [
    "objects that overlap",
    slot(1) + 25,
    number(4097),
    slot(2) + 17,
    "object 2 begins at 36864, inside of object 1, which ends at 36865",
  ],
  [
    "an object inside of another",
    slot(1) + 17,
    number(36866),
    slot(1) + 17,
    "object 1 begins at 36866, inside of object 2, which ends at 40960",
  ],
];

describe("openSif() refuses", () => {
  for (const [name, bytes, why] of foreign)
    test(name, () => {
      expect(refusalOf(bytes)).toEqual({
        code: "sif-foreign",
        what: 'Cannot read "x.sif": it is not a SIF file',
        why,
      });
    });

  for (const [name, place, patch, at, why] of lies)
    test(name, () => {
      const bytes = readFileSync(testFile("one-group.sif"));
      patch.copy(bytes, place);
      const what = `Cannot read the SIF file "x.sif": it is damaged at byte ${at}`;
      expect(refusalOf(bytes)).toEqual({ code: "sif-damaged", what, why });
    });

  test("descriptors that an object lies in", () => {
    const bytes = readFileSync(testFile("one-group.sif"));
    // The table moves behind object 1, and object 1 grows into it.
    const table = Buffer.from(bytes.subarray(4096, 4096 + 28080));
    const longer = Buffer.concat([bytes, Buffer.alloc(4096 - 24), table]);
    number(40960 + 4096 - 24).copy(longer, 96);
    expect(refusalOf(Buffer.concat([longer.subarray(0, 45000)])).why).toStartWith("the descriptors end at");
    number(8200).copy(longer, 40960 + 4096 - 24 + 585 + 25);
    expect(refusalOf(longer).why).toBe(
      "the table of descriptors begins at 45032, inside of object 2, which ends at 45064",
    );
  });

  test("a newer version", () => {
    const bytes = readFileSync(testFile("empty.sif"));
    bytes.write("02", 42);
    expect(refusalOf(bytes)).toMatchObject({
      code: "sif-version-unknown",
      why: 'it has the version "02", and Vial knows "01"',
    });
  });

  test("a text in place of a digest", () => {
    const bytes = readFileSync(testFile("one-object-oci-blob.sif"));
    bytes.write("../../../../../../etc/passwd\0", slot(1) + 201);
    expect(refusalOf(bytes)).toMatchObject({ why: '"../../../../../../etc/passwd" is not a digest' });
    bytes.fill("a", slot(1) + 201, slot(1) + 585);
    expect(refusalOf(bytes).why).toHaveLength('"" is not a digest'.length + 136);
  });

  test("a file that is cut anywhere in its front", () => {
    const bytes = readFileSync(testFile("one-group.sif"));
    for (const length of [127, 128, 4096, 32175, 32176, 32770, 40959])
      expect(["sif-damaged", "sif-foreign"]).toContain(refusalOf(bytes.subarray(0, length)).code);
  });

  test("a folder, and a path where nothing is", () => {
    using folder = new TestFolder();
    mkdirSync(`${folder.path}/d`);
    expect(() => openSif(`${folder.path}/d`)).toThrow("it is not a SIF file");
    expect(() => openSif(`${folder.path}/none`)).toThrow(/^Cannot open the SIF file/);
  });
});

test("openSif() reads a name that fills its field, names that are not UTF-8, and codes that nobody knows", () => {
  using folder = new TestFolder();
  const path = `${folder.path}/x.sif`;
  const bytes = readFileSync(testFile("one-group.sif"));
  bytes.fill("n", slot(1) + 73, slot(1) + 201);
  bytes.fill(0xff, slot(2) + 73, slot(2) + 201);
  bytes.writeInt32LE(99, slot(1) + 201);
  bytes.writeInt32LE(-7, slot(2));
  writeFileSync(path, bytes);
  using file = openSif(path);
  expect(file.object(1)).toMatchObject({ name: "n".repeat(128), extra: { fileSystem: "unknown" } });
  expect(file.object(2)).toMatchObject({ type: "unknown", typeCode: -7, extra: { kind: "none" } });
});

/** A source that counts, and throws at any read that does not lie in the file. */
function counted(bytes: Buffer): SifSource & { asked: number } {
  return {
    size: bytes.length,
    asked: 0,
    read(into, position) {
      if (!Number.isSafeInteger(position) || position < 0 || position + into.length > bytes.length)
        throw new RangeError(`read of ${into.length} bytes at ${position} of ${bytes.length}`);
      this.asked += into.length;
      bytes.copy(into, 0, position);
    },
  };
}

test("readSif() never crashes, reads outside, or reads more than header and table: 20000 mutated files", () => {
  // The same numbers each time: a failure can be seen again.
  let seed = 20261125;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const interesting = [
    -1n,
    0n,
    1n,
    127n,
    585n,
    4096n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 53n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  const corpus = [
    "one-group-signed-dsse.sif",
    "one-object-oci-blob.sif",
    "one-object-sbom.sif",
    "app-one-group-signed-legacy-all.sif",
    "edge/capacity-1.sif",
  ].map((name) => readFileSync(testFile(name)));
  let refused = 0;
  for (let round = 0; round < 20000; round++) {
    const original = corpus[random(corpus.length)]!;
    // What readSif() looks at: the header and the first slots.
    const bytes = Buffer.from(original);
    for (let count = 1 + random(4); count > 0; count--) {
      const place = random(2) === 0 ? random(128) : 4096 + random(Math.min(585 * 4, bytes.length - 4096));
      if (random(2) === 0) bytes[place] = random(256);
      else if (place + 8 <= bytes.length)
        bytes.writeBigInt64LE(interesting[random(interesting.length)]!, place);
    }
    const source = counted(random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    try {
      const { objects, header } = readSif(source);
      for (const { offset, size } of objects) {
        expect(offset).toBeGreaterThanOrEqual(header.dataOffset);
        expect(offset + size).toBeLessThanOrEqual(source.size);
      }
    } catch (error) {
      if (!(error instanceof SifFault)) throw error;
      expect(error.at).toBeWithin(0, Math.max(source.size, 129));
      refused++;
    }
    expect(source.asked).toBeLessThanOrEqual(128 + maxDescriptors * 585);
  }
  // Neither everything nor nothing gets through, or the mutations reach nothing.
  expect(refused).toBeWithin(5000, 19000);
});
