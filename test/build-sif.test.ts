import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { openRecipes } from "./recipe.ts";

// SIF files that builds make, and builds that begin with one. Judges: unsquashfs, and `vial sif`, which has its own.

const { why, vial, recipes } = await openRecipes("builds of SIF files");

const bytesOf = (path: string) => new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");

interface Listed {
  readonly type: string;
  readonly name: string;
  readonly offset: number;
}

async function listed(path: string): Promise<readonly Listed[]> {
  return JSON.parse(await vial.ok("sif", "list", "--json", path));
}

/** The objects of a SIF file: "TYPE NAME". */
async function objects(path: string): Promise<readonly string[]> {
  const all = await listed(path);
  return all.map(({ type, name }) => `${type} ${name}`.trim());
}

/** The text of an object, by its name or type. */
async function object(path: string, which: string): Promise<string> {
  const at = (await objects(path)).findIndex((text) => text.includes(which));
  return (await vial.run("sif", "dump", String(at + 1), path)).out;
}

/** Unpacks the root file system by squashfs-tools. */
async function unpack(path: string): Promise<string> {
  const folder = `${path}.files`;
  const { offset } = (await listed(path)).find(({ type }) => type === "partition")!;
  const made = await vial.command([
    "unsquashfs",
    "-quiet",
    "-no-progress",
    "-o",
    String(offset),
    "-d",
    folder,
    path,
  ]);
  if (made.code !== 0) throw new Error(made.err);
  return folder;
}

describe.skipIf(why !== undefined)("vial build to a SIF file", () => {
  test("from a Dockerfile: the same bytes twice, with /.singularity.d and the config of the OCI", async () => {
    const text = 'FROM busybox\nENV A=1\nWORKDIR /w\nRUN echo hi > /hi && chown 7:8 /hi\nCMD ["cat", "/hi"]';
    const first = `${vial.folder}/first.sif`;
    const built = await recipes.ok(text, { flags: ["-o", `type=sif,dest=${first}`] });
    const second = `${vial.folder}/second.sif`;
    await recipes.ok(text, { folder: built.folder, flags: ["--no-cache", "-o", `type=sif,dest=${second}`] });
    expect(bytesOf(second)).toBe(bytesOf(first));
    expect(await objects(first)).toEqual([
      "generic-json inspect-metadata.json",
      "generic-json oci-config.json",
      "partition",
    ]);
    expect(JSON.parse(await object(first, "oci-config"))).toMatchObject({
      Cmd: ["cat", "/hi"],
      WorkingDir: "/w",
    });
    const root = await unpack(first);
    expect(readFileSync(`${root}/hi`, "utf8")).toBe("hi\n");
    expect(readFileSync(`${root}/.singularity.d/Singularity`, "utf8")).toContain("# RUN echo hi > /hi");
    expect(readFileSync(`${root}/.singularity.d/runscript`, "utf8")).toContain("set -- cat /hi");
    expect(readFileSync(`${root}/.singularity.d/env/10-docker2singularity.sh`, "utf8")).toContain("A=");
    expect(readFileSync(first).subarray(0, 30).toString()).toBe("#!/usr/bin/env run-singularity");
  });

  test("from a definition file, in Apptainer's order of words; what is there stays without --force", async () => {
    writeFileSync(
      `${vial.folder}/a.def`,
      "Bootstrap: docker\nFrom: busybox\n%post\necho a > /a\n%labels\nx y\n",
    );
    const at = (name: string) => `${vial.folder}/${name}`;
    const run = (...words: readonly string[]) => vial.call(["build", "-q", ...words], { timeout: 60_000 });
    expect((await run("a.sif", "a.def")).code).toBe(0);
    expect(await object(at("a.sif"), "deffile")).toContain("echo a > /a");
    expect(await object(at("a.sif"), "inspect-metadata")).toContain('"x":"y"');
    const before = bytesOf(at("a.sif"));
    const again = await run("a.sif", "a.def");
    expect(again.code).toBe(1);
    expect(again.err).toContain('Cannot build "a.sif": it is there already');
    expect((await run("--force", "a.sif", "a.def")).code).toBe(0);
    expect(bytesOf(at("a.sif"))).toBe(before);
    expect((await run("--sandbox", "box", "a.sif")).code).toBe(0);
    expect(readFileSync(at("box/a"), "utf8")).toBe("a\n");
    expect((await run("boxed.sif", "box")).code).toBe(0);
    expect(readFileSync(`${await unpack(at("boxed.sif"))}/a`, "utf8")).toBe("a\n");
    expect((await run("named.sif", "docker://busybox")).code).toBe(0);
    expect(await object(at("named.sif"), "deffile")).toBe("Bootstrap: docker\nFrom: busybox\n");
    const alien = await run("alien.sif", "library://x/y");
    expect(alien.code).not.toBe(0);
    expect(alien.err).toContain('images are not taken from "library"');
    expect(existsSync(at("alien.sif"))).toBe(false);
  });

  test("packed as it was asked for", async () => {
    const sizes = new Map<string, string>();
    for (const packing of ["zstd", "gzip:9", "lz4", "xz"]) {
      const path = `${vial.folder}/packed.sif`;
      await recipes.ok("FROM busybox", { flags: ["-o", `type=sif,dest=${path},compression=${packing}`] });
      const { offset } = (await listed(path)).find(({ type }) => type === "partition")!;
      const said = await vial.command(["unsquashfs", "-s", "-o", String(offset), path]);
      sizes.set(packing, /^Compression (\w+)/m.exec(said.out)?.[1] ?? said.out);
    }
    expect([...sizes]).toEqual([
      ["zstd", "zstd"],
      ["gzip:9", "gzip"],
      ["lz4", "lz4"],
      ["xz", "xz"],
    ]);
    const wrong = await recipes.build("FROM busybox", {
      flags: ["-o", "type=sif,dest=x.sif,compression=rar"],
    });
    expect(wrong.code).toBe(2);
    const stream = await recipes.build("FROM busybox", { flags: ["-o", "type=sif"] });
    expect(stream.err).toContain("type=sif,dest=FILE");
  });
});

describe.skipIf(why !== undefined)("vial build from a SIF file", () => {
  test("the files, the config and the digest come back; it is unpacked once", async () => {
    const text =
      'FROM busybox\nENV A=1\nLABEL l=m\nRUN echo hi > /hi && ln /hi /hi2 && chown 7:8 /hi\nCMD ["cat", "/hi"]';
    const path = `${vial.folder}/base.sif`;
    const { tag } = await recipes.ok(text, { flags: ["-o", `type=sif,dest=${path}`] });
    const definition = `Bootstrap: localimage\nFrom: ${path}\n%post\necho more > /more`;
    const built = await recipes.ok(definition, { name: "b.def" });
    const tree = await recipes.tree(built.tag);
    expect(tree.get("hi")).toBe("f 644 7:8 hi\n");
    expect(tree.get("more")).toBe("f 664 0:0 more\n");
    // But for what a build from a definition file writes about itself.
    for (const [name, entry] of [...(await recipes.tree(tag))].filter(
      ([path]) => !path.startsWith(".singularity.d"),
    ))
      expect(`${name} ${tree.get(name)}`).toBe(`${name} ${entry}`);
    expect(await recipes.config(built.tag)).toMatchObject({
      Env: ["LAYER=image", "A=1"],
      Labels: { l: "m" },
    });
    const again = await recipes.ok(definition, { name: "b.def", folder: built.folder });
    expect(again.out).toBe(built.out);
    expect(again.cached).toBe(3);
    // Another file of the same content gives the same image.
    copyFileSync(path, `${vial.folder}/copy.sif`);
    const copied = await recipes.ok(definition.replace("base.sif", "copy.sif"), { name: "b.def" });
    expect((await recipes.tree(copied.tag)).get("hi")).toBe("f 644 7:8 hi\n");
    expect(copied.cached).toBe(2);
  });

  test("what is damaged, is none, or holds another file system is refused, and nothing is left", async () => {
    const at = (name: string) => `${vial.folder}/${name}`;
    await recipes.ok("FROM busybox", { flags: ["-o", `type=sif,dest=${at("whole.sif")}`] });
    copyFileSync(at("whole.sif"), at("short.sif"));
    truncateSync(at("short.sif"), 40_000);
    writeFileSync(at("text.sif"), "no image\n");
    mkdirSync(at("empty"));
    const from = async (path: string) =>
      await recipes.build(`Bootstrap: localimage\nFrom: ${path}\n`, { name: "c.def" });
    const short = await from(at("short.sif"));
    expect(short.code).toBe(1);
    expect(short.err).toMatch(/short\.sif/);
    expect((await from(at("text.sif"))).code).not.toBe(0);
    // A squashfs whose blocks were overwritten.
    const bytes = readFileSync(at("whole.sif"));
    bytes.fill(0xff, 60_000, 400_000);
    writeFileSync(at("broken.sif"), bytes);
    const broken = await from(at("broken.sif"));
    expect(broken.code).toBe(1);
    expect(broken.err).toContain("its root file system is damaged");
    expect(readdirSync(`${vial.root}/build/work`)).toEqual([]);
    expect((await vial.run("check")).code).toBe(0);
    await recipes.nothingLeft();
  });
});
