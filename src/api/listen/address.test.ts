import { expect, test } from "bun:test";
import { parseListenAddress, printListenAddress } from "./address.ts";

test.each([
  ["unix:///run/vial/vial.sock", "unix:///run/vial/vial.sock"],
  ["/run/x.sock", "unix:///run/x.sock"],
  ["tcp://127.0.0.1:1234", "tcp://127.0.0.1:1234"],
  ["tcp://0.0.0.0", "tcp://0.0.0.0:2376"],
  ["tcp://:2376", "tcp://127.0.0.1:2376"],
  ["tcp://[::1]:5/", "tcp://[::1]:5"],
  ["tcp://build.lan:0", "tcp://build.lan:0"],
  ["fd://", "fd://"],
  ["fd://*", "fd://"],
  ["fd://vial.socket", "fd://vial.socket"],
])("parseListenAddress() takes %s for %s", (text, printed) => {
  expect(printListenAddress(parseListenAddress(text, { tls: true }))).toBe(printed);
});

test("parseListenAddress() gives Docker's port for TCP without TLS", () => {
  expect(parseListenAddress("tcp://10.0.0.1", { tls: false })).toMatchObject({ port: 2375 });
});

test.each([
  "",
  "unix://relative",
  "tcp://a:70000",
  "tcp://a/b",
  "http://a",
  "fd://a b",
  "npipe:////./pipe/docker",
])("parseListenAddress() refuses %p", (text) => {
  expect(() => parseListenAddress(text, { tls: false })).toThrow(
    expect.objectContaining({ code: "serve-address-invalid" }),
  );
});
