import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { digestOf } from "#spec";
import { FakeRegistry } from "../src/registry/fake.ts";
import { Recipes } from "./recipe.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Caches that travel: `--cache-to` on one machine, `--cache-from` on another, which is another store here.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: caches of builds that travel, because ${why}`);

let one: TestVial;
let two: TestVial;
let here: Recipes;
let there: Recipes;
let registry: FakeRegistry;

beforeAll(async () => {
  if (why !== undefined) return;
  [one, two] = [await openVial(), await openVial()];
  // The very same base: an import has the time of the import.
  await one.ok("save", "-o", `${one.folder}/base.tar`, "busybox");
  await two.ok("rmi", "busybox");
  await two.ok("load", "-i", `${one.folder}/base.tar`);
  [here, there] = [new Recipes(one), new Recipes(two)];
  registry = await FakeRegistry.start();
}, setupTimeout);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await one?.close();
  await two?.close();
}, setupTimeout);

/** Two stages with four steps; `salt` makes them new to both stores. */
function recipe(salt: string): string {
  return [
    "FROM busybox AS made",
    `RUN echo ${salt} > /made && cat /proc/sys/kernel/random/uuid > /once`,
    "RUN true",
    "FROM busybox",
    "COPY --from=made /made /once /",
    "RUN cat /proc/sys/kernel/random/uuid > /again",
  ].join("\n");
}

const blobsOf = (folder: string) => readdirSync(`${folder}/blobs/sha256`);

describe.skipIf(why !== undefined)("--cache-to and --cache-from", () => {
  test("a folder: all steps with mode=max, those of the image with min; the same image comes of it", async () => {
    const folder = `${one.folder}/cache`;
    const text = recipe("folder");
    const first = await here.ok(text, { flags: ["--cache-to", `type=local,dest=${folder},mode=max`] });
    const second = await there.ok(text, { flags: ["--cache-from", `type=local,src=${folder}`] });
    expect([first.cached, second.cached]).toEqual([0, 4]);
    expect(second.out).toBe(first.out);
    expect(await there.tree(second.tag)).toEqual(await here.tree(first.tag));
    expect((await two.run("check")).code).toBe(0);
    // Taken over into the own cache.
    rmSync(folder, { recursive: true });
    expect((await there.ok(text)).cached).toBe(4);

    const least = recipe("least");
    await here.ok(least, { flags: ["--cache-to", `type=local,dest=${folder}`] });
    const built = await there.ok(least, { flags: ["--cache-from", `type=local,src=${folder}`] });
    // The steps of the first stage are not in it.
    expect(built.err).toMatch(/#\d+ \[made 1\/2\] RUN .*\n#\d+ DONE/);
  });

  test("of %post too, with the state of its shell", async () => {
    const folder = `${one.folder}/cache-post`;
    const text =
      "Bootstrap: docker\nFrom: busybox\n%post\nA=$(cat /proc/sys/kernel/random/uuid)\necho $A > /a\ncd /bin\npwd > /b";
    const flags = ["--cache-to", `type=local,dest=${folder},mode=max`];
    const first = await here.ok(text, { name: "a.def", flags });
    const second = await there.ok(text, {
      name: "a.def",
      flags: ["--cache-from", `type=local,src=${folder}`],
    });
    expect(second.out).toBe(first.out);
  });

  test("what was written before goes from the folder", async () => {
    const folder = `${one.folder}/cache-again`;
    const flags = ["--cache-to", `type=local,dest=${folder},mode=max`];
    await here.ok(recipe("first"), { flags });
    const before = blobsOf(folder);
    await here.ok(recipe("second"), { flags });
    const after = blobsOf(folder);
    expect(after.length).toBe(before.length);
    // RUN true touches /etc, where the names of the network are put: the same layer in both.
    expect(after.filter((name) => before.includes(name))).toHaveLength(1);
    await one.ok("load", "-i", folder);
  });

  test("a registry: layers come when a step asks for them, and no others", async () => {
    const name = `${registry.host}/team/cache:v1`;
    const text = recipe("registry");
    const first = await here.ok(text, { flags: ["--cache-to", `type=registry,ref=${name},mode=max`] });
    const gets = () => registry.count("GET", /\/blobs\//);
    const atFirst = gets();
    const second = await there.ok(text, { flags: ["--cache-from", name] });
    expect(second.cached).toBe(4);
    expect(second.out).toBe(first.out);
    // The config, and three layers: that of RUN true, an empty /etc, is there from other builds.
    expect(gets() - atFirst).toBe(4);
    const before = gets();
    // Another recipe with the same first step.
    await there.ok("FROM busybox\nRUN echo other > /other", { flags: ["--cache-from", name] });
    expect(gets() - before).toBe(0);
  });

  test("a cache that is not there, is none, or is damaged costs a warning", async () => {
    const nowhere = await there.ok("FROM busybox\nRUN echo 1 > /w1", {
      flags: ["--cache-from", "type=local,src=/nowhere"],
    });
    expect(nowhere.err).toContain('there is no cache at "/nowhere"');
    const unknown = await there.ok("FROM busybox\nRUN echo 2 > /w2", {
      flags: ["--cache-from", `${registry.host}/no/such:thing`],
    });
    expect(unknown.err).toMatch(/warning: the cache at ".*no\/such:thing" cannot be read/);

    await one.ok("tag", "busybox", `${registry.host}/team/plain:v1`);
    await one.ok("push", `${registry.host}/team/plain:v1`);
    const plain = await there.ok("FROM busybox\nRUN echo 3 > /w3", {
      flags: ["--cache-from", `${registry.host}/team/plain:v1`],
    });
    expect(plain.err).toContain("is no cache that this version of Vial can read");

    // A layer whose bytes were exchanged for others, of the same length.
    const folder = `${one.folder}/cache-bad`;
    const text = recipe("damaged");
    await here.ok(text, { flags: ["--cache-to", `type=local,dest=${folder},mode=max`] });
    for (const blob of blobsOf(folder)) {
      const path = `${folder}/blobs/sha256/${blob}`;
      const bytes = readFileSync(path);
      if (bytes[0] === 0x7b) continue;
      bytes[600] = (bytes[600] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    const damaged = await there.ok(text, { flags: ["--cache-from", `type=local,src=${folder}`] });
    expect(damaged.err).toContain("is left out from here on");
    expect(damaged.cached).toBeLessThan(2);
    expect(await two.ok("run", "--rm", damaged.tag, "cat", "/made")).toBe("damaged");
    expect((await two.run("check")).code).toBe(0);
  });

  test("a cache that lies about what a layer unpacks to is left out, and nothing of it stays", async () => {
    const folder = `${one.folder}/cache-lies`;
    const text = recipe("lies");
    await here.ok(text, { flags: ["--cache-to", `type=local,dest=${folder},mode=max`] });
    swapDiffIds(folder);
    const built = await there.ok(text, { flags: ["--cache-from", `type=local,src=${folder}`] });
    expect(built.err).toContain("is left out from here on");
    expect(await two.ok("run", "--rm", built.tag, "cat", "/made")).toBe("lies");
    expect((await there.ok(text)).cached).toBe(4);
  });

  test("a cache that cannot be written fails the build, whose image is there; ignore-error makes it a warning", async () => {
    const dest = `${one.folder}/a-file`;
    writeFileSync(dest, "");
    const failed = await here.build("FROM busybox\nRUN echo 5 > /w5", {
      flags: ["--cache-to", `type=local,dest=${dest}`],
    });
    expect(failed.code).toBe(1);
    expect(failed.err).toContain(`Cannot write the build cache to "${dest}"`);
    expect(await one.ok("run", "--rm", failed.tag, "cat", "/w5")).toBe("5");
    const warned = await here.ok("FROM busybox\nRUN echo 5 > /w5", {
      flags: ["--cache-to", `type=local,dest=${dest},ignore-error=true`],
    });
    expect(warned.err).toContain(`warning: Cannot write the build cache to "${dest}"`);
    expect(statSync(dest).size).toBe(0);
    await here.nothingLeft();
    await there.nothingLeft();
  });
});

/** Exchanges two diff_ids of the config of a cache, with digests that are right. */
function swapDiffIds(folder: string): void {
  const at = (digest: string) => `${folder}/blobs/${digest.replace(":", "/")}`;
  const index = JSON.parse(readFileSync(`${folder}/index.json`, "utf8"));
  const manifest = JSON.parse(readFileSync(at(index.manifests[0].digest), "utf8"));
  const config = JSON.parse(readFileSync(at(manifest.config.digest), "utf8"));
  const ids = config.rootfs.diff_ids;
  [ids[0], ids[1]] = [ids[1], ids[0]];
  const put = (document: unknown) => {
    const text = JSON.stringify(document);
    const digest = digestOf(text);
    writeFileSync(at(digest), text);
    return { digest, size: text.length };
  };
  Object.assign(manifest.config, put(config));
  Object.assign(index.manifests[0], put(manifest));
  writeFileSync(`${folder}/index.json`, JSON.stringify(index));
}
