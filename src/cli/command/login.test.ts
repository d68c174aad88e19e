import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { parseRegistryHost } from "../registry-host.ts";
import { TestStore } from "../testing/image-fixture.ts";

let server: ReturnType<typeof Bun.serve>;
let registry: string;
const secret = "pass word:ü";

/** A registry that lets in one person, and knows the tags of one repository. */
beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      const wanted = `Basic ${Buffer.from(`ann:${secret}`).toString("base64")}`;
      if (request.headers.get("authorization") !== wanted)
        return Response.json(
          { errors: [{ code: "UNAUTHORIZED", message: "who are you" }] },
          { status: 401, headers: { "WWW-Authenticate": 'Basic realm="test"' } },
        );
      if (pathname === "/v2/") return Response.json({});
      if (pathname === "/v2/team/app/tags/list")
        return Response.json({ name: "team/app", tags: ["1.0", "latest"] });
      return Response.json(
        { errors: [{ code: "NAME_UNKNOWN", message: "no such repository" }] },
        { status: 404 },
      );
    },
  });
  registry = `127.0.0.1:${server.port}`;
});
afterAll(() => server.stop(true));

test("vial login --password-stdin, tags and logout", async () => {
  using host = new TestStore();
  const config = `${host.root}/docker/config.json`;
  expect((await host.vial("tags", `${registry}/team/app`)).code).toBe(1);
  const login = await loginByInput(host, `${secret}\n`, "-u", "ann");
  expect(login).toMatchObject({ code: 0, out: "Login Succeeded\n" });
  expect(login.err).toContain(config);
  expect(login.err).not.toContain(secret);
  expect((await host.vial("tags", `${registry}/team/app`)).out).toBe("1.0\nlatest\n");
  expect((await host.vial("tags", "--format", "json", `${registry}/team/app`)).out).toBe(
    '["1.0","latest"]\n',
  );
  expect((await host.vial("tags", "--format", "xml", `${registry}/team/app`)).code).toBe(2);
  expect((await host.vial("logout", registry)).out).toBe(`Removing login credentials for ${registry}\n`);
  expect(readFileSync(config, "utf8")).not.toContain('auth"');
  expect((await host.vial("logout", registry)).code).toBe(1);
});

test("vial login --username --password warns that others can see it", async () => {
  using host = new TestStore();
  // Standard input of a test is no terminal, and none is needed when both are given.
  const { code, err } = await host.vial("login", "--username", "ann", "--password", secret, registry);
  expect(code).toBe(0);
  expect(err).toContain("--password-stdin");
});

test("vial login keeps nothing that the registry refuses", async () => {
  using host = new TestStore();
  const { code, out, err } = await loginByInput(host, "wrong", "--username", "ann");
  expect(code).toBe(1);
  expect(out).toBe("");
  expect(err).toContain("does not accept the user name and password");
  expect(existsSync(`${host.root}/docker/config.json`)).toBe(false);
});

test("vial login refuses what does not go together", async () => {
  using host = new TestStore();
  expect((await host.vial("login", "--password-stdin", registry)).err).toContain("there is no user name");
  expect((await host.vial("login", "--password-stdin", "-p", "x", "-u", "y", registry)).code).toBe(2);
  expect((await loginByInput(host, "", "-u", "ann")).err).toContain("a user name and a password are needed");
});

/** In a process of its own, because it reads standard input; asynchronous, because the registry is in this one. */
async function loginByInput(host: TestStore, input: string, ...words: readonly string[]) {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, main, "login", "--password-stdin", ...words, registry], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, HOME: host.root, DOCKER_CONFIG: `${host.root}/docker` },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

test("parseRegistryHost() knows Docker Hub by all its names", () => {
  for (const name of ["", "docker.io", "index.docker.io", "https://index.docker.io/v1/"])
    expect(parseRegistryHost(name)).toBe("docker.io");
  expect(parseRegistryHost("http://hub.example:5000/v2/")).toBe("hub.example:5000");
  expect(parseRegistryHost("hub")).toBe("hub");
  expect(() => parseRegistryHost("a b")).toThrow("Cannot read");
});
