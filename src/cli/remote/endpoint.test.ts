import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { ContextStore } from "./context-store.ts";
import { chooseEndpoint, type EndpointWish, parseAddress } from "./endpoint.ts";

let folder: string;
let env: Record<string, string>;

const nothing: EndpointWish = { hosts: [], context: undefined, tls: false, tlsVerify: false, tlsFiles: {} };

function choose(wish: Partial<EndpointWish>, more: Record<string, string> = {}) {
  return chooseEndpoint(
    { ...nothing, ...wish },
    { env: { ...env, ...more }, ownSocket: () => `${folder}/vial.sock`, current: "counts" },
  );
}

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/endpoint-`);
  env = { DOCKER_CONFIG: `${folder}/docker` };
  mkdirSync(`${folder}/docker`);
  writeFileSync(`${folder}/docker/config.json`, '{"auths":{"r.example":{"auth":"x"}}}');
  const store = new ContextStore(env);
  const host = "tcp://build.example:2376";
  const files = { "ca.pem": Buffer.from("CA"), "key.pem": Buffer.from("KEY") };
  store.create({ name: "build", description: "d", host, skipTlsVerify: false, document: {} }, files);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("parseAddress()", () => {
  test.each([
    ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }],
    ["tcp://h", { kind: "tcp", host: "h", port: 2375 }],
    ["tcp://[::1]:99", { kind: "tcp", host: "::1", port: 99 }],
    ["h:77", { kind: "tcp", host: "h", port: 77 }],
    ["ssh://me@h:2222", { kind: "ssh", user: "me", host: "h", port: "2222", path: "" }],
    ["ssh://h/run/x.sock", { kind: "ssh", user: "", host: "h", port: "", path: "/run/x.sock" }],
  ])("%s", (text, address) => expect(parseAddress(text, false)).toEqual(address as never));

  test("takes the port of TLS", () => {
    expect(parseAddress("tcp://h", true)).toEqual({ kind: "tcp", host: "h", port: 2376 });
  });

  test.each([
    "unix://relative",
    "tcp://h:99999",
    "tcp://h/path",
    "ssh://-oProxyCommand=x",
    "ssh://-x@h",
    "ssh://h; rm",
    "npipe:////./pipe",
    "fd://",
  ])("refuses %s", (text) => expect(() => parseAddress(text, false)).toThrow("Cannot read"));
});

describe("chooseEndpoint()", () => {
  test("is the engine in this process where nothing is named, and where its own socket is", () => {
    expect(choose({})).toBeUndefined();
    expect(choose({ context: "default" }, { DOCKER_CONTEXT: "build" })).toBeUndefined();
    expect(choose({ hosts: [`unix://${folder}/vial.sock`] })).toBeUndefined();
  });

  test.each([
    [{ hosts: ["tcp://a"] }, { DOCKER_HOST: "tcp://b", DOCKER_CONTEXT: "build" }, "tcp://a"],
    [{}, { DOCKER_HOST: "tcp://b", DOCKER_CONTEXT: "build" }, "tcp://b"],
    [{ context: "build" }, { DOCKER_HOST: "tcp://b" }, "tcp://build.example:2376"],
    [{}, { DOCKER_CONTEXT: "build" }, "tcp://build.example:2376"],
  ])("%p with %p", (wish, more, host) => expect(choose(wish, more as never)?.host).toBe(host));

  test("refuses --host and --context together, and a context that is not there", () => {
    expect(() => choose({ hosts: ["tcp://a"], context: "build" })).toThrow("conflicting options");
    expect(() => choose({ context: "nosuch" })).toThrow('context "nosuch": context not found');
  });

  test("has the files of TLS of a context", () => {
    const endpoint = choose({ context: "build" });
    expect(endpoint?.tls?.verify).toBe(true);
    expect(Buffer.from(endpoint?.tls?.files["ca.pem"] ?? "").toString()).toBe("CA");
  });
});

describe("ContextStore", () => {
  test("keeps the files where Docker does, and a key for its owner alone", () => {
    const id = new Bun.CryptoHasher("sha256").update("build").digest("hex");
    const meta = JSON.parse(readFileSync(`${folder}/docker/contexts/meta/${id}/meta.json`, "utf8"));
    expect(meta).toEqual({
      Name: "build",
      Metadata: { Description: "d" },
      Endpoints: { docker: { Host: "tcp://build.example:2376", SkipTLSVerify: false } },
    });
    expect(statSync(`${folder}/docker/contexts/tls/${id}/docker/key.pem`).mode & 0o777).toBe(0o600);
  });

  test("use() keeps what else is in config.json, and counts", () => {
    const store = new ContextStore(env);
    store.use("build");
    expect(JSON.parse(readFileSync(`${folder}/docker/config.json`, "utf8"))).toEqual({
      auths: { "r.example": { auth: "x" } },
      currentContext: "build",
    });
    expect(choose({})?.context).toBe("build");
    expect(() => store.remove("build", false)).toThrow("is in use");
    store.use("default");
    expect(choose({})).toBeUndefined();
  });

  test.each(["default", "../x", "-x", "a/b", "x"])("refuses the name %p", (name) => {
    const context = { name, description: "", host: "", skipTlsVerify: false, document: {} };
    expect(() => new ContextStore(env).create(context, {})).toThrow("as the name of a context");
  });
});
