import { describe, expect, test } from "bun:test";
import { type IgnoreMatcher, type IgnoreState, parseIgnoreFile } from "./ignore.ts";

// What moby/patternmatcher answers: exact means the path itself, inside means a folder above it.
const table: readonly (readonly [pattern: string, path: string, "exact" | "inside" | "no"])[] = [
  ["**", "file", "exact"],
  ["**/", "dir/file", "exact"],
  ["**/**", "dir/file", "exact"],
  ["dir/**", "dir/sub/file", "exact"],
  ["dir/**", "dir", "no"],
  ["dir/**", "dirt/file", "no"],
  ["dir**", "dirt/file", "exact"],
  ["**/dir", "dir", "exact"],
  ["**/dir", "a/dir", "exact"],
  ["**/dir", "a/mydir", "no"],
  ["**/dir", "dir/file", "inside"],
  ["**/dir2/*", "dir/dir2/file", "exact"],
  ["**/dir2/**", "dir/dir2/dir3/file", "exact"],
  ["**file", "dir/myfile", "exact"],
  ["**file*", "dir/myfile", "no"],
  ["**file*", "dir/file1", "exact"],
  ["a**/*.txt", "a/dir/dir/file.txt", "exact"],
  ["a**/*.txt", "ab/file.txt", "exact"],
  ["a/*.txt", "a/dir/file.txt", "no"],
  ["*", "dir/file", "inside"],
  ["*.go", "main.go", "exact"],
  ["*.go", "cmd/main.go", "no"],
  ["a[b-d]e", "ace", "exact"],
  ["a[b-d]e", "aae", "no"],
  ["a[^b-d]e", "aze", "exact"],
  ["a[^b]e", "a/e", "exact"],
  ["[\\]a]", "]", "exact"],
  ["[a-ζ]*", "α", "exact"],
  ["a]", "a]", "exact"],
  [".*", ".foo", "exact"],
  [".*", "foo", "no"],
  ["abc.def", "abcZdef", "no"],
  ["abc?def", "abc/def", "no"],
  ["a?b", "a☺b", "exact"],
  ["a?b", "a😀b", "exact"],
  ["a\\*b", "a*b", "exact"],
  ["a\\*b", "acb", "no"],
  ["a\\\\", "a\\", "exact"],
  ["a(b)c/{d}+$", "a(b)c/{d}+$", "exact"],
  ["/docs/", "docs/x", "inside"],
  ["./a/../b", "b", "exact"],
  ["../x", "x", "no"],
  ["a/*/c/**/*.o", "a/b/c/d/e.o", "exact"],
];

/** Walks down to a path, as a walk over a folder would. */
function walk(matcher: IgnoreMatcher, path: string): IgnoreState {
  let state: IgnoreState | undefined;
  const parts = path.split("/");
  parts.forEach((_, index) => {
    state = matcher.step(parts.slice(0, index + 1).join("/"), state);
  });
  return state ?? matcher.step(path);
}

describe("parseIgnoreFile() matches as patternmatcher does", () => {
  for (const [pattern, path, wanted] of table)
    test(`${pattern} and ${path}: ${wanted}`, () => {
      const matcher = parseIgnoreFile(pattern);
      expect(matcher.step(path).ignored).toBe(wanted === "exact");
      expect(matcher.isIgnored(path)).toBe(wanted !== "no");
      expect(walk(matcher, path).ignored).toBe(wanted !== "no");
      // Repeated "**/" means the same, and goes another way.
      if (pattern.startsWith("**/")) {
        const long = parseIgnoreFile(`**/**/**/${pattern.slice(3) || "**"}`);
        expect(long.isIgnored(path)).toBe(wanted !== "no");
      }
    });
});

describe("parseIgnoreFile() takes the last pattern that matches", () => {
  const cases: readonly (readonly [patterns: readonly string[], path: string, ignored: boolean])[] = [
    [["docs", "!docs/README.md"], "docs/README.md", false],
    [["docs/", "!docs/README.md"], "docs/other.md", true],
    [["!main.go", "*.go"], "main.go", true],
    [["*.go", "!main.go"], "main.go", false],
    [["**", "!util/web"], "util/web/foo", false],
    [["**", "!util/web", "util/web/foo"], "util/web/foo", true],
    [["**", "!dist/*.whl"], "dist/a-1+b.whl", false],
    [["*", "!src", "src/*.o"], "src/a.o", true],
    [["*", "! src ", "  # no comment"], "src/a.c", false],
    [["# comment", "", "\t"], "# comment", false],
    [["\uFEFFa"], "a", true],
    [["!a"], "a", false],
  ];
  for (const [patterns, path, ignored] of cases)
    test(`${patterns.join(" | ")} and ${path}`, () => {
      const matcher = parseIgnoreFile(patterns.join("\r\n"));
      expect(matcher.isIgnored(path)).toBe(ignored);
      expect(walk(matcher, path).ignored).toBe(ignored);
    });
});

test("parseIgnoreFile() of nothing ignores nothing", () => {
  expect(parseIgnoreFile("# nothing\n").isEmpty).toBe(true);
  expect(parseIgnoreFile("x").isEmpty).toBe(false);
});

describe("IgnoreMatcher.step() knows which folders need not be entered", () => {
  const cases: readonly (readonly [patterns: string, folder: string, skippable: boolean])[] = [
    ["node_modules", "node_modules", true],
    ["node_modules\n!node_modules/keep", "node_modules", false],
    ["*\n!src/main.c", "node_modules", true],
    ["*\n!src/main.c", "src", false],
    ["*\n!src/main.c", "src2", true],
    ["*\n!**/*.md", "node_modules", false],
    ["*\n!*.md", "node_modules", true],
    ["*\n!src", "src", false],
    ["a\n!b/**", "a", true],
  ];
  for (const [patterns, folder, skippable] of cases)
    test(`${patterns.replaceAll("\n", " | ")} and ${folder}`, () => {
      expect(parseIgnoreFile(patterns).step(folder).skippable).toBe(skippable);
    });

  test("and nothing below a skippable folder would have been kept", () => {
    const words = ["a", "b", "ab", "*", "**", "?", "[ab]", "a*", "**a"];
    const paths = ["a", "b", "ab"].flatMap((one) =>
      ["a", "b", "ab"].flatMap((two) => ["a", "b"].map((three) => `${one}/${two}/${three}`)),
    );
    let seed = 7;
    const pick = (count: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return (seed >> 8) % count;
    };
    for (let round = 0; round < 3000; round++) {
      const lines = Array.from({ length: 1 + pick(4) }, () => {
        const parts = Array.from({ length: 1 + pick(3) }, () => words[pick(words.length)]!);
        return (pick(3) === 0 ? "!" : "") + parts.join("/");
      });
      const matcher = parseIgnoreFile(lines.join("\n"));
      for (const path of paths) {
        const folder = matcher.step(path.slice(0, path.indexOf("/")));
        if (folder.skippable) expect([lines, path, matcher.isIgnored(path)]).toEqual([lines, path, true]);
      }
    }
  });
});

describe("parseIgnoreFile() refuses", () => {
  for (const pattern of ["!", "[", "[^", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "x\\", "!["])
    test(pattern, () => {
      expect(() => parseIgnoreFile(`ok\n${pattern}`)).toThrow(
        expect.objectContaining({
          code: "ignore-pattern-invalid",
          where: { file: ".dockerignore", from: 2, to: 2 },
        }),
      );
    });
});

test("parseIgnoreFile() stays fast with patterns that make regular expressions slow", () => {
  const matcher = parseIgnoreFile(`${"**/a*".repeat(30)}x`);
  const path = `${"a/".repeat(500)}b`;
  const started = performance.now();
  expect(matcher.step(path).ignored).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});
