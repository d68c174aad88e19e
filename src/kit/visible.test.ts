import { expect, test } from "bun:test";
import { jsonText, showControls, showPath } from "./visible.ts";

test("showControls() shows escape codes and leaves other text alone", () => {
  expect(showControls("\x1b[2Jé日\x00\x9b\n")).toBe("\\x1b[2Jé日\\x00\\x9b\\x0a");
  expect(showControls("a\n\tb\r", "\n\t")).toBe("a\n\tb\\x0d");
});

test("showPath() shows names of any bytes on one line", () => {
  const name = (text: string) => Buffer.from(text).toString("latin1");
  expect(showPath(name("/é/日"))).toBe("/é/日");
  expect(showPath(name("/a\nA /etc/shadow\x1b[2J\u009b"))).toBe("/a\\x0aA /etc/shadow\\x1b[2J\\x9b");
  expect(showPath("/\xff\xe9\x1b")).toBe("/\\xff\\xe9\\x1b");
});

test("jsonText() is JSON without any control character", () => {
  const value = { a: "\x1b\x7f\u009b2J é", b: undefined };
  expect(jsonText(value)).toBe('{"a":"\\u001b\\u007f\\u009b2J é"}');
  expect(JSON.parse(jsonText(value, 2))).toEqual({ a: value.a });
  expect(jsonText(undefined)).toBe("null");
});
