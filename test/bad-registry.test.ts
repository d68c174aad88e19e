import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { FakeRegistry } from "../src/registry/fake.ts";
import { addImage, rootTar } from "./made-image.ts";
import { expectClean, expectError, expectNothingLeft } from "./traces.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The compiled program against a registry that lies, breaks off, or dies. What was pulled is run in the end.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: bad registries, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
let registry: FakeRegistry;
/** A runnable root, and a layer of a few megabytes that do not compress. */
let tars: readonly [Buffer, Buffer];
let count = 0;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  registry = await FakeRegistry.start();
  tars = [
    rootTar(vial.folder),
    rootTar(vial.folder, (root) => writeFileSync(`${root}/random`, random(6 << 20))),
  ];
}, setupTimeout);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await vial?.close();
}, setupTimeout);

function random(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

/** A fresh image, of layers that the store does not hold, and its name. */
function newImage() {
  count++;
  const path = `test/image${count}`;
  const extra = rootTar(vial.folder, (root) => writeFileSync(`${root}/random`, random(4 << 20)));
  const image = addImage(registry, path, { tars: [tars[0], extra] });
  const [, big = image.manifest] = image.layers;
  return { ...image, name: `${registry.host}/${path}`, path, big };
}

async function expectRuns(name: string): Promise<void> {
  expect(await vial.ok("run", "--rm", name, "echo", "runs")).toBe("runs");
  await vial.ok("rmi", name);
  await expectNothingLeft(vial);
}

/** Expects that the pull failed, that nothing half is to be seen, and that the name stands for nothing. */
async function expectNoImage(name: string): Promise<void> {
  await expectNothingLeft(vial);
  expect(await vial.ok("images", "-q", name)).toBe("");
}

suite("a registry that", () => {
  test("sends a layer with other bytes", async () => {
    const { name, big } = newImage();
    registry.faults.altered.add(big.digest);
    for (const words of [["pull"], ["run", "--rm"]])
      expectError(await vial.run(...words, name), words[0] === "run" ? 125 : 1, {
        what: `Cannot accept the blob ${big.digest}: its bytes are not what its digest says`,
        why: new RegExp(`^found sha256:[0-9a-f]{64}, wanted ${big.digest}$`),
        next: "try again; if it happens again, the source is damaged or lies",
      });
    await expectNoImage(name);
    registry.faults.altered.clear();
    await expectRuns(name);
  });

  test("sends a config or a manifest with other bytes", async () => {
    const { name, config, path } = newImage();
    registry.faults.altered.add(config.digest);
    expectError(await vial.run("pull", name), 1, {
      what: `Cannot accept the blob ${config.digest}: its bytes are not what its digest says`,
      why: /^found sha256:[0-9a-f]{64}, wanted /,
      next: "try again; if it happens again, the source is damaged or lies",
    });
    registry.faults.altered.clear();
    const other = `sha256:${"0".repeat(64)}`;
    registry.faults.statedDigest = other;
    expectError(await vial.run("pull", name), 1, {
      what: `Cannot pull "${name}:latest": the manifest is not the one that its digest names`,
      why: new RegExp(`^found sha256:[0-9a-f]{64}, wanted ${other}$`),
      next: "try again; if it happens again, the registry or a proxy between alters content",
    });
    registry.faults.statedDigest = undefined;
    expectError(await vial.run("pull", `${name}@${other}`), 1, {
      what: `Cannot pull "${name}@${other}": the repository has no manifest ${other}`,
      why: /MANIFEST_UNKNOWN/,
      next: `pick a tag from \`vial tags ${registry.host}/${path}\``,
    });
    await expectNoImage(name);
    await expectRuns(name);
  });

  test("truncates a layer, then has it whole: the rest is fetched", async () => {
    const { name, big } = newImage();
    const part = Math.floor(big.size / 2);
    registry.faults.truncated.set(big.digest, part);
    expectError(await vial.run("pull", name), 1, {
      what: `Cannot pull "${name}:latest": the registry sent only a part of the blob ${big.digest}`,
      why: `found ${part} bytes, wanted ${big.size}`,
      next: "try again, which goes on from there; if it happens again, push the image to the registry again",
    });
    await expectNoImage(name);
    registry.faults.truncated.clear();
    await expectRuns(name);
    expect(rangesOf(big.digest)).toContain(`bytes=${part}-`);
  });

  test("dies at 60 % and comes back within the pull", async () => {
    const { name, big } = newImage();
    const at = Math.floor(big.size * 0.6);
    registry.faults.dying.set(big.digest, { at, times: 1 });
    const pulled = await vial.run("pull", name);
    expect(pulled.code).toBe(0);
    expect(rangesOf(big.digest)).toHaveLength(2);
    await expectRuns(name);
  });

  test("dies at 60 % for good: the next pull goes on from there", async () => {
    const { name, big } = newImage();
    const at = Math.floor(big.size * 0.6);
    registry.faults.dying.set(big.digest, { at, times: 1 });
    // The connection is cut at 60 %, and then nobody answers any more.
    const died = vial.start(["pull", name]);
    await vial.until("the download has begun", () => rangesOf(big.digest).length > 0);
    registry.faults.answers.push({ match: /./, status: 503, times: 1000 });
    expectError({ code: await died.exited, err: await new Response(died.stderr).text() }, 75, {
      what: `Cannot pull "${name}:latest": "${registry.host}" cannot serve it now`,
      why: /503/,
      next: "try again later",
    });
    registry.faults.answers.length = 0;
    await expectNoImage(name);
    expect((await vial.run("check")).out).toContain("broken off; a pull goes on where it stopped");
    expect((await vial.run("pull", name)).code).toBe(0);
    const [, start = ""] = /^bytes=(\d+)-$/.exec(rangesOf(big.digest).at(-1) ?? "") ?? [];
    expect(Number(start)).toBeGreaterThan(big.size * 0.5);
    await expectRuns(name);
  }, 30_000);

  test("is not there", async () => {
    expectError(await vial.run("pull", "127.0.0.1:1/x"), 75, {
      what: 'Cannot pull "127.0.0.1:1/x:latest": "127.0.0.1:1" refuses connections',
      why: "no program listens at that address and port",
      next: "check the host and port, then try again: curl -i http://127.0.0.1:1/v2/",
    });
    await expectClean(vial);
  });
});

suite("a pull that", () => {
  test("is interrupted by ^C keeps what has arrived, and the next goes on", async () => {
    const { name, big } = newImage();
    registry.faults.slow = 20;
    const pull = vial.start(["pull", name]);
    await vial.until("the download has begun", () => rangesOf(big.digest).length > 0);
    await Bun.sleep(300);
    pull.kill("SIGINT");
    expectError({ code: await pull.exited, err: await new Response(pull.stderr).text() }, 130, {
      what: `Cannot pull "${name}:latest": it was interrupted`,
      why: "what has arrived is kept",
      next: "run the command again, which goes on from there",
    });
    registry.faults.slow = 0;
    await expectNoImage(name);
    await vial.ok("pull", name);
    expect(rangesOf(big.digest).at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    await expectRuns(name);
  });

  test("is killed keeps what has arrived, and the next goes on", async () => {
    const { name, big } = newImage();
    registry.faults.slow = 20;
    const pull = vial.start(["pull", name]);
    await vial.until("the download has begun", () => rangesOf(big.digest).length > 0);
    await Bun.sleep(300);
    pull.kill("SIGKILL");
    await pull.exited;
    registry.faults.slow = 0;
    await expectClean(vial);
    await vial.ok("pull", name);
    expect(rangesOf(big.digest).at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    await expectRuns(name);
  });

  test("five make of one image at once is fetched once", async () => {
    const { name, big } = newImage();
    registry.faults.slow = 2;
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, async () => await vial.run("pull", "-q", name)),
    );
    registry.faults.slow = 0;
    expect(outcomes.map(({ code, err }) => ({ code, err }))).toEqual(
      outcomes.map(() => ({ code: 0, err: "" })),
    );
    expect(rangesOf(big.digest)).toHaveLength(1);
    await expectRuns(name);
  });
});

suite("an image for another architecture", () => {
  const other = process.arch === "arm64" ? "amd64" : "arm64";
  const own = process.arch === "arm64" ? "arm64" : "amd64";

  test("is refused, and taken when asked for", async () => {
    addImage(registry, "test/other", { tars: [tars[0]], lies: { architecture: other } });
    const name = `${registry.host}/test/other`;
    for (const words of [["pull"], ["run", "--rm"]])
      expectError(await vial.run(...words, name), words[0] === "run" ? 125 : 1, {
        what: `Cannot pull "${name}:latest": the image is for linux/${other}, and linux/${own} was wanted`,
        next: `choose another image, or take it all the same: --platform linux/${other}`,
      });
    await expectNoImage(name);
    await vial.ok("pull", "--platform", `linux/${other}`, name);
    expectError(await vial.run("run", "--rm", "--pull", "never", name, "true"), 125, {
      what: `Cannot use the image "${name}" for linux/${own}`,
      why: `the store holds it for linux/${other}`,
      next: `run \`vial pull --platform linux/${own} ${name}\`, or use it with \`--platform linux/${other}\``,
    });
    // Its programs are this machine's: only the config says otherwise.
    expect(await vial.ok("run", "--rm", "--platform", `linux/${other}`, name, "echo", "runs")).toBe("runs");
    await vial.ok("rmi", name);
    await expectNothingLeft(vial);
  });

  test("in an index is told with those that there are", async () => {
    const { manifest } = addImage(registry, "test/multi", { tars: [tars[0]], lies: { architecture: other } });
    registry.addIndex("test/multi", "latest", [
      { ...manifest, platform: { os: "linux", architecture: other } },
    ]);
    const name = `${registry.host}/test/multi`;
    expectError(await vial.run("run", "--rm", name, "true"), 125, {
      what: `Cannot pull "${name}:latest": the image has no variant for linux/${own}`,
      why: `it has linux/${other}`,
      next: `choose one that it has: --platform linux/${other}`,
    });
    await expectNoImage(name);
  });
});

/** The ranges of the requests for a blob so far; "" for one without. */
function rangesOf(digest: string): readonly string[] {
  return registry.seen
    .filter(({ method, path }) => method === "GET" && path.endsWith(`/blobs/${digest}`))
    .map(({ range }) => range ?? "");
}
