import { expect, test } from "bun:test";
import { frame, streamTypeOf } from "./frame.ts";

test("frame() puts the stream and the length in front", () => {
  expect([...frame(2, Buffer.from("err"))]).toEqual([2, 0, 0, 0, 0, 0, 0, 3, 101, 114, 114]);
  expect([...frame(1, Buffer.alloc(70_000)).subarray(0, 8)]).toEqual([1, 0, 0, 0, 0, 1, 0x11, 0x70]);
});

test("streamTypeOf() knows one name before version 1.42", () => {
  expect(streamTypeOf(false, 41)).toBe("application/vnd.docker.raw-stream");
  expect(streamTypeOf(false, 42)).toBe("application/vnd.docker.multiplexed-stream");
  expect(streamTypeOf(true, 50)).toBe("application/vnd.docker.raw-stream");
});
