import { describe, expect, test } from "bun:test";
import { compress, decompress } from "./stream.ts";

/** Text that compresses, cut at the given places over and over. */
function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Uint8Array, void> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function join(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

const content = Buffer.from(
  Array.from({ length: 60_000 }, (_, index) => `line ${index * 7919} of ${index % 97}\n`).join(""),
);

describe.each(["gzip", "zstd"] as const)("compress() with %s", (compression) => {
  test("gives the same bytes however its input was cut", async () => {
    const whole = await join(compress(cut(content, [content.length]), compression));
    expect(await join(compress(cut(content, [65536, 4096, 1]), compression))).toEqual(whole);
    expect(await join(compress(cut(content, [7, 300_001]), compression))).toEqual(whole);
    expect(whole.length).toBeLessThan(content.length / 2);
  });

  test("comes back by decompress()", async () => {
    expect(await join(decompress(compress(cut(content, [10_000]), compression), compression))).toEqual(
      content,
    );
  });
});
