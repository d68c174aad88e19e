import { describe, expect, test } from "bun:test";
import { absolutePath, parseBinds, parseMountWish } from "./bind.ts";

const bind = (source: string, target = source, readonly = false) => ({ source, target, readonly });

describe("parseBinds()", () => {
  test.each([
    ["/a", [bind("/a")]],
    ["/a:/b", [bind("/a", "/b")]],
    ["/a:/b:ro", [bind("/a", "/b", true)]],
    ["/a:/b:rw", [bind("/a", "/b")]],
    ["/a,/b:/c", [bind("/a"), bind("/b", "/c")]],
    ["/a:/b:ro,/c", [bind("/a", "/b", true), bind("/c")]],
    ["here", [bind("/work/here")]],
    ["./x//y", [bind("/work/x/y")]],
    ["/a\\:b:/c", [bind("/a:b", "/c")]],
    ["/a\\,b", [bind("/a,b")]],
    ["", []],
  ])("reads %p", (text, binds) => expect(parseBinds(text, "/work")).toEqual(binds));

  test.each([
    "/a:b",
    "/a:/b:wr",
    "/a:/b:ro:x",
    ":/b",
    "/a:/b/../c",
    "/a:/",
    "/a:/b:id=1",
    "/a:/b:image-src=/x",
  ])("refuses %p", (text) => expect(() => parseBinds(text, "/work")).toThrow());
});

describe("parseMountWish()", () => {
  test.each([
    ["type=bind,source=/a,destination=/b", bind("/a", "/b")],
    ["type=bind,src=/a,dst=/b,ro", bind("/a", "/b", true)],
    ['type=bind,"source=/a,b",target=/b', bind("/a,b", "/b")],
    ['type=bind,src="/a ""b""",dest=/b', bind('/a "b"', "/b")],
  ])("reads %p", (text, wish) => expect(parseMountWish(text, "/work")).toEqual(wish));

  test.each(["type=tmpfs,dst=/b", "type=bind,src=/a", "type=bind,dst=/b", "type=bind,src=/a,dst=/b,odd=1"])(
    "refuses %p",
    (text) => expect(() => parseMountWish(text, "/work")).toThrow(),
  );
});

test("absolutePath() leaves .. to the kernel, for links may stand before it", () => {
  expect(absolutePath("../x", "/a/b")).toBe("/a/b/../x");
});
