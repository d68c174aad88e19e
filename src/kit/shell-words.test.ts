import { expect, test } from "bun:test";
import { quoteWord, quoteWords } from "./shell-words.ts";

const words = [
  "plain",
  "a b",
  "",
  "it's",
  "$HOME",
  "a\nb",
  "--x=1,2",
  "*",
  "~",
  "é",
  "-",
  "a;b",
  "`id`",
  '"',
  "\\",
];

test("quoteWord() leaves safe words as they are and puts others in quotes", () => {
  expect(quoteWord("--name=a/b:1")).toBe("--name=a/b:1");
  expect(quoteWord("a b")).toBe("'a b'");
  expect(quoteWord("it's")).toBe(`'it'\\''s'`);
  expect(quoteWord("")).toBe("''");
});

test("quoteWords() comes back from a real shell as it went in", () => {
  const shell = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${quoteWords(words)}`]);
  expect(shell.stdout.toString().split("\0").slice(0, -1)).toEqual(words);
});
