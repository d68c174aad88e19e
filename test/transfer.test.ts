import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { findProgram } from "#host";
import { openVial, setupTimeout, type TestVial } from "./vial.ts";

// Images between forms: registries, SIF files, archives, layouts, folders. Judges: unsquashfs, skopeo, and Debian's
// docker-registry as the peer.

const programs = ["docker-registry", "skopeo", "unsquashfs", "mksquashfs", "tar2sqfs", "sqfs2tar", "curl"];
const missing = programs.filter((program) => findProgram(program) === undefined);
if (missing.length > 0)
  console.warn(`skipped: images between forms, because of missing ${missing.join(", ")}`);

let vial: TestVial;
let host = "";
let registry: Bun.Subprocess | undefined;

beforeAll(async () => {
  if (missing.length > 0) return;
  vial = await openVial();
  host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${vial.folder}/registry` } },
    http: { addr: host },
  };
  writeFileSync(`${vial.folder}/registry.yml`, JSON.stringify(config));
  registry = Bun.spawn(["docker-registry", "serve", `${vial.folder}/registry.yml`], {
    stdout: "ignore",
    stderr: "ignore",
  });
  for (let tries = 0; ; tries++) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) break;
    if (tries > 200) throw new Error("docker-registry does not come up");
    await Bun.sleep(50);
  }
  await pushLayers();
}, setupTimeout);

afterAll(async () => {
  registry?.kill("SIGKILL");
  await registry?.exited;
  if (missing.length === 0) await vial.close();
}, setupTimeout);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An image of three layers in the registry: one adds, one removes and replaces, one names a file twice. */
async function pushLayers(): Promise<void> {
  const context = `${vial.folder}/context`;
  mkdirSync(context);
  writeFileSync(
    `${context}/Dockerfile`,
    [
      "FROM busybox",
      "COPY Dockerfile /data/gone",
      "RUN rm /data/gone && echo new >/data/new && ln /data/new /data/link && echo replaced >/etc/group",
      'ENV GREETING="good day"',
      'LABEL team="a b"',
      'CMD ["echo", "run"]',
    ].join("\n"),
  );
  await vial.ok("build", "-q", "-t", `${host}/team/app:1.0`, context);
  await vial.ok("push", "-q", `${host}/team/app:1.0`);
}

const digestOf = (path: string) => new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");

interface Listed {
  readonly type: string;
  readonly name: string;
  readonly offset: number;
}

async function objects(path: string): Promise<readonly Listed[]> {
  return JSON.parse(await vial.ok("sif", "list", "--json", path));
}

async function dump(path: string, which: (object: Listed) => boolean): Promise<string> {
  const at = (await objects(path)).findIndex(which);
  return (await vial.run("sif", "dump", String(at + 1), path)).out;
}

/** The files of an image as unsquashfs lists them, without its first line. */
async function filesOf(path: string, offset?: number): Promise<string> {
  const at = offset ?? (await objects(path)).find(({ type }) => type === "partition")!.offset;
  const { out, err, code } = await vial.command(["unsquashfs", "-lln", "-o", String(at), path]);
  if (code !== 0) throw new Error(err);
  return out;
}

/** What is left in the folder of the test's files that is no result of it. */
const leftovers = () => readdirSync(vial.folder).filter((name) => /part-|root-/.test(name));

describe.skipIf(missing.length > 0)("vial pull to a file", () => {
  test(
    "packs the layers of a registry: the same bytes twice, with whiteouts applied",
    async () => {
      expect(await vial.ok("pull", "a.sif", `docker://${host}/team/app:1.0`)).toBe("a.sif");
      await vial.ok("pull", "-q", "b.sif", `docker://${host}/team/app:1.0`);
      expect(digestOf(`${vial.folder}/a.sif`)).toBe(digestOf(`${vial.folder}/b.sif`));
      const files = await filesOf(`${vial.folder}/a.sif`);
      expect(files).toContain("/data/new");
      expect(files).toContain("/bin/busybox");
      expect(files).not.toContain("/data/gone");
      expect(files).not.toContain(".wh.");
      expect(files).toContain("/.singularity.d/runscript");
      expect(await dump(`${vial.folder}/a.sif`, ({ type }) => type === "deffile")).toBe(
        `bootstrap: docker\nfrom: ${host}/team/app:1.0\n`,
      );
      expect(
        JSON.parse(await dump(`${vial.folder}/a.sif`, ({ name }) => name === "oci-config.json")),
      ).toMatchObject({ Cmd: ["echo", "run"], Labels: { team: "a b" } });
      expect(await vial.ok("exec", "a.sif", "sh", "-c", "echo $GREETING; cat /data/link")).toBe(
        "good day\nnew",
      );
      expect(await vial.ok("run", "./a.sif")).toBe("run");
      // Nothing that was on its way stays in the store.
      expect(leftovers()).toEqual([]);
    },
    setupTimeout,
  );

  test("names the file, puts it into a folder, and replaces none unasked", async () => {
    mkdirSync(`${vial.folder}/images`);
    expect(await vial.ok("pull", "--dir", "images", `docker://${host}/team/app:1.0`)).toBe(
      "images/app_1.0.sif",
    );
    const again = await vial.run("pull", "--dir", "images", `docker://${host}/team/app:1.0`);
    expect(again.code).not.toBe(0);
    expect(again.err).toContain("something of that name is there");
    await vial.ok("pull", "-F", "--dir", "images", `docker://${host}/team/app:1.0`);
  });

  test("says what does not fit", async () => {
    const errors = async (...words: string[]) => (await vial.run("pull", ...words)).err;
    expect(await errors("--force", "busybox")).toContain("an image that stays in the store");
    expect(await errors("x.sif", `docker://${host}/team/none:1`)).toContain("Cannot pull");
    expect(await errors("x.sif", "library://x/y/z")).toContain("there is no default library server");
    expect(await errors("-a", `docker://${host}/team/app`)).toContain("together");
    expect(await errors("--tmpdir", "absent", "x.sif", `docker://${host}/team/app:1.0`)).toContain(
      "a folder that is there",
    );
    expect(existsSync(`${vial.folder}/x.sif`)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test("a layer whose bytes are not the promised ones leaves no file", async () => {
    // The blobs of the registry lie in files: one is changed behind its back.
    const blobs = `${vial.folder}/registry/docker/registry/v2/blobs/sha256`;
    const [largest] = (await vial.command(["find", blobs, "-name", "data", "-size", "+100k"])).out.split(
      "\n",
    );
    const before = readFileSync(largest!);
    const bytes = Buffer.from(before);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(largest!, bytes);
    try {
      // A store that has none of its layers yet.
      const root = `${vial.folder}/other`;
      const { code, err } = await vial.run("--root", root, "pull", "x.sif", `docker://${host}/team/app:1.0`);
      expect(code).not.toBe(0);
      expect(err).toContain("not what its digest says");
      expect(existsSync(`${vial.folder}/x.sif`)).toBe(false);
      expect(leftovers()).toEqual([]);
    } finally {
      writeFileSync(largest!, before);
    }
  });
});

describe.skipIf(missing.length > 0)("oras", () => {
  test("a SIF file goes to a registry and comes back the same", async () => {
    await vial.ok("pull", "-q", "-F", "o.sif", `docker://${host}/team/app:1.0`);
    expect(await vial.ok("push", "o.sif", `oras://${host}/team/sif:1`)).toMatch(/^1: digest: sha256:/);
    const manifest = (await (
      await fetch(`http://${host}/v2/team/sif/manifests/1`, {
        headers: { Accept: "application/vnd.oci.image.manifest.v1+json" },
      })
    ).json()) as { config: { mediaType: string }; layers: { mediaType: string; digest: string }[] };
    expect(manifest.config.mediaType).toBe("application/vnd.sylabs.sif.config.v1+json");
    expect(manifest.layers).toMatchObject([
      {
        mediaType: "application/vnd.sylabs.sif.layer.v1.sif",
        digest: `sha256:${digestOf(`${vial.folder}/o.sif`)}`,
      },
    ]);
    await vial.ok("pull", "-q", "p.sif", `oras://${host}/team/sif:1`);
    expect(digestOf(`${vial.folder}/p.sif`)).toBe(digestOf(`${vial.folder}/o.sif`));
    expect(statSync(`${vial.folder}/p.sif`).mode & 0o111).not.toBe(0);
  });

  test("an image of containers is none, and the other way", async () => {
    const asSif = await vial.run("pull", "x.sif", `oras://${host}/team/app:1.0`);
    expect(asSif.err).toContain("it is not a SIF file");
    expect(asSif.err).toContain(`docker://${host}/team/app:1.0`);
    const asImage = await vial.run("pull", "x.sif", `docker://${host}/team/sif:1`);
    expect(asImage.err).toContain("it is no container image");
    expect((await vial.run("push", "busybox", `oras://${host}/x:1`)).err).toContain("SIF files alone");
  });

  test("a SIF file becomes an image of containers in a registry", async () => {
    await vial.ok("push", "-q", "o.sif", `docker://${host}/team/back:1`);
    const inspect = await vial.command([
      "skopeo",
      "inspect",
      "--tls-verify=false",
      "--config",
      `docker://${host}/team/back:1`,
    ]);
    expect(JSON.parse(inspect.out)).toMatchObject({ config: { Cmd: ["echo", "run"] } });
  });
});

describe.skipIf(missing.length > 0)("vial convert", () => {
  test(
    "SIF to every form and back keeps files, config, definition and scripts",
    async () => {
      await vial.ok("pull", "-q", "-F", "s.sif", `docker://${host}/team/app:1.0`);
      const files = await filesOf(`${vial.folder}/s.sif`);
      const config = await dump(`${vial.folder}/s.sif`, ({ name }) => name === "oci-config.json");
      const metadata = await dump(`${vial.folder}/s.sif`, ({ name }) => name === "inspect-metadata.json");
      for (const place of [
        "oci:layout:1.0",
        "oci-archive:a.tar:1.0",
        "docker-archive:d.tar:app:1.0",
        "kept:1",
      ]) {
        await vial.ok("convert", "s.sif", place);
        await vial.ok("convert", "-F", place, "back.sif");
        expect(await filesOf(`${vial.folder}/back.sif`)).toBe(files);
        expect(await dump(`${vial.folder}/back.sif`, ({ name }) => name === "oci-config.json")).toBe(config);
        expect(await dump(`${vial.folder}/back.sif`, ({ name }) => name === "inspect-metadata.json")).toBe(
          metadata,
        );
        expect(await dump(`${vial.folder}/back.sif`, ({ type }) => type === "deffile")).toBe(
          `bootstrap: docker\nfrom: ${host}/team/app:1.0\n`,
        );
      }
      // Others read what was written.
      for (const place of ["oci:layout:1.0", "oci-archive:a.tar:1.0", "docker-archive:d.tar"]) {
        const { code, err } = await vial.command(["skopeo", "inspect", place]);
        expect([code, err]).toEqual([0, ""]);
      }
      expect(await vial.ok("run", "--rm", "kept:1", "cat", "/data/new")).toBe("new");
    },
    setupTimeout,
  );

  test("the same bytes every time, in every form", async () => {
    for (const place of ["oci-archive:x.tar", "docker-archive:x.tar", "x.sqfs", "x.sif"]) {
      const path = `${vial.folder}/${place.replace(/^.*:/, "")}`;
      await vial.ok("convert", "-F", "busybox", place);
      const once = digestOf(path);
      rmSync(path);
      await vial.ok("convert", "busybox", place);
      expect([place, digestOf(path)]).toEqual([place, once]);
      rmSync(path);
    }
  });

  test("a folder and a squashfs run, and become SIF files again", async () => {
    await vial.ok("convert", `docker://${host}/team/app:1.0`, "sandbox:box");
    expect(await vial.ok("exec", "./box", "cat", "/data/new")).toBe("new");
    await vial.ok("convert", "./box", "box.sif");
    expect(await vial.ok("exec", "box.sif", "sh", "-c", "echo $GREETING")).toBe("good day");
    await vial.ok("convert", "--compression", "gzip:1", "box.sif", "box.sqfs");
    expect(await vial.ok("exec", "box.sqfs", "cat", "/data/link")).toBe("new");
    expect((await vial.command(["unsquashfs", "-s", "box.sqfs"])).out).toContain("Compression gzip");
    await vial.ok("convert", "-F", "box.sqfs", "box.sif");
    expect(await vial.ok("run", "box.sif")).toBe("run");
    expect(leftovers()).toEqual([]);
  });

  test("--force deletes no folder that is no image", async () => {
    mkdirSync(`${vial.folder}/home`);
    writeFileSync(`${vial.folder}/home/thesis`, "x");
    const { err } = await vial.run("convert", "-F", "busybox", "sandbox:home");
    expect(err).toContain("this folder is no image");
    expect(readdirSync(`${vial.folder}/home`)).toEqual(["thesis"]);
  });

  test("of several images in an archive the tag chooses", async () => {
    await vial.ok("convert", "busybox", "oci:several:one");
    await vial.ok("convert", `docker://${host}/team/app:1.0`, "oci:several:two");
    expect((await vial.run("convert", "oci:several", "x.sif")).err).toContain("it holds 2");
    expect((await vial.run("convert", "oci:several:three", "x.sif")).err).toContain("Cannot find the tag");
    await vial.ok("convert", "oci:several:two", "two.sif");
    expect(await filesOf(`${vial.folder}/two.sif`)).toContain("/data/new");
  });
});
