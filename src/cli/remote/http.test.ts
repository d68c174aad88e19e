import { describe, expect, test } from "bun:test";
import type { Wire } from "./connect.ts";
import { readFrames } from "./frames.ts";
import { exchange } from "./http.ts";

/** A connection whose other side sends `text`, in pieces of `size` bytes. */
function wireOf(text: string, size: number): Wire & { sent: string } {
  const bytes = Buffer.from(text, "latin1");
  const wire = {
    sent: "",
    write: async (part: Uint8Array | string) => {
      wire.sent += Buffer.from(part as string).toString("latin1");
    },
    end: () => {},
    close: () => {},
    bytes: (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
  };
  return wire;
}

async function answer(text: string, size: number, method = "GET") {
  const wire = wireOf(text, size);
  const reply = await exchange(wire, { method, path: "/x", headers: { Host: "h" } }, (why) => new Error(why));
  let body = "";
  for await (const bytes of reply.body) body += Buffer.from(bytes).toString("latin1");
  return { ...reply, body, sent: wire.sent };
}

describe.each([1, 3, 1000])("exchange() in pieces of %d bytes", (size) => {
  test.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200, "abc"],
    ["HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end"],
    ["HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx", 404, "x"],
    ["HTTP/1.1 101 UPGRADED\r\nContent-Length: 1\r\n\r\nraw bytes", 101, "raw bytes"],
  ])("reads %p", async (text, status, body) => {
    expect(await answer(text, size)).toMatchObject({ status, body });
  });

  test.each([
    ["", "it closed the connection without an answer"],
    ["SSH-2.0-OpenSSH\r\n\r\n", "the answer is not HTTP"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "in the middle of its answer"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "in the middle of its answer"],
  ])("refuses %p", async (text, why) => {
    await expect(answer(text, size)).rejects.toThrow(why);
  });
});

test("exchange() reads no endless head", async () => {
  await expect(answer(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(300_000)}`, 65536)).rejects.toThrow("has no end");
});

test("exchange() lets no header end early", async () => {
  const wire = wireOf("HTTP/1.1 204 x\r\n\r\n", 100);
  await exchange(wire, { method: "GET", path: "/", headers: { A: "1\r\nB: 2" } }, (why) => new Error(why));
  expect(wire.sent).toBe("GET / HTTP/1.1\r\nA: 1  B: 2\r\n\r\n");
});

test.each([1, 5, 100])("readFrames() in pieces of %d bytes", async (size) => {
  const frame = (stream: number, text: string) =>
    Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length, ...Buffer.from(text)]);
  const whole = Buffer.concat([frame(1, "out"), frame(2, "err"), frame(1, ""), frame(1, "more")]);
  const said = { 1: "", 2: "" };
  for await (const { stream, bytes } of readFrames(
    wireOf(whole.toString("latin1"), size).bytes as AsyncGenerator<Uint8Array>,
  ))
    said[stream] += Buffer.from(bytes).toString();
  expect(said).toEqual({ 1: "outmore", 2: "err" });
});
