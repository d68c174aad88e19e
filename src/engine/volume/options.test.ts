import { expect, test } from "bun:test";
import { parseDevice } from "./options.ts";

test("parseDevice() tells flags from what the file system is told", () => {
  expect(parseDevice({})).toBeUndefined();
  expect(parseDevice({ type: "tmpfs", device: "tmpfs", o: "size=100m,uid=1000,noexec,rw" })).toEqual({
    type: "tmpfs",
    device: "tmpfs",
    flags: ["noexec"],
    data: "size=100m,uid=1000",
  });
  expect(parseDevice({ type: "none", device: "/srv", o: "bind,ro" })).toEqual({
    type: "bind",
    device: "/srv",
    flags: ["ro"],
    data: "",
  });
  expect(parseDevice({ type: "nfs", device: ":/export", o: "addr=192.0.2.1,nolock,soft" })).toEqual({
    type: "nfs",
    device: ":/export",
    flags: [],
    data: "addr=192.0.2.1,nolock,soft",
  });
});

test("parseDevice() refuses in Docker's words", () => {
  const whyOf = (options: Readonly<Record<string, string>>): string | undefined => {
    try {
      parseDevice(options);
      return undefined;
    } catch (error) {
      return (error as { why?: string }).why;
    }
  };
  expect(whyOf({ size: "1" })).toBe('invalid option: "size"');
  expect(whyOf({ o: "bind" })).toBe('missing required option: "device"');
  expect(whyOf({ device: "/x" })).toBe('missing required option: "type"');
  expect(whyOf({ type: "none", device: "/x", o: "bind,size=1" })).toContain('"o=size=1"');
  expect(whyOf({ type: "none", device: "/x", o: "bind,rshared" })).toContain('"o=rshared"');
  expect(whyOf({ type: "none", device: "../x", o: "bind" })).toContain("absolute");
});
