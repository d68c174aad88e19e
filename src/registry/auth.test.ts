import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { digestOf } from "#spec";
import { parseChallenges } from "./auth.ts";
import { RegistryClient } from "./client.ts";
import type { Credential } from "./credentials.ts";
import { originEndpoint } from "./endpoint.ts";
import { FakeRegistry } from "./fake.ts";
import { configOf, failure, makeCertificates, newTransport, rawServer, temporaryFolder } from "./fixture.ts";
import type { Transport } from "./transport.ts";

const user: Credential = { kind: "basic", username: "ada", password: "opensesame" };

function client(registry: FakeRegistry, credential?: Credential, transport = newTransport()): RegistryClient {
  return clientOf(registry.host, credential, transport);
}

function clientOf(host: string, credential: Credential | undefined, transport: Transport): RegistryClient {
  return new RegistryClient({
    transport,
    endpoint: originEndpoint(host),
    path: "app",
    name: `${host}/app`,
    doing: `pull "${host}/app"`,
    credential,
    actions: "pull",
  });
}

/** Answers every request the same way and keeps what it was sent. */
async function listener(status: number, headers: Record<string, string>, body = "") {
  const seen: { url: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization });
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe("parseChallenges()", () => {
  test("reads several challenges with quoted commas and escapes", () => {
    const found = parseChallenges(
      'Bearer realm="https://a/t,x",service="s\\"q", scope=a:b:pull, Basic realm="r", Negotiate',
    );
    expect(found.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual([
      ["bearer", { realm: "https://a/t,x", service: 's"q', scope: "a:b:pull" }],
      ["basic", { realm: "r" }],
      ["negotiate", {}],
    ]);
  });

  test("lets the first of two equal parameters win, and is not held up by nonsense", () => {
    expect(parseChallenges('Bearer realm="one",realm="two"')[0]?.parameters.get("realm")).toBe("one");
    expect(parseChallenges("")).toEqual([]);
    expect(parseChallenges('"",,=')).toEqual([]);
    const begun = performance.now();
    parseChallenges(`Bearer realm="${"\\".repeat(60_000)}`);
    parseChallenges(`${" ,".repeat(30_000)}=`);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe("RegistryClient authorization", () => {
  test("sends Basic credentials only after the registry asked", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "basic", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    await client(registry, user).getManifest("1");
    expect(registry.seen.map((request) => request.authorization)).toEqual([
      undefined,
      `Basic ${Buffer.from("ada:opensesame").toString("base64")}`,
    ]);
  });

  test("gets one token per scope and uses it again in this process", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    await client(registry, user).getManifest("1");
    const again = client(registry, user);
    await Promise.all([again.getManifest("1"), again.getManifest("1")]);
    expect(registry.count("GET", /^\/token/)).toBe(1);
    expect(registry.seen.find((request) => request.path.startsWith("/token"))?.path).toBe(
      "/token?service=fake&scope=repository%3Aapp%3Apull&account=ada",
    );
  });

  test("renews a token that ran out", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame", lifetime: 0.01 },
    });
    registry.addImage("app", "1", []);
    const one = client(registry, user);
    await one.getManifest("1");
    await Bun.sleep(20);
    await one.getManifest("1");
    expect(registry.count("GET", /^\/token/)).toBe(2);
  });

  test("takes an anonymous token for public repositories", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame", anonymousPull: true },
    });
    registry.addImage("app", "1", []);
    await client(registry).getManifest("1");
    expect(registry.seen.find((request) => request.path.startsWith("/token"))?.authorization).toBeUndefined();
  });

  test("sends an identity token in the body of a POST", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame", identityToken: "idtoken-1" },
    });
    registry.addImage("app", "1", []);
    await client(registry, { kind: "identity", token: "idtoken-1" }).getManifest("1");
    expect(registry.count("POST", /^\/token$/)).toBe(1);
  });

  test("tells strangers to log in, and the wrong password apart from a missing right", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "bearer", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    const stranger = await failure(client(registry).getManifest("1"));
    expect(stranger.code).toBe("registry-login-needed");
    expect(stranger.kind).toBe("unauthenticated");
    expect(stranger.next).toBe(`check the name, or log in: vial login ${registry.host}`);
    const wrong = await failure(
      client(registry, { ...user, password: "swordfish" } as Credential).getManifest("1"),
    );
    expect(wrong.code).toBe("registry-credentials-refused");
    expect(JSON.stringify([wrong.message, wrong.why, wrong.next])).not.toContain("swordfish");
  });

  test("reads a refusal with a right that is missing as denied", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("app", "1", []);
    const body = '{"errors":[{"code":"DENIED","message":"not yours\\u001b[31m"}]}';
    registry.faults.answers.push({ match: /manifests/, status: 403, times: 1, body });
    const error = await failure(client(registry, user).getManifest("1"));
    expect(error.code).toBe("registry-access-denied");
    expect(error.why).toBe("the registry answered 403 DENIED: not yours [31m");
  });

  test("cuts a secret out of a message that echoes it", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "basic", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    const one = client(registry, user);
    await one.getManifest("1");
    const body = '{"errors":[{"code":"DENIED","message":"opensesame YWRhOm9wZW5zZXNhbWU="}]}';
    registry.faults.answers.push({ match: /manifests/, status: 403, times: 1, body });
    const error = await failure(one.getManifest("1"));
    expect(error.why).toBe("the registry answered 403 DENIED: *** ***");
  });
});

describe("where credentials go", () => {
  test("a redirect to another origin gets no Authorization (CVE-2020-15157)", async () => {
    await using elsewhere = await listener(200, {}, "stolen?");
    await using registry = await FakeRegistry.start({
      auth: { kind: "basic", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    registry.faults.redirect = `http://127.0.0.1:${elsewhere.port}/DIGEST?signature=x`;
    const config = registry.repository("app").blobs.keys().next().value!;
    const stream = await client(registry, user).getBlob(config);
    while ((await stream.read()) !== undefined);
    expect(elsewhere.seen).toEqual([{ url: `/${config}?signature=x`, authorization: undefined }]);
  });

  test("a redirect to the same origin keeps it", async () => {
    await using registry = await FakeRegistry.start({
      auth: { kind: "basic", username: "ada", password: "opensesame" },
    });
    registry.addImage("app", "1", []);
    registry.addBlob("app", Buffer.from("x"), "text/plain");
    const one = client(registry, user);
    await one.getManifest("1");
    registry.faults.answers.push({ match: /^\/elsewhere/, status: 200, times: 1, body: "x" });
    registry.faults.redirect = "/elsewhere/DIGEST";
    (await one.getBlob(digestOf("x"))).discard();
    expect(registry.seen.at(-1)?.authorization).toStartWith("Basic ");
  });

  for (const [target, why] of [
    ["file:///etc/passwd", "only http and https"],
    ["unix:///run/x.sock", "only http and https"],
    ["http://registry.example/x", "plain HTTP"],
  ] as const) {
    test(`a redirect to ${target} is not followed (CVE-2024-3727)`, async () => {
      await using registry = await FakeRegistry.start();
      registry.addImage("app", "1", []);
      registry.faults.redirect = target;
      const error = await failure(
        client(registry).getBlob(registry.repository("app").blobs.keys().next().value!),
      );
      expect(error.code).toBe("registry-redirect-refused");
      expect(error.why).toContain(why);
    });
  }

  test("a registry elsewhere may not redirect to this machine", async () => {
    // The name is served by a proxy, so that "elsewhere" needs no network.
    await using proxy = await listener(307, { Location: "http://169.254.169.254/latest/meta-data" });
    const transport = newTransport({
      config: configOf({ "registry.example:80": { insecure: true }, "registry.example": { insecure: true } }),
      env: { http_proxy: `http://127.0.0.1:${proxy.port}` },
    });
    const url = new URL("http://registry.example/v2/");
    const error = await failure(transport.send({ doing: "pull", method: "GET", url }));
    expect(error.code).toBe("registry-redirect-refused");
    expect(proxy.seen).toHaveLength(1);
  });

  for (const realm of [
    "file:///etc/passwd",
    "unix:/x",
    "http://realm.example/token",
    "https://u:p@realm.example/",
    "nonsense",
  ]) {
    test(`the realm ${realm} is asked for nothing`, async () => {
      await using registry = await FakeRegistry.start({
        auth: { kind: "bearer", username: "ada", password: "opensesame", realm },
      });
      registry.addImage("app", "1", []);
      const error = await failure(client(registry, user).getManifest("1"));
      expect(error.code).toBe("registry-realm-refused");
      expect(error.message).not.toContain("u:p");
    });
  }

  test("a realm on another host gets no credentials from a registry without verified TLS", async () => {
    using folder = temporaryFolder();
    const { ca, cert, key } = await makeCertificates(folder.path);
    await using realm = await FakeRegistry.start({
      tls: { cert, key },
      auth: { kind: "bearer", username: "ada", password: "opensesame" },
    });
    // A proxy stands for the network: http://registry.example is answered by it, https://realm.example tunnelled.
    const challenge = 'WWW-Authenticate: Bearer realm="https://realm.example/token",service="x"';
    await using proxy = await rawServer((socket) =>
      socket.once("data", (head) => {
        if (!head.toString().startsWith("CONNECT realm.example:443 ")) {
          socket.end(
            `HTTP/1.1 401 Unauthorized\r\n${challenge}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
          );
          return;
        }
        const upstream = connect(realm.port, "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          socket.pipe(upstream).pipe(socket);
        });
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
      }),
    );
    const address = `http://${proxy.host}`;
    const transport = newTransport({
      config: configOf({ "registry.example": { insecure: true }, "realm.example": { ca: [ca] } }),
      env: { http_proxy: address, https_proxy: address },
    });
    const registry = new RegistryClient({
      transport,
      endpoint: { host: "registry.example", base: new URL("http://registry.example") },
      path: "app",
      name: "registry.example/app",
      doing: "pull",
      credential: user,
      actions: "pull",
    });
    const error = await failure(registry.getManifest("1"));
    expect(error.code).toBe("registry-realm-refused");
    expect(realm.seen.map((request) => [request.path, request.authorization])).toEqual([
      ["/token?service=x&scope=repository%3Aapp%3Apull", undefined],
    ]);
  });

  test("a realm on another host gets them when a verified registry names it over TLS", async () => {
    using folder = temporaryFolder();
    const { ca, cert, key } = await makeCertificates(folder.path);
    const account = { kind: "bearer", username: "ada", password: "opensesame" } as const;
    await using realm = await FakeRegistry.start({ tls: { cert, key }, auth: account });
    await using registry = await FakeRegistry.start({
      tls: { cert, key },
      auth: { ...account, realm: `https://localhost:${realm.port}/token` },
    });
    registry.addImage("app", "1", []);
    const transport = newTransport({
      config: configOf({ [registry.host]: { ca: [ca] }, [`localhost:${realm.port}`]: { ca: [ca] } }),
    });
    await client(registry, user, transport).getManifest("1");
    expect(realm.seen.map((request) => request.authorization)).toEqual([
      `Basic ${Buffer.from("ada:opensesame").toString("base64")}`,
    ]);
  });
});
