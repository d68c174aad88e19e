import { expect, test } from "bun:test";
import { readLines } from "./lines.ts";

async function linesOf(...chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  async function* stream() {
    for (const chunk of chunks) yield typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  }
  return await Array.fromAsync(readLines(stream()));
}

test("readLines() joins lines over chunks and gives an unfinished last line", async () => {
  expect(await linesOf("a\nb", "c\n\nd")).toEqual(["a", "bc", "", "d"]);
});

test("readLines() gives no line after the last line break, and none for nothing", async () => {
  expect(await linesOf("a\n")).toEqual(["a"]);
  expect(await linesOf()).toEqual([]);
  expect(await linesOf("")).toEqual([]);
});

test("readLines() keeps a character whole that two chunks share", async () => {
  const euro = new TextEncoder().encode("€\n");
  expect(await linesOf(euro.subarray(0, 1), euro.subarray(1))).toEqual(["€"]);
});

test("readLines() copies what it keeps, because the stream may use its buffer again", async () => {
  const buffer = new TextEncoder().encode("ab");
  async function* stream() {
    yield buffer;
    buffer.set([120, 10]);
    yield buffer;
  }
  expect(await Array.fromAsync(readLines(stream()))).toEqual(["abx"]);
});
