// Small ELF files for the tests: nothing that could run, but all that the loader compares. By elf(5), not by elf.ts.

export interface MadeElf {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  /** Of these needs the loader only warns. */
  readonly weak?: readonly string[];
  readonly defines?: readonly string[];
}

/** One PT_LOAD of the whole file at the address 0x10000, one PT_DYNAMIC. */
export function makeElf({
  bits = 64,
  machine = bits === 64 ? 62 : 3,
  needs = {},
  weak = [],
  defines = [],
}: MadeElf): Buffer {
  const base = 0x10000;
  const wide = bits === 64;
  const strings: number[] = [0];
  const name = (text: string) => {
    const at = strings.length;
    strings.push(...Buffer.from(`${text}\0`));
    return at;
  };
  const need = list(
    Object.entries(needs).map(([file, versions]) => {
      const entries = versions.map((version) => [
        { bytes: 4, value: 1 },
        { bytes: 2, value: weak.includes(version) ? 2 : 0 },
        { bytes: 2, value: 2 },
        { bytes: 4, value: name(version) },
      ]);
      const head = [
        { bytes: 2, value: 1 },
        { bytes: 2, value: versions.length },
        { bytes: 4, value: name(file) },
        { bytes: 4, value: 16 },
      ];
      return Buffer.concat([pack(head), Buffer.alloc(4), list(entries.map(pack), 4)]);
    }),
    0,
    12,
  );
  const define = list(
    ["itself.so", ...defines].map((version, index) =>
      pack([
        { bytes: 2, value: 1 },
        { bytes: 2, value: index === 0 ? 1 : 0 },
        { bytes: 2, value: index + 1 },
        { bytes: 2, value: 1 },
        { bytes: 4, value: 1 },
        { bytes: 4, value: 20 },
        { bytes: 4, value: 0 },
        { bytes: 4, value: name(version) },
        { bytes: 4, value: 0 },
      ]),
    ),
    0,
    16,
  );
  const [headerBytes, segmentBytes] = wide ? [64, 56] : [52, 32];
  const at = headerBytes + 2 * segmentBytes;
  const text = Buffer.from(strings);
  const places = { strings: at, need: at + text.length, define: at + text.length + need.length };
  const dynamicAt = places.define + define.length;
  const word = wide ? 8 : 4;
  const dynamic = pack(
    [
      [5, base + places.strings],
      [10, text.length],
      ...(need.length === 0 ? [] : [[0x6ffffffe, base + places.need]]),
      ...(defines.length === 0 ? [] : [[0x6ffffffc, base + places.define]]),
      [0, 0],
    ].flatMap((pair) => pair.map((value) => ({ bytes: word, value }))),
  );
  const whole = dynamicAt + dynamic.length;
  const segment = (type: number, offset: number, size: number) =>
    pack(
      wide
        ? [
            { bytes: 4, value: type },
            { bytes: 4, value: 4 },
            ...[offset, base + offset, base + offset, size, size, 8].map((value) => ({ bytes: 8, value })),
          ]
        : [type, offset, base + offset, base + offset, size, size, 4, 4].map((value) => ({
            bytes: 4,
            value,
          })),
    );
  const header = pack([
    { bytes: 4, value: 0x464c457f },
    { bytes: 1, value: wide ? 2 : 1 },
    { bytes: 1, value: 1 },
    { bytes: 2, value: 1 },
    { bytes: 8, value: 0 },
    { bytes: 2, value: 3 },
    { bytes: 2, value: machine },
    { bytes: 4, value: 1 },
    ...[0, headerBytes, 0].map((value) => ({ bytes: word, value })),
    { bytes: 4, value: 0 },
    ...[headerBytes, segmentBytes, 2, 0, 0, 0].map((value) => ({ bytes: 2, value })),
  ]);
  return Buffer.concat([
    header,
    segment(1, 0, whole),
    segment(2, dynamicAt, dynamic.length),
    text,
    need,
    define,
    dynamic,
  ]);
}

/** A cache as ldconfig(8) of glibc 2.32 and later writes it; with `old`, behind an empty one of the older format. */
export function makeLoaderCache(
  entries: readonly { readonly name: string; readonly path: string; readonly hwcap?: bigint }[],
  old = false,
): Buffer {
  const head = Buffer.alloc(48);
  head.write("glibc-ld.so.cache1.1");
  head.writeUInt32LE(entries.length, 20);
  head.writeUInt8(2, 28);
  const strings: Buffer[] = [];
  let at = 48 + 24 * entries.length;
  const table = entries.map(({ name, path, hwcap = 0n }) => {
    const entry = Buffer.alloc(24);
    entry.writeUInt32LE(0x303, 0);
    for (const [text, place] of [
      [name, 4],
      [path, 8],
    ] as const) {
      entry.writeUInt32LE(at, place);
      const bytes = Buffer.from(`${text}\0`);
      strings.push(bytes);
      at += bytes.length;
    }
    entry.writeBigUInt64LE(hwcap, 16);
    return entry;
  });
  const before = Buffer.alloc(old ? 16 : 0);
  if (old) before.write("ld.so-1.7.0");
  return Buffer.concat([before, head, ...table, ...strings]);
}

function pack(fields: readonly { readonly bytes: number; readonly value: number }[]): Buffer {
  const parts = fields.map(({ bytes, value }) => {
    const part = Buffer.alloc(bytes);
    if (bytes === 8) part.writeBigUInt64LE(BigInt(value));
    else part.writeUIntLE(value, 0, bytes);
    return part;
  });
  return Buffer.concat(parts);
}

/** Entries one after the other, each saying how far the next is: at `at` of it, or in `room` bytes at its end. */
function list(entries: readonly Buffer[], room: number, at?: number): Buffer {
  return Buffer.concat(
    entries.map((entry, index) => {
      const whole = Buffer.concat([entry, Buffer.alloc(room)]);
      const step = index === entries.length - 1 ? 0 : whole.length;
      whole.writeUInt32LE(step, at ?? entry.length);
      return whole;
    }),
  );
}
