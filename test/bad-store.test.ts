import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { expectClean, expectError, expectNothingLeft } from "./traces.ts";
import { type Outcome, openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// A store that is full, read-only, too new, or has lost a part.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: bad stores, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
/** "busybox" as an archive. */
let archive = "";
beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  archive = `${vial.folder}/busybox.tar`;
  await vial.ok("save", "-o", archive, "busybox");
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

/** Runs a shell script in mounts of its own; "$vial" is the program, "$store" a folder to mount something on. */
async function inPrivateMounts(script: string): Promise<Outcome> {
  const store = `${vial.folder}/other`;
  mkdirSync(store, { recursive: true });
  return await vial.command(["unshare", "-m", "sh", "-c", script], {
    env: { vial: vial.program, store, archive, VIAL_ROOT: `${store}/r` },
    timeout: 30_000,
  });
}

const tmpfs = (size: string) => `mount -t tmpfs -o size=${size} none "$store" || exit 99\n`;
const remount = (size: string) => `mount -o remount,size=${size} "$store" || exit 99\n`;
const check = '"$vial" check || exit 98\n';
const fill =
  'dd if=/dev/zero of="$store/filler" bs=64k 2>/dev/null; dd if=/dev/zero of="$store/rest" bs=1k 2>/dev/null\n';
const empty = 'rm -f "$store/filler" "$store/rest"\n';

suite("a full disk", () => {
  const full = {
    what: /^Cannot write to the store ".*\/other\/r": the disk is full$/,
    why: /^ENOSPC: /,
    next: "free space, for example with `vial image prune --all`, then run the command again",
  };

  for (const [verb, words] of [
    ["load", '-i "$archive"'],
    ["import", '"$archive" x'],
  ] as const) {
    test(`${verb} leaves no half image, and works when there is space`, async () => {
      const line = `"$vial" ${verb} ${words}`;
      const outcome = await inPrivateMounts(
        `${tmpfs("1m")} ${line} >/dev/null; code=$?; ${check}
         find "$VIAL_ROOT" -path "*/blobs/*/*" -type f; find "$VIAL_ROOT/layers" "$VIAL_ROOT/ingest" -mindepth 1
         ${remount("16m")} ${line} >/dev/null || exit 97
         ${check} exit $code`,
      );
      expectError(outcome, 75, full);
      expect(outcome.out).toBe(
        "clean: 0 images, 0 blobs, 0B, 0 containers\nclean: 1 images, 3 blobs, 2.13MB, 0 containers\n".replace(
          /2\.13MB/,
          /[\d.]+MB/.exec(outcome.out)?.[0] ?? "",
        ),
      );
    });
  }

  test("unpacking leaves no half layer", async () => {
    // Room for the blobs, and not for the unpacked layer beside them.
    const outcome = await inPrivateMounts(
      `${tmpfs("3m")} "$vial" load -i "$archive" >/dev/null; code=$?
       find "$VIAL_ROOT/layers" "$VIAL_ROOT/ingest" -mindepth 1; ${check} exit $code`,
    );
    expectError(outcome, 75, {
      what: /^Cannot unpack the layer sha256:[0-9a-f]{64}: the disk is full$/,
      why: /^the file system of ".*\/other\/r\/ingest.*" has no space left$/,
      next: "free some space with `vial image prune`, or set VIAL_ROOT to a larger disk",
    });
    // The blobs are whole, and go with the next prune.
    expect(outcome.out).toMatch(/^note: 3 blobs .* belong to no image.*\nclean: 0 images, /);
  });

  test("a program that writes sees ENOSPC, and its container goes as any other", async () => {
    const outcome = await inPrivateMounts(
      `${tmpfs("8m")} "$vial" load -q -i "$archive" >/dev/null || exit 97
       "$vial" run --rm busybox sh -c 'dd if=/dev/zero of=/big bs=64k 2>&1; echo $?'
       ${check} ls "$VIAL_ROOT/containers" "$VIAL_ROOT/names" "$VIAL_ROOT/run/c" | grep -v :`,
    );
    expect(outcome.out).toContain("dd: error writing '/big': No space left on device");
    expect(outcome.out.trim().split("\n").at(-1)).toMatch(/^clean: 1 images, /);
  });

  test("nothing can be created, what is there can be removed, and then everything works again", async () => {
    const outcome = await inPrivateMounts(
      `${tmpfs("8m")} "$vial" load -q -i "$archive" >/dev/null || exit 97
       "$vial" run -d --name up busybox sleep 60 >/dev/null || exit 96
       ${fill}
       for words in "run --rm" "run -d" "create"; do "$vial" $words busybox true && exit 95; done
       "$vial" tag busybox other && exit 94
       "$vial" rm -f up >/dev/null || exit 93
       "$vial" rmi busybox >/dev/null || exit 92
       ${empty}
       "$vial" load -q -i "$archive" >/dev/null || exit 91
       "$vial" run --rm busybox echo works
       ${check} ls "$VIAL_ROOT/containers" "$VIAL_ROOT/names" "$VIAL_ROOT/run/c" "$VIAL_ROOT/run/crun" | grep -v :`,
    );
    expect({
      out: outcome.out
        .trim()
        .split("\n")
        .map((line) => line.replace(/ images.*/, "")),
      err: outcome.err,
    }).toEqual({
      out: ["works", "clean: 1"],
      err: expect.not.stringContaining("bug in Vial"),
    });
    for (const line of outcome.err.trim().split("\n")) expect(line).toMatch(/^vial: Cannot .*\[next: /);
  });
});

suite("a read-only store", () => {
  const refused = {
    what: /^Cannot use the store ".*"$/,
    why: /^EROFS: read-only file system/,
    next: "set VIAL_ROOT to a folder that you may write",
  };

  test("what only reads works, everything else is refused", async () => {
    const lines = [
      "run --rm busybox true",
      "create busybox",
      "rmi busybox",
      "tag busybox b",
      'import "$archive" x',
    ];
    const script = (line: string) =>
      `mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" || exit 99
       VIAL_ROOT="$root" exec "$vial" ${line}`;
    const run = async (line: string) =>
      await vial.command(["unshare", "-m", "sh", "-c", script(line)], {
        env: { vial: vial.program, root: vial.root, archive },
      });
    for (const line of lines) expectError(await run(line), /^(run|create)/.test(line) ? 125 : 1, refused);
    expect(await run("images -q")).toMatchObject({ code: 0, err: "" });
    expect(await run("ps -aq")).toEqual({ code: 0, out: "", err: "" });
    expect(await run("check -q")).toEqual({ code: 0, out: "", err: "" });
    await expectNothingLeft(vial);
  });

  test("a folder of somebody else is refused", async () => {
    const root = `${vial.folder}/foreign`;
    mkdirSync(root);
    chmodSync(root, 0o755);
    // As a user without rights, and without ranges of sub-ids.
    const outcome = await vial.command(
      ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", vial.program, "images"],
      { env: { VIAL_ROOT: `${root}/r`, HOME: "/nonexistent" }, cwd: "/" },
    );
    expectError(outcome, 1, {
      what: `Cannot use the store "${root}/r"`,
      why: /^EACCES: permission denied/,
      next: refused.next,
    });
  });

  test("a root that is a file is refused", async () => {
    expectError(await vial.call(["images"], { env: { VIAL_ROOT: archive } }), 1, {
      what: `Cannot use the store "${archive}"`,
      why: /^ENOTDIR: not a directory/,
      next: refused.next,
    });
  });
});

suite("a store of another version", () => {
  test("a newer one is left alone by every command", async () => {
    const file = `${vial.root}/version`;
    const version = readFileSync(file);
    writeFileSync(file, "2\n");
    try {
      for (const words of [["images"], ["run", "--rm", "busybox", "true"], ["check", "--repair"], ["ps"]])
        expectError(await vial.run(...words), words[0] === "run" ? 125 : 1, {
          what: `Cannot open the store "${vial.root}": it has version 2, and this Vial knows version 1`,
          why: "a newer Vial wrote it, and an older one could destroy what it does not know",
          next: "use the newer Vial, or set VIAL_ROOT to another folder",
        });
    } finally {
      writeFileSync(file, version);
    }
    await expectNothingLeft(vial);
  });
});

suite("a store that has lost something", () => {
  const layers = () => readdirSync(`${vial.root}/layers`).map((name) => `${vial.root}/layers/${name}`);

  test("an unpacked layer that is gone is unpacked again", async () => {
    await vial.ok("create", "--name", "waits", "busybox", "echo", "started");
    for (const path of layers()) rmSync(path, { recursive: true });
    expect(await vial.ok("run", "--rm", "busybox", "echo", "again")).toBe("again");
    for (const path of layers()) rmSync(path, { recursive: true });
    expect(await vial.ok("start", "-a", "waits")).toBe("started");
    await vial.ok("rm", "waits");
    await expectNothingLeft(vial);
  });

  test("a layer whose blob is gone too is an error, and check reports it", async () => {
    await vial.ok("create", "--name", "waits", "busybox", "true");
    const blobs = `${vial.root}/store/blobs`;
    const aside = `${vial.root}/store/aside`;
    await vial.command(["mv", blobs, aside]);
    for (const path of layers()) rmSync(path, { recursive: true });
    try {
      const lost = {
        what: /^Cannot use the image "busybox": its layer sha256:[0-9a-f]{12} is not unpacked$/,
        why: "the store has lost it, and the blob that it could be unpacked from",
        next: "run `vial pull busybox`, or load or import the image again",
      };
      expectError(await vial.run("run", "--rm", "busybox", "true"), 125, lost);
      expectError(await vial.run("start", "waits"), 1, lost);
      const found = await vial.run("check");
      expect(found.code).toBe(1);
      expect(found.out).toMatch(/error: the container "waits" \([0-9a-f]{12}\) stands on the layer sha256:/);
      expect(found.out).toMatch(/error: the image "docker.io\/library\/busybox:latest": /);
    } finally {
      rmSync(blobs, { recursive: true, force: true });
      await vial.command(["mv", aside, blobs]);
    }
    await vial.ok("rm", "waits");
    expect(await vial.ok("run", "--rm", "busybox", "echo", "back")).toBe("back");
    await expectNothingLeft(vial);
  });

  test("a damaged unpacked layer is found by check, and mended by --repair", async () => {
    const [layer = ""] = layers();
    if (layer.endsWith(".erofs")) truncateSync(layer, 512);
    else rmSync(`${layer}/fs`, { recursive: true });
    const found = await vial.run("check");
    expect(found.out).toContain(`error: the unpacked layer "${layer}" `);
    expect(found.code).toBe(1);
    await vial.ok("check", "--repair");
    expect(await vial.ok("run", "--rm", "busybox", "echo", "mended")).toBe("mended");
    await expectNothingLeft(vial);
  });

  test("a removed image is not run from memory", async () => {
    await vial.ok("tag", "busybox", "127.0.0.1:1/gone");
    expect(await vial.ok("run", "--rm", "127.0.0.1:1/gone", "echo", "here")).toBe("here");
    await vial.ok("rmi", "127.0.0.1:1/gone");
    expectError(await vial.run("run", "--rm", "--pull", "never", "127.0.0.1:1/gone", "true"), 125, {
      what: 'Cannot find the image "127.0.0.1:1/gone": No such image: 127.0.0.1:1/gone',
      next: /./,
    });
    expectError(await vial.run("run", "--rm", "127.0.0.1:1/gone", "true"), 125, {
      what: 'Cannot pull "127.0.0.1:1/gone:latest": "127.0.0.1:1" refuses connections',
      why: "no program listens at that address and port",
      next: /^check the host and port/,
    });
    await expectNothingLeft(vial);
  });

  test("a name that moved is run with its new image", async () => {
    await vial.ok("tag", "busybox", "moving");
    expect(await vial.ok("run", "--rm", "moving", "sh", "-c", "echo $LAYER")).toBe("image");
    const root = `${vial.folder}/root.tar`;
    await vial.ok("create", "--name", "source", "busybox");
    await vial.ok("export", "-o", root, "source");
    await vial.ok("rm", "source");
    await vial.ok("import", "--change", "ENV LAYER=other", root, "moving");
    expect(await vial.ok("run", "--rm", "moving", "sh", "-c", "echo $LAYER")).toBe("other");
    await vial.ok("rmi", "moving");
    await expectNothingLeft(vial);
  });

  test("a damaged blob and a damaged table are found, and mended by --repair and a load", async () => {
    const blobs = `${vial.root}/store/blobs/sha256`;
    const largest =
      readdirSync(blobs).toSorted((a, b) => size(`${blobs}/${b}`) - size(`${blobs}/${a}`))[0] ?? "";
    truncateSync(`${blobs}/${largest}`, 100);
    expect((await vial.run("check")).out).toContain(`error: the blob sha256:${largest} is damaged`);
    await vial.run("check", "--repair");
    await vial.ok("load", "-i", archive);
    await expectClean(vial);
    writeFileSync(`${vial.root}/store/index.json`, '{"schemaVersion":2,"manif');
    expectError(await vial.run("run", "--rm", "busybox", "true"), 125, {
      what: `Cannot read the table of images "${vial.root}/store/index.json"`,
      why: /./,
      next: "run `vial check --repair`",
    });
    await vial.run("check", "--repair");
    await vial.ok("load", "-i", archive);
    expect(await vial.ok("run", "--rm", "busybox", "echo", "back")).toBe("back");
    await expectNothingLeft(vial);
  });

  test("a container's damaged record is an error of check and of its own verbs, not of others", async () => {
    const id = await vial.ok("create", "busybox");
    const file = `${vial.root}/containers/${id}/spec.json`;
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, "{");
    const found = await vial.run("check");
    expect(found.code).toBe(1);
    expect(found.out).toContain(`error: the container ${id.slice(0, 12)} cannot be read: `);
    expect(await vial.ok("run", "--rm", "busybox", "echo", "others work")).toBe("others work");
    expect((await vial.run("ps", "-a")).err).not.toContain("bug in Vial");
    const removed = await vial.run("rm", id);
    expect(removed.err).not.toContain("bug in Vial");
    await vial.run("check", "--repair");
    await expectNothingLeft(vial);
  });
});

function size(path: string): number {
  return readFileSync(path).length;
}
