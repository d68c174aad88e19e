// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are recipes, not templates
import { describe, expect, test } from "bun:test";
import { expand, expandHeredoc, expandWord, expandWords } from "./expand.ts";

describe("expandWord() knows the modifiers of patterns", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["${v#*x*y}", { v: "xxyy" }, "y"],
    ["${v##*x}", { v: "xxyy" }, "yy"],
    ["${v#}", { v: "xxyy" }, "xxyy"],
    ["${v#$p}", { v: "xxyy", p: "x" }, "xyy"],
    ["${v#?\\?}", { v: "???y" }, "?y"],
    ["${v%x}", { v: "xxyy" }, "xxyy"],
    ["${v%%\\**}", { v: "xx**" }, "xx"],
    ["${v%%\\**\\*}", { v: "a***yy*" }, "a"],
    ["${v%.*}", { v: "a.tar.gz" }, "a.tar"],
    ["${v%%.*}", { v: "a.tar.gz" }, "a"],
    ["${v#()[]{\\}^$.\\*\\?|\\\\}", { v: "()[]{}^$.*?|\\x" }, "x"],
    ["${v/a/b}", { v: "banana" }, "bbnana"],
    ["${v//a/b}", { v: "banana" }, "bbnbnb"],
    ["${v//a*n/-}", { v: "banana" }, "b-a"],
    ["${v//\\//_}", { v: "a/b/c" }, "a_b_c"],
    ["${v//\\//\\/}", { v: "/a/b" }, "\\/a\\/b"],
    ["${v/$p/.}", { v: "/foo*/*/*.txt", p: "\\*/" }, "/foo.*/*.txt"],
    ["${v/$p/ww}", { v: "xxyy", p: "" }, "wwxxyy"],
    ["${v//$p/w}", { v: "xy", p: "" }, "wxwyw"],
    ["${v///}", { v: "xxyy" }, "xxyy"],
    ["${v///}", {}, ""],
    ["${v%🖖}", { v: "👽🖖" }, "👽"],
    ["${v#*}", { v: "a\nb" }, "a\nb"],
    ["${v##*}", { v: "a\nb" }, "\nb"],
    ["${v-a} ${w-b}", { v: "" }, " b"],
    ["${v:-a}", { v: "" }, "a"],
    ["${v+a}${w+b}", { v: "" }, "a"],
    ["${v:-${w:-${x:-y}}}", {}, "y"],
  ];
  for (const [text, variables, wanted] of cases)
    test(`${text} with ${JSON.stringify(variables)}`, () => {
      expect(expandWord(text, new Map(Object.entries(variables)))).toBe(wanted);
    });

  for (const text of [
    "${v//ww}",
    "${v//}",
    "${v/\\x/}",
    "${v=a}",
    "${v:}",
    "${v:=a}",
    "${",
    "'a",
    '"a',
    "${v#\\",
  ])
    test(`${text} is refused`, () => {
      expect(() => expandWord(text, new Map([["v", "xxyy"]]))).toThrow(
        expect.objectContaining({ code: "substitution-invalid" }),
      );
    });
});

test("expandWord() fails with the message of ${v:?message}", () => {
  const where = { file: "Dockerfile", from: 3, to: 3 };
  expect(() => expandWord("${V:?give me $W}", new Map([["W", "one"]]), "\\", where)).toThrow(
    expect.objectContaining({ code: "variable-required", why: "give me one", where }),
  );
  expect(() => expandWord("${V?}", new Map())).toThrow(
    expect.objectContaining({ why: "the recipe asks for it" }),
  );
});

test("expandWord() takes the backtick when it is the escape character", () => {
  expect(expandWord("a`$v\\b", new Map(), "`")).toBe("a$v\\b");
});

test("expand() tells which variables it used and missed", () => {
  const { used, missing } = expand("$A ${B:-x} ${A+$C}", new Map([["A", "1"]]), { escape: "\\" });
  expect([[...used], [...missing]]).toEqual([["A"], ["B", "C"]]);
});

test("expandWords() cuts what a variable holds, but not what is quoted", () => {
  const variables = new Map([["P", "80 90"]]);
  expect(expandWords("$P", variables)).toEqual(["80", "90"]);
  expect(expandWords('"$P" a\\ b', variables)).toEqual(["80 90", "a b"]);
});

test("expandHeredoc() leaves quotes alone", () => {
  expect(expandHeredoc("'$A' \"$A\" \\$A it's <<x\n", new Map([["A", "1"]]))).toBe("'1' \"1\" $A it's <<x\n");
});

describe("expandWord() stays fast and on its feet", () => {
  const value = "ab".repeat(20_000);
  const texts = {
    "many stars": `\${v##${"*a".repeat(50)}x}`,
    "many replacements": "${v//a*?b*x/y}",
    "deep nesting": `${"${x:-".repeat(20_000)}`,
    "many quotes": '"'.repeat(20_001),
    "a long pattern": `\${v#${"a".repeat(100_000)}}`,
  };
  for (const [name, text] of Object.entries(texts))
    test(name, () => {
      const started = performance.now();
      try {
        expandWord(text, new Map([["v", value]]));
      } catch (error) {
        expect(error).toMatchObject({ name: "VialError" });
      }
      expect(performance.now() - started).toBeLessThan(5000);
    });
});
