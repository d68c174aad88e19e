import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { findProgram } from "#host";
import { TestStore } from "../testing/image-fixture.ts";

// Against Debian's docker-registry, the distribution project's own server, on a loopback port.

const absent = findProgram("docker-registry") === undefined;
let host: TestStore;
let registry: string;
let server: Bun.Subprocess | undefined;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

beforeAll(async () => {
  host = new TestStore();
  const tree = `${host.root}/tree`;
  mkdirSync(`${tree}/etc`, { recursive: true });
  writeFileSync(`${tree}/etc/hello`, "hello\n");
  Bun.spawnSync(["tar", "-C", tree, "-cf", `${host.root}/tree.tar`, "."]);
  if (absent) return;
  const port = await freePort();
  registry = `127.0.0.1:${port}`;
  writeFileSync(
    `${host.root}/registry.json`,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: `${host.root}/registry` } },
      http: { addr: registry },
      log: { level: "error", accesslog: { disabled: true } },
    }),
  );
  server = Bun.spawn(["docker-registry", "serve", `${host.root}/registry.json`], {
    stdout: "ignore",
    stderr: "ignore",
  });
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`http://${registry}/v2/`).catch(() => undefined);
    if (answer?.ok === true) break;
    await Bun.sleep(20);
  }
  await host.vial("import", `${host.root}/tree.tar`, `${registry}/team/app:1`);
  await host.vial("tag", `${registry}/team/app:1`, `${registry}/team/app:2`);
});
afterAll(async () => {
  server?.kill();
  await server?.exited;
  host[Symbol.dispose]();
});

describe("vial import", () => {
  const importTree = (...words: string[]) => host.vial("import", ...words);
  const inspect = async (name: string, template: string) =>
    (await host.vial("image", "inspect", "-f", template, name)).out.trim();

  test("makes an image of a tar and prints its ID", async () => {
    const { code, out } = await importTree(`${host.root}/tree.tar`, "plain");
    expect(code).toBe(0);
    expect(out.trim()).toBe(await inspect("plain", "{{.Id}}"));
    expect((await importTree(`${host.root}/tree.tar`)).code).toBe(0);
  });

  test("--change, --message, --platform", async () => {
    await importTree(
      "--change",
      'CMD ["/bin/x"]',
      "-c",
      "ENV A=b",
      "-m",
      "from a tree",
      "--platform",
      "linux/arm64",
      `${host.root}/tree.tar`,
      "changed",
    );
    expect(
      await inspect("changed", "{{json .Config.Cmd}} {{.Config.Env}} {{.Architecture}} {{.Comment}}"),
    ).toBe('["/bin/x"] [A=b] arm64 from a tree');
    expect((await importTree("-c", "COPY a b", `${host.root}/tree.tar`)).code).toBe(2);
  });

  test("from standard input and from an address", async () => {
    const bytes = await Bun.file(`${host.root}/tree.tar`).bytes();
    const byInput = host.vialWith(bytes, "import", "-", "piped");
    expect(byInput).toMatchObject({ code: 0, err: "" });
    using web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) =>
        new URL(request.url).pathname === "/tree.tar"
          ? new Response(Bun.file(`${host.root}/tree.tar`))
          : new Response("", { status: 404 }),
    });
    expect((await importTree(`http://127.0.0.1:${web.port}/tree.tar`, "fetched")).code).toBe(0);
    const missing = await importTree(`http://user:secret@127.0.0.1:${web.port}/none?key=secret`);
    expect(missing.code).toBe(75);
    expect(missing.err).toContain("the server answered 404");
    expect(missing.err).not.toContain("secret");
  });

  test("says what is no archive", async () => {
    writeFileSync(`${host.root}/text`, "this is no tar".repeat(100));
    const { code, err } = await importTree(`${host.root}/text`);
    expect(code).not.toBe(0);
    expect(err).toContain(`${host.root}/text`);
    expect((await importTree(`${host.root}/nothing`)).err).not.toContain("bug");
  });
});

describe("vial load", () => {
  test("--input, --quiet and standard input take what save wrote", async () => {
    const path = `${host.root}/saved.tar`;
    await host.vial("import", `${host.root}/tree.tar`, "saved:1");
    await host.vial("save", "-o", path, "saved:1");
    await host.vial("rmi", "saved:1");
    expect(await host.vial("load", "--input", path)).toMatchObject({
      code: 0,
      out: "Loaded image: saved:1\n",
    });
    expect(await host.vial("load", "--quiet", "-i", path)).toEqual({
      code: 0,
      out: "Loaded image: saved:1\n",
      err: "",
    });
    const bytes = Bun.gzipSync(await Bun.file(path).bytes());
    expect(host.vialWith(bytes, "load").out).toBe("Loaded image: saved:1\n");
  });

  test("--input takes the folder of an OCI layout, and an image without a name is told by its ID", async () => {
    const { out } = await host.vial("import", `${host.root}/tree.tar`);
    await host.vial("save", "--format", "oci-dir", "-o", `${host.root}/layout`, out.trim());
    expect((await host.vial("load", "-i", `${host.root}/layout`)).out).toBe(
      `Loaded image ID: ${out.trim()}\n`,
    );
  });

  test("--platform, and a file that is not there", async () => {
    const path = `${host.root}/platform.tar`;
    await host.vial("import", `${host.root}/tree.tar`, "platform:1");
    await host.vial("save", "-o", path, "platform:1");
    expect((await host.vial("load", "--platform", "linux/amd64", "-i", path)).code).toBe(0);
    const { code, err } = await host.vial("load", "-i", `${host.root}/nothing.tar`);
    expect(code).toBe(1);
    expect(err).toContain("nothing.tar");
  });
});

// docker-registry is absent on some machines; Debian has it as a package of that name.
describe.skipIf(absent)("vial push and pull (needs docker-registry)", () => {
  test("there and back, and tags", async () => {
    const pushed = await host.vial("push", `${registry}/team/app:1`);
    expect(pushed.code).toBe(0);
    expect(pushed.out).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
    expect(pushed.err).toContain("Uploading");
    expect(
      (await host.vial("push", "--all-tags", "--quiet", `${registry}/team/app`)).out.split("\n").sort(),
    ).toEqual(["", `${registry}/team/app:1`, `${registry}/team/app:2`]);
    expect(
      (
        await host.vial(
          "push",
          "--platform",
          "linux/amd64",
          "--disable-content-trust",
          "-q",
          `${registry}/team/app:2`,
        )
      ).code,
    ).toBe(0);
    expect((await host.vial("tags", `${registry}/team/app`)).out.split("\n").sort()).toEqual(["", "1", "2"]);

    using other = new TestStore();
    const pulled = await other.vial("pull", `${registry}/team/app:1`);
    expect(pulled.out).toMatch(
      /^Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for .*\n127.*:1\n$/,
    );
    expect(pulled.err).toMatch(/^[0-9a-f]{12}: Downloading/m);
    const again = await other.vial("image", "pull", `${registry}/team/app:1`);
    expect(again.out).toContain("Status: Image is up to date for");
    expect(await other.vial("pull", "--quiet", `${registry}/team/app:1`)).toEqual({
      code: 0,
      out: `${registry}/team/app:1\n`,
      err: "",
    });
    const all = await other.vial(
      "pull",
      "-q",
      "--all-tags",
      "--disable-content-trust",
      `${registry}/team/app`,
    );
    expect(all.out.split("\n").sort()).toEqual(["", `${registry}/team/app:1`, `${registry}/team/app:2`]);
    expect((await other.vial("check")).code).toBe(0);
  });

  test("what goes wrong is said", async () => {
    await host.vial("push", "-q", `${registry}/team/app:1`);
    const noTag = await host.vial("pull", `${registry}/team/app:9`);
    expect(noTag.code).toBe(1);
    expect(noTag.err).toContain("such as");
    expect((await host.vial("pull", "--platform", "linux/s390x", `${registry}/team/app:1`)).code).toBe(1);
    expect((await host.vial("pull", "-a", `${registry}/team/app:1`)).err).toContain(
      "it names one tag already",
    );
    expect((await host.vial("push", "-a", "nothing")).err).toContain("no image here has this name");
    expect((await host.vial("push", "nothing")).err).toContain("No such image");
  });
});
