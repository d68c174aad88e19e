import { describe, expect, test } from "bun:test";
import { CoveredPaths } from "./covered-paths.ts";

describe("CoveredPaths", () => {
  test("finds what lies over a path or a folder on the way, the last first", () => {
    const paths = new CoveredPaths<string>();
    expect(paths.lastOver("/a")).toBeUndefined();
    paths.add("/a/b", "first");
    expect(paths.lastOver("/a")).toBeUndefined();
    expect(paths.lastOver("/a/bc")).toBeUndefined();
    expect(paths.lastOver("/a/b")).toBe("first");
    expect(paths.lastOver("/a/b/c/d")).toBe("first");
    paths.add("/a/b/c", "second");
    expect(paths.lastOver("/a/b/c/d")).toBe("second");
    // Laid over a folder that holds the earlier ones, it hides them.
    paths.add("/a", "third");
    expect(paths.lastOver("/a/b/c/d")).toBe("third");
    paths.add("/", "all");
    expect(paths.lastOver("/a/b")).toBe("all");
  });
});
