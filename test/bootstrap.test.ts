import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// `vial bootstrap` by the compiled executable, from this machine's own package sources.

const compiled = fileURLToPath(new URL("../dist/vial", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vial-bootstrap-test-"));
// A copy of its own: an ordinary user may not reach the folder of the checkout.
const vial = join(folder, "vial");
const minutes = 60_000;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function call(root: string, args: readonly string[], prefix: readonly string[] = []): Outcome {
  const child = Bun.spawnSync([...prefix, vial, "--root", join(folder, root), ...args], { stdin: "ignore" });
  return { code: child.exitCode, out: child.stdout.toString(), err: child.stderr.toString() };
}

/** The names of the blobs: equal when the images are equal to the last byte. */
function blobs(root: string): string[] {
  return readdirSync(join(folder, root, "store/blobs/sha256")).sort();
}

describe("vial bootstrap", () => {
  let first: Outcome;

  beforeAll(() => {
    chmodSync(folder, 0o755);
    copyFileSync(compiled, vial);
    chmodSync(vial, 0o755);
    first = call("one", ["bootstrap", "debian", "--variant", "apt"]);
  }, 5 * minutes);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("makes an image of the host's suite, says its names and digest, and tells the steps as plain lines", () => {
    expect(first.err).toContain("Download packages");
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toMatch(/^debian:[a-z]+, debian:latest {2}sha256:[0-9a-f]{64}\n$/);
    expect(blobs("one")).toHaveLength(3);
  });

  test(
    "gives the same digest for the same packages, also to an ordinary user",
    () => {
      expect(call("two", ["bootstrap", "debian", "--variant", "apt"])).toMatchObject({
        code: 0,
        out: first.out,
      });
      expect(blobs("two")).toEqual(blobs("one"));
      const name = `vial-boot-${process.pid}`;
      const added = Bun.spawnSync(["useradd", "-m", "-d", join(folder, "home"), name]);
      expect(added.stderr.toString()).toBe("");
      try {
        Bun.spawnSync(["install", "-d", "-o", name, join(folder, "three")]);
        const asUser = call(
          "three",
          ["bootstrap", "debian", "--variant", "apt"],
          ["setpriv", `--reuid=${name}`, `--regid=${name}`, "--init-groups", "--reset-env"],
        );
        expect(asUser).toMatchObject({ code: 0, out: first.out });
        expect(blobs("three")).toEqual(blobs("one"));
      } finally {
        Bun.spawnSync(["userdel", "-r", name]);
      }
    },
    5 * minutes,
  );

  test("leaves nothing of this host and of this run in the image", async () => {
    const sizes = blobs("one").map((name) => ({
      name,
      size: Bun.file(join(folder, "one/store/blobs/sha256", name)).size,
    }));
    const layer = sizes.sort((a, b) => b.size - a.size)[0]?.name ?? "";
    const listed = Bun.spawnSync(["tar", "-tzf", join(folder, "one/store/blobs/sha256", layer)])
      .stdout.toString()
      .split("\n");
    expect(listed).toContain("./etc/apt/sources.list");
    expect(listed).toContain("./usr/bin/dpkg");
    const traces =
      /^\.\/(etc\/(hostname|resolv\.conf|passwd-|apt\/apt\.conf\.d\/99vial|apt\/auth\.conf\.d\/.)|var\/log\/.*[^/]$|var\/cache\/apt\/.*\.bin|var\/lib\/apt\/lists\/.*_|var\/cache\/ldconfig\/.)/;
    expect(listed.filter((name) => traces.test(name))).toEqual([]);
  });

  test.each([
    [["bootstrap", "slackware"], 1, 'this machine\'s package sources are those of "debian"'],
    [["bootstrap", "debian", "no-such-suite"], 75, "no-such-suite"],
    [["bootstrap", "debian", "Bad/Suite"], 2, 'Cannot take "Bad/Suite" as a suite'],
    [["bootstrap", "debian", "--variant", "huge"], 2, 'Cannot read the value "huge" of "--variant"'],
    [["bootstrap", "debian", "--include", "?essential"], 2, 'Cannot take "?essential" as a package'],
    [["bootstrap", "debian", "-t", "UPPER"], 2, "UPPER"],
  ] as const)("refuses %p", (args, code, text) => {
    const refused = call("refused", args);
    expect(refused.err).toContain(text);
    expect(refused.code).toBe(code);
  });

  test(
    "names a package that does not exist, and keeps nothing",
    () => {
      const refused = call("refused", [
        "bootstrap",
        "debian",
        "--variant",
        "apt",
        "--include",
        "no-such-package-of-vial",
      ]);
      expect(refused.err).toContain('no package "no-such-package-of-vial"');
      expect(refused.code).toBe(1);
      expect(blobs("refused")).toEqual([]);
    },
    2 * minutes,
  );
});
