// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseIgnoreFile } from "./ignore.ts";
import { lintRules } from "./lint/rules.ts";
import { lint, refuseFindings } from "./lint.ts";
import { parseDockerfile } from "./parse.ts";

const docs = join(import.meta.dir, "../../../docs");
const pages = readdirSync(join(docs, "lint"));

function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(
    (match) => match[1] ?? "",
  );
}

function findings(text: string, ignore?: string): string[] {
  const options = ignore === undefined ? {} : { ignore: parseIgnoreFile(ignore) };
  return lint(parseDockerfile(text), options).findings.map((finding) => finding.rule);
}

describe("each rule of the linter", () => {
  test("has its page, and each page its rule", () => {
    expect(pages.sort()).toEqual(lintRules.map((rule) => `${rule.name}.md`));
  });

  test("is in the table of docs/dockerfile.md", () => {
    const table = readFileSync(join(docs, "dockerfile.md"), "utf8");
    const missing = lintRules.filter(
      (rule) => !table.includes(`| [${rule.name}](lint/${rule.name}.md) | ${rule.sentence} |`),
    );
    expect(missing.map((rule) => rule.name)).toEqual([]);
  });

  for (const rule of lintRules)
    test(`${rule.name} finds the bad example of its page, and nothing in the good one`, () => {
      const page = readFileSync(join(docs, "lint", `${rule.name}.md`), "utf8");
      const [bad = "", good = ""] = blocks(page, "dockerfile");
      const [ignore] = blocks(page, "dockerignore");
      expect(page).toContain(`# ${rule.name}\n`);
      expect(page.replace(/\s+/g, " ")).toContain(rule.sentence);
      expect(findings(bad, ignore)).toContain(rule.name);
      // The good one is good all over.
      expect(findings(good, ignore)).toEqual([]);
    });
});

describe("lint() finds", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["FROM a:1 As b", ["FromAsCasing"]],
    ["From a:1 as b", ["ConsistentInstructionCasing"]],
    ["from a:1\nrun x\nUSER y", ["ConsistentInstructionCasing"]],
    ["ARG V=1\nFROM a:1\nCOPY $V /", ["UndefinedVar"]],
    ["FROM a:1\nCOPY $TARGETARCH /", ["UndefinedVar"]],
    ["FROM scratch\nCOPY $X /", ["UndefinedVar"]],
    ["FROM scratch AS b\nENV X=1\nFROM b\nCOPY $X /", []],
    ["FROM scratch AS b\nARG X=1\nFROM b\nCOPY $X /", ["UndefinedVar"]],
    ["FROM scratch\nCOPY ${X:-y} ${Z:+z} /", []],
    ["FROM scratch\nCOPY $X /\nRUN $Y\nENV A=$X", ["UndefinedVar", "UndefinedVar"]],
    ["FROM a:1\nCOPY $HOME/x /", []],
    [
      "FROM a:1\nCMD x\nCMD y",
      ["JSONArgsRecommended", "MultipleInstructionsDisallowed", "JSONArgsRecommended"],
    ],
    ['FROM a:1\nSHELL ["bash"]\nCMD x', []],
    ['FROM a:1\nRUN [ "$A" = "b" ]', []],
    ["FROM a:1\nRUN [ -f x ] && y", []],
    ["FROM --platform=linux/arm64 a:1 AS b-arm64", []],
    ["FROM a:1 AS b\nWORKDIR /x\nFROM b\nWORKDIR y", []],
    ["FROM a:1\nWORKDIR y\nWORKDIR /x\nWORKDIR z", ["WorkdirRelativePath"]],
    [`FROM a@sha256:${"0".repeat(64)}`, []],
    ["FROM a:latest", ["UnpinnedBaseImage"]],
    ["FROM $X", ["InvalidDefaultArgInFrom", "UndefinedArgInFrom"]],
    ["ARG X\nFROM ${X:-a:1}", []],
    ["FROM a:1\nARG PUBLIC_KEY KEY_FILE", []],
    ["FROM a:1\nENV DB_PASSWORD=x", ["SecretsUsedInArgOrEnv"]],
    ["FROM a:1\nADD x.tar.gz /", []],
    ["FROM a:1\nADD https://example.org/x.git /", []],
    ["FROM a:1\nADD $X /", []],
    ["FROM a:1\nRUN cd x && make", []],
    ["FROM a:1\nRUN apt-get -y install x; rm -r /var/lib/apt/lists", []],
    ["FROM a:1\nRUN <<EOF\napt-get install x\nEOF", ["AptListsLeft"]],
    ["FROM a:1\nEXPOSE $P 80", []],
    ["# check=skip=all\nFROM a", []],
    ["# check=skip=UnpinnedBaseImage, FromAsCasing ;error=true\nFROM a", []],
  ];
  for (const [text, rules] of cases)
    test(text, () => {
      expect(findings(text).sort()).toEqual([...rules].sort());
    });

  test("what .dockerignore leaves out, unless an exception brings some of it back", () => {
    const text = "# check=experimental=all\nFROM a:1\nCOPY ./dist/ src *.c https://x/y /";
    expect(findings(text, "dist\n*.c")).toEqual(["CopyIgnoredFile"]);
    expect(findings(text, "dist\n!dist/app")).toEqual([]);
    expect(findings(text)).toEqual([]);
  });

  test("the line", () => {
    const { findings: found } = lint(parseDockerfile("FROM a:1\nRUN x \\\n\n  y", "my.Dockerfile"));
    expect(found).toMatchObject([
      { rule: "NoEmptyContinuation", where: { file: "my.Dockerfile", from: 3, to: 3 } },
    ]);
  });
});

describe("the directive check", () => {
  for (const [check, more] of [
    ["skpi=all", { next: 'did you mean "skip"?' }],
    ["skip", {}],
    ["error=maybe", {}],
  ] as const)
    test(`refuses ${check}`, () => {
      expect(() => lint(parseDockerfile(`# check=${check}\nFROM a`))).toThrow(
        expect.objectContaining({ code: "check-option-invalid", ...more }),
      );
    });

  test("stops the build by error=true", () => {
    const strict = parseDockerfile("# check=error=true\nFROM a");
    expect(() => refuseFindings(strict, lint(strict))).toThrow(
      expect.objectContaining({ code: "lint-failed" }),
    );
    const calm = parseDockerfile("FROM a");
    expect(() => refuseFindings(calm, lint(calm))).not.toThrow();
    expect(lint(calm, { check: "skip=all" }).findings).toEqual([]);
  });
});
