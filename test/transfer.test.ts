import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { findProgram } from "#host";
import { type DockerRegistry, freePort, startDockerRegistry } from "./docker-registry.ts";
import { openVial, setupTimeout, type TestVial } from "./vial.ts";

// Images between forms: registries, SIF files, archives, layouts, folders. Judges: unsquashfs, skopeo, and Debian's
// docker-registry as the peer.

const programs = ["docker-registry", "skopeo", "unsquashfs", "mksquashfs", "tar2sqfs", "sqfs2tar", "curl"];
const missing = programs.filter((program) => findProgram(program) === undefined);
if (missing.length > 0)
  console.warn(`skipped: images between forms, because of missing ${missing.join(", ")}`);

let vial: TestVial;
let host = "";
let registry: DockerRegistry | undefined;

beforeAll(async () => {
  if (missing.length > 0) return;
  vial = await openVial();
  registry = await startDockerRegistry(vial.folder);
  host = registry.host;
  await pushLayers();
}, setupTimeout);

afterAll(async () => {
  await registry?.close();
  if (missing.length === 0) await vial.close();
}, setupTimeout);

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

  test(
    "is where a build begins, by a definition file and by its address",
    async () => {
      writeFileSync(
        `${vial.folder}/o.def`,
        `Bootstrap: oras\nFrom: ${host}/team/sif:1\n%post\n  echo more >/data/more\n`,
      );
      await vial.ok("build", "-q", "built.sif", "o.def");
      expect(await vial.ok("exec", "built.sif", "sh", "-c", "cat /data/new /data/more; echo $GREETING")).toBe(
        "new\nmore\ngood day",
      );
      await vial.ok("build", "-q", "-F", "built.sif", `oras://${host}/team/sif:1`);
      expect(await vial.ok("exec", "built.sif", "cat", "/data/new")).toBe("new");
    },
    setupTimeout,
  );

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

  test("^C ends it, and leaves nothing", async () => {
    mkdirSync(`${vial.folder}/large/bin`, { recursive: true });
    expect((await vial.command(["truncate", "-s", "40G", "large/bin/zeros"])).code).toBe(0);
    const child = vial.start(["convert", "sandbox:large", "large.sif"]);
    await vial.until("it reads", () =>
      readdirSync(`${vial.root}/ingest`).some((name) => name.startsWith("load-")),
    );
    child.kill("SIGINT");
    const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect(code).not.toBe(0);
    expect(err).toContain("it was interrupted");
    expect(existsSync(`${vial.folder}/large.sif`)).toBe(false);
    expect(leftovers()).toEqual([]);
    expect(readdirSync(`${vial.root}/ingest`).filter((name) => name.startsWith("load-"))).toEqual([]);
    rmSync(`${vial.folder}/large`, { recursive: true });
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

describe.skipIf(missing.length > 0)("an address as IMAGE", () => {
  const cached = () => readdirSync(`${vial.folder}/.cache/vial/sif`).filter((name) => name.endsWith(".sif"));

  test(
    "is fetched once, kept by its digest, and taken from there",
    async () => {
      const uri = `docker://${host}/team/app:1.0`;
      const first = await vial.run("exec", uri, "cat", "/data/new");
      expect([first.code, first.out, first.err]).toEqual([0, "new\n", ""]);
      expect(cached()).toHaveLength(1);
      const before = statSync(`${vial.folder}/.cache/vial/sif/${cached()[0]}`);
      expect(await vial.ok("run", uri)).toBe("run");
      expect(statSync(`${vial.folder}/.cache/vial/sif/${cached()[0]}`).ino).toBe(before.ino);
      expect(await vial.ok("cache", "list", "--format", "{{.Kind}} {{.Name}}")).toBe(`sif ${uri}`);
      await vial.ok("pull", "-q", "-F", "c.sif", uri);
      await vial.ok("push", "c.sif", `oras://${host}/team/sif:2`);
      expect(await vial.ok("exec", `oras://${host}/team/sif:2`, "cat", "/data/new")).toBe("new");
      await vial.ok("convert", "-F", uri, "oci:cached:1");
      expect(await vial.ok("exec", "oci:./cached:1", "cat", "/data/new")).toBe("new");
      expect(cached()).toHaveLength(3);
      // Several at once make one file.
      await vial.ok("cache", "clean", "-f");
      expect(cached()).toHaveLength(0);
      const many = await Promise.all([1, 2, 3, 4].map(() => vial.run("exec", uri, "cat", "/data/new")));
      expect(many.map(({ out }) => out)).toEqual(Array(4).fill("new\n"));
      expect(cached()).toHaveLength(1);
      expect(
        readdirSync(`${vial.folder}/.cache/vial/sif`).filter((name) => /part-|root-/.test(name)),
      ).toEqual([]);
    },
    setupTimeout,
  );

  test("keeps no more than the limit", async () => {
    const env = { VIAL_CACHE_LIMIT: "1k" };
    const uris = [`docker://${host}/team/app:1.0`, `oras://${host}/team/sif:2`];
    for (const uri of uris) {
      const { code, out } = await vial.call(["exec", uri, "cat", "/data/new"], { env });
      expect([code, out]).toEqual([0, "new\n"]);
    }
    expect(cached()).toHaveLength(1);
    const wrong = await vial.call(["exec", uris[0]!, "true"], { env: { VIAL_CACHE_LIMIT: "much" } });
    expect(wrong.code).toBe(125);
  });

  test("that cannot be reached is taken as it was; one that is not there is an error of Vial's", async () => {
    const away = `docker://127.0.0.1:${await freePort()}/team/app:1.0`;
    const { code, err } = await vial.run("exec", away, "true");
    expect(code).toBe(125);
    expect(err).toContain("Cannot");
    const folder = `${vial.folder}/.cache/vial/sif`;
    const key = cached()[0]!.replace(".sif", "");
    writeFileSync(`${folder}/${key}.json`, JSON.stringify({ name: away }));
    const again = await vial.run("exec", away, "cat", "/data/new");
    expect([again.code, again.out]).toEqual([0, "new\n"]);
    expect(again.err).toContain("as it was when it was fetched last");
  });
});

describe.skipIf(missing.length > 0)("an OCI-SIF", () => {
  /** By the facts of the format (sif-format.md, 3 and 6): an index, a manifest, a config and squashfs layers. */
  async function makeOciSif(path: string, layers: readonly string[]): Promise<void> {
    const blob = (bytes: Buffer) => ({
      digest: `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`,
      size: bytes.length,
    });
    const type = "application/vnd.sylabs.image.layer.v1.squashfs";
    const packed = layers.map((folder) => {
      const file = `${folder}.sqfs`;
      const made = Bun.spawnSync(["mksquashfs", folder, file, "-noappend", "-quiet", "-all-root"]);
      if (made.exitCode !== 0) throw new Error(made.stderr.toString());
      return readFileSync(file);
    });
    const digests = packed.map((bytes) => blob(bytes).digest);
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Env: ["PATH=/bin", "FROM=oci-sif"], Cmd: ["/bin/busybox", "echo", "hello"] },
        rootfs: { type: "layers", diff_ids: digests },
      }),
    );
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...blob(config) },
        layers: packed.map((bytes) => ({ mediaType: type, ...blob(bytes) })),
      }),
    );
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", ...blob(manifest) }],
      }),
    );
    const objects = [...packed, config, manifest, index];
    const [total, tableAt] = [48, 4096];
    const dataAt = tableAt + total * 585;
    const table = Buffer.alloc(total * 585);
    let end = dataAt;
    const parts = objects.map((bytes, slot) => {
      const at = slot * 585;
      const offset = Math.ceil(end / 4096) * 4096;
      table.writeInt32LE(slot === objects.length - 1 ? 0x400a : 0x400b, at);
      table.writeUInt8(1, at + 4);
      table.writeUInt32LE(slot + 1, at + 5);
      table.writeUInt32LE(0xf0000001, at + 9);
      table.writeBigInt64LE(BigInt(offset), at + 17);
      table.writeBigInt64LE(BigInt(bytes.length), at + 25);
      table.writeBigInt64LE(BigInt(offset - end + bytes.length), at + 33);
      table.write(blob(bytes).digest, at + 201, "latin1");
      const padding = Buffer.alloc(offset - end);
      end = offset + bytes.length;
      return Buffer.concat([padding, bytes]);
    });
    const header = Buffer.alloc(tableAt);
    header.write("SIF_MAGIC\0" + "01\0" + "00\0", 32, "latin1");
    header.writeBigInt64LE(BigInt(total - objects.length), 80);
    header.writeBigInt64LE(BigInt(total), 88);
    header.writeBigInt64LE(BigInt(tableAt), 96);
    header.writeBigInt64LE(BigInt(table.length), 104);
    header.writeBigInt64LE(BigInt(dataAt), 112);
    header.writeBigInt64LE(BigInt(end - dataAt), 120);
    writeFileSync(path, Buffer.concat([header, table, ...parts]));
  }

  test(
    "of one layer is mounted, one of several is laid together, whiteouts applied",
    async () => {
      const [lower, upper] = [`${vial.folder}/lower`, `${vial.folder}/upper`];
      await vial.ok("convert", "busybox", `sandbox:${lower}`);
      rmSync(`${lower}/.singularity.d`, { recursive: true });
      mkdirSync(`${lower}/data`);
      writeFileSync(`${lower}/data/gone`, "1");
      mkdirSync(`${upper}/data`, { recursive: true });
      writeFileSync(`${upper}/data/new`, "2");
      expect((await vial.command(["mknod", `${upper}/data/gone`, "c", "0", "0"])).code).toBe(0);
      const [one, two] = [`${vial.folder}/one.oci.sif`, `${vial.folder}/two.oci.sif`];
      await makeOciSif(one, [lower]);
      await makeOciSif(two, [lower, upper]);
      expect(await vial.ok("sif", "list", one)).toContain("OCI.RootIndex");
      expect(await vial.ok("exec", one, "sh", "-c", "echo $FROM; ls /data")).toBe("oci-sif\ngone");
      expect(await vial.ok("exec", two, "sh", "-c", "echo $FROM; ls /data")).toBe("oci-sif\nnew");
      expect(await vial.ok("run", one)).toBe("hello");
      expect(await vial.ok("run", two)).toBe("hello");
      await vial.ok("convert", two, "oci:from-oci-sif:1");
      const { out } = await vial.command(["skopeo", "inspect", "--config", "oci:from-oci-sif:1"]);
      expect(JSON.parse(out)).toMatchObject({ config: { Env: ["PATH=/bin", "FROM=oci-sif"] } });
      // A changed byte is seen.
      const bytes = readFileSync(two);
      bytes[bytes.indexOf("hsqs") + 2000]! ^= 1;
      writeFileSync(two, bytes);
      expect((await vial.run("convert", two, "x.sif")).err).toContain("the bytes of the blob");
    },
    setupTimeout,
  );

  test("the public sample, which holds no image, is listed and refused", async () => {
    const sample = `${import.meta.dir}/../../shared/testdata/sif/empty.oci.sif`;
    if (!existsSync(sample)) return;
    expect(await vial.ok("sif", "list", sample)).toContain("OCI");
    expect((await vial.run("exec", sample, "true")).code).toBe(125);
  });
});
