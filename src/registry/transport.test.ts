import { describe, expect, test } from "bun:test";
import { RegistryClient } from "./client.ts";
import { originEndpoint } from "./endpoint.ts";
import { FakeRegistry } from "./fake.ts";
import { configOf, failure, makeCertificates, newTransport, rawServer, temporaryFolder } from "./fixture.ts";
import { proxyFor } from "./proxy.ts";
import type { Transport } from "./transport.ts";

function ping(host: string, transport: Transport = newTransport()): Promise<void> {
  const endpoint = originEndpoint(host);
  return new RegistryClient({
    transport,
    endpoint,
    path: "",
    name: host,
    doing: `reach "${host}"`,
    credential: undefined,
    actions: "pull",
  }).ping();
}

describe("Transport", () => {
  test("says which of the usual troubles it is", async () => {
    expect((await failure(ping("127.0.0.1:1"))).code).toBe("registry-connection-refused");
    const unknown = await failure(ping("nosuch.invalid"));
    expect(unknown.code).toBe("registry-host-unknown");
    expect(unknown.next).toContain("getent hosts nosuch.invalid");
    await using broken = await rawServer((socket) => socket.once("data", () => socket.destroy()));
    expect((await failure(ping(broken.host))).code).toMatch(/^registry-(connection-broken|plain-http)$/);
    await using silent = await rawServer(() => undefined);
    const stalled = await failure(ping(silent.host, newTransport({ stall: 50 })));
    expect(stalled.code).toBe("registry-stalled");
    expect(stalled.kind).toBe("deadline-exceeded");
  });

  test("falls back to plain HTTP for loopback hosts alone", async () => {
    await using registry = await FakeRegistry.start();
    await ping(registry.host);
    const outside = newTransport({ env: { https_proxy: "http://127.0.0.1:1" } });
    expect((await failure(ping("registry.example", outside))).code).toBe("proxy-failed");
    const url = new URL("http://registry.example/v2/");
    const error = await failure(newTransport().send({ doing: "pull", method: "GET", url }));
    expect(error.code).toBe("registry-plain-http");
    expect(error.next).toContain('[registry."registry.example"]');
  });

  test("trusts an authority of one's own only when told to", async () => {
    using folder = temporaryFolder();
    const { ca, cert, key } = await makeCertificates(folder.path);
    await using registry = await FakeRegistry.start({ tls: { cert, key } });
    const error = await failure(ping(registry.host));
    expect(error.code).toBe("registry-certificate-untrusted");
    // Trying again does not help, which exit code 75 would say.
    expect(error.kind).toBe("failed-precondition");
    expect(error.next).toContain(`/etc/docker/certs.d/${registry.host}/ca.crt`);
    expect(registry.seen).toEqual([]);
    await ping(registry.host, newTransport({ config: configOf({ [registry.host]: { ca: [ca] } }) }));
    await ping(registry.host, newTransport({ config: configOf({ [registry.host]: { insecure: true } }) }));
    await ping(registry.host, newTransport({ env: { SSL_CERT_FILE: ca } }));
    const missing = newTransport({ config: configOf({ [registry.host]: { ca: [`${ca}.no`] } }) });
    expect((await failure(ping(registry.host, missing))).code).toBe("registry-file-unreadable");
  });

  test("does not take a certificate for another name", async () => {
    using folder = temporaryFolder();
    const { ca, cert, key } = await makeCertificates(folder.path);
    await using registry = await FakeRegistry.start({ tls: { cert, key } });
    const host = `app.localhost:${registry.port}`;
    const transport = newTransport({ config: configOf({ [host]: { ca: [ca] } }) });
    // Where the name service does not know names below localhost, the connection does not come that far.
    expect((await failure(ping(host, transport))).code).toMatch(/certificate-untrusted|host-unknown/);
  });

  test("goes through the proxy of the environment, and past it where NO_PROXY says so", async () => {
    const heads: string[] = [];
    await using proxy = await rawServer((socket) =>
      socket.once("data", (data) => {
        heads.push(data.toString());
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
      }),
    );
    const url = new URL("http://registry.example/v2/");
    const config = configOf({ "registry.example": { insecure: true } });
    const through = newTransport({ config, env: { HTTP_PROXY: `http://me:pw@${proxy.host}` } });
    const answer = await through.send({ doing: "pull", method: "GET", url });
    expect((await answer.bytes(10, "it")).toString()).toBe("{}");
    expect(heads[0]).toStartWith("GET http://registry.example/v2/ HTTP/1.1\r\n");
    expect(heads[0]).toContain(`Proxy-Authorization: Basic ${Buffer.from("me:pw").toString("base64")}`);
    const dead = newTransport({ config, env: { http_proxy: "http://me:pw@127.0.0.1:1" } });
    const error = await failure(dead.send({ doing: "pull", method: "GET", url }));
    expect(error.code).toBe("proxy-failed");
    expect(error.message).toBe('Cannot pull: the proxy "http://127.0.0.1:1" does not serve');
  });
});

describe("proxyFor()", () => {
  const proxy = "http://proxy.example:3128";
  const chosen = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.href;

  test("takes the variable of the scheme, lower case first", () => {
    expect(chosen("https://a.example", { HTTPS_PROXY: proxy })).toBe(`${proxy}/`);
    expect(chosen("https://a.example", { HTTP_PROXY: proxy })).toBeUndefined();
    expect(chosen("http://a.example", { http_proxy: proxy, HTTP_PROXY: "http://other" })).toBe(`${proxy}/`);
    expect(chosen("http://a.example", { ALL_PROXY: "proxy.example:3128" })).toBe(`${proxy}/`);
    expect(() => chosen("http://a.example", { http_proxy: "socks5://x:1" })).toThrow("http_proxy");
  });

  test("never proxies loopback hosts", () => {
    for (const host of ["localhost", "127.0.0.1:5000", "[::1]:5000", "x.localhost", "127.9.9.9"])
      expect(chosen(`http://${host}`, { http_proxy: proxy })).toBeUndefined();
  });

  test("exempts hosts, domains, ports and blocks", () => {
    const cases: [string, string, boolean][] = [
      ["http://a.example", "a.example", true],
      ["http://b.a.example", "a.example", true],
      ["http://b.a.example", ".a.example", true],
      ["http://b.a.example", "*.a.example", true],
      ["http://ba.example", "a.example", false],
      ["http://a.example:5000", "a.example:5000", true],
      ["http://a.example:5001", "a.example:5000", false],
      ["http://10.1.2.3", "10.0.0.0/8", true],
      ["http://11.1.2.3", "x, 10.0.0.0/8", false],
      ["http://a.example", "*", true],
      ["http://[fd00::1]:80", "fd00::1", true],
      ["http://a.example", "", false],
    ];
    for (const [url, list, exempt] of cases)
      expect([url, list, chosen(url, { http_proxy: proxy, NO_PROXY: list }) === undefined]).toEqual([
        url,
        list,
        exempt,
      ]);
  });
});
