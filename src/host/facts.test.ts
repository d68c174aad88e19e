import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseIdRanges, parseVersion, readHostFacts } from "./facts.ts";

describe("readHostFacts()", () => {
  test("finds this host's own kernel, programs and store, and leaves nothing behind", async () => {
    const folder = mkdtempSync(`${tmpdir()}/vial-facts-`);
    try {
      const facts = await readHostFacts(`${folder}/not/yet/there`);
      expect(facts.kernel.release).toMatch(/^\d+\.\d+/);
      expect(facts.kernel.fileSystems.overlay).toBe("yes");
      expect(facts.store.locks).toEqual({ works: true });
      expect(facts.store.freeBytes).toBeGreaterThan(0);
      expect(facts.programs.find((entry) => entry.need.program === "crun")?.version).toMatch(/^\d+\.\d+/);
      expect(JSON.parse(JSON.stringify(facts)).user.uid).toBe(process.getuid?.());
      expect([...new Bun.Glob("**").scanSync({ cwd: folder, dot: true })]).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("says why locks do not work in a place that cannot be written", async () => {
    const facts = await readHostFacts("/proc/vial");
    expect(facts.store.locks.works).toBe(false);
  });
});

describe("parseIdRanges()", () => {
  test("takes the lines of the user, by name and by number", () => {
    const text = "anna:100000:65536\nbert:165536:65536\n1000:300000:10\nanna:bad:1\n\n";
    expect(parseIdRanges(text, "anna", 1000)).toEqual([
      { start: 100000, count: 65536 },
      { start: 300000, count: 10 },
    ]);
    expect(parseIdRanges(text, "carl", 7)).toEqual([]);
  });
});

describe("parseVersion()", () => {
  test.each([
    ["crun", "crun version 1.8.1\ncommit: f8a0\nspec: 1.0.0\n", "1.8.1"],
    ["runc", "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\n", "1.1.5+ds1"],
    ["catatonit", "tini version 0.1.7_catatonit\n", "0.1.7_catatonit"],
    ["zstd", "*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***\n", "1.5.4"],
    [
      "fuse-overlayfs",
      "fusermount3 version: 3.14.0\nfuse-overlayfs: version 1.10\nFUSE library version 3.14\n",
      "1.10",
    ],
  ])("of %s", (program, text, version) => {
    expect(parseVersion(program, text)).toBe(version);
  });

  test("is undefined when nothing looks like one", () => {
    expect(parseVersion("newuidmap", "usage: newuidmap <pid>\n")).toBeUndefined();
  });
});
