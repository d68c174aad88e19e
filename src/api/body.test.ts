import { expect, test } from "bun:test";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { readJson } from "./body.ts";

function request(headers: Record<string, string> = {}): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

test("readJson() gives the document of a whole body, and undefined for none", async () => {
  const whole = request();
  whole.end('{"a":[1,"]"]}');
  expect(await readJson(whole)).toEqual({ a: [1, "]"] });
  const none = request();
  none.end();
  expect(await readJson(none)).toBeUndefined();
});

test("readJson() leaves what follows the document in an open body", async () => {
  const open = request({ "transfer-encoding": "chunked" });
  const document = readJson(open);
  open.write('{"Tty":');
  await Bun.sleep(1);
  open.write("true}");
  expect(await document).toEqual({ Tty: true });
  open.end("for stdin");
  expect(String((await open.toArray())[0])).toBe("for stdin");
});

test.each([
  ["{", "JSON"],
  ["[".repeat(200) + "]".repeat(200), "more than 100 levels"],
])("readJson() refuses %p", async (body, why) => {
  const bad = request();
  bad.end(body);
  await expect(readJson(bad)).rejects.toMatchObject({
    code: "api-body-invalid",
    why: expect.stringContaining(why),
  });
});

test("readJson() counts no brackets in texts", async () => {
  const texts = request();
  texts.end(JSON.stringify({ a: `\\"${"[".repeat(500)}` }));
  expect(await readJson(texts)).toEqual({ a: `\\"${"[".repeat(500)}` });
});
