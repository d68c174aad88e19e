import { expect, test } from "bun:test";
import { takeVersion } from "./exchange.ts";
import { findRoute } from "./routes.ts";

test.each([
  ["/info", 50, "/info"],
  ["/v1.24/info", 24, "/info"],
  ["/v1.50/containers/v1.24/json", 50, "/containers/v1.24/json"],
  ["/version", 50, "/version"],
])("takeVersion() of %s is 1.%d and %s", (whole, version, path) => {
  expect(takeVersion(whole)).toEqual({ version, path });
});

test.each([
  ["/v1.23/info", "client version 1.23 is too old."],
  ["/v0.99/info", "client version 0.99 is too old."],
  ["/v1.51/info", "client version 1.51 is too new."],
  ["/v2.0/info", "client version 2.0 is too new."],
])("takeVersion() refuses %s", (whole, sentence) => {
  expect(() => takeVersion(whole)).toThrow(sentence);
});

test("findRoute() gives the parts of a path, decoded, and lets names of images have slashes", () => {
  expect(findRoute("GET", "/containers/a%20b/json")?.params).toEqual({ id: "a b" });
  expect(findRoute("GET", "/images/registry.example/a/b:1/json")?.params).toEqual({
    name: "registry.example/a/b:1",
  });
  expect(findRoute("GET", "/containers/a/b/json")).toBeUndefined();
  expect(findRoute("PATCH", "/info")).toBeUndefined();
});
