import { expect, test } from "bun:test";
import { credentialOf, credentialsOf, hostOfAddress } from "./registry-auth.ts";

const header = (document: unknown) => ({
  "x-registry-auth": Buffer.from(JSON.stringify(document)).toString("base64url"),
});

test("credentialOf() reads what clients send", () => {
  expect(credentialOf({})).toBeUndefined();
  expect(credentialOf({ "x-registry-auth": "" })).toBeUndefined();
  expect(credentialOf(header({}))).toBeUndefined();
  expect(credentialOf(header({ username: "a", password: "?>ÿ" }))).toEqual({
    kind: "basic",
    username: "a",
    password: "?>ÿ",
  });
  expect(credentialOf(header({ identitytoken: "t", username: "a" }))).toEqual({
    kind: "identity",
    token: "t",
  });
  expect(credentialOf(header({ registrytoken: "t" }))).toEqual({ kind: "bearer", token: "t" });
  expect(credentialOf(header({ auth: btoa("a:b:c") }))).toEqual({
    kind: "basic",
    username: "a",
    password: "b:c",
  });
});

test("credentialOf() refuses garbage and shows none of it", () => {
  for (const value of [header([]), header("x"), { "x-registry-auth": "c2VjcmV0" }])
    expect(() => credentialOf(value)).toThrow(/^invalid x-registry-auth header: it is no base64/);
  expect(() => credentialOf(header({ username: "a\nb" }))).toThrow("username is no text of one line");
  expect(() => credentialOf(header({ username: 7 }))).toThrow("username is no text of one line");
});

test("credentialsOf() knows Docker Hub by all its names", () => {
  const configs = {
    "https://index.docker.io/v1/": { username: "hub" },
    "r.example:5000": { username: "own" },
  };
  const found = credentialsOf({ "x-registry-config": btoa(JSON.stringify(configs)) });
  expect([...found.keys()]).toEqual(["docker.io", "r.example:5000"]);
  expect(hostOfAddress("http://127.0.0.1:5000/v2/")).toBe("127.0.0.1:5000");
  expect(hostOfAddress("")).toBe("docker.io");
});
