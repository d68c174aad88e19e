import { expect, test } from "bun:test";
import { printSourceLines } from "./source-error.ts";

const text = "FROM a\r\nCOPY . /\r\n\r\nRNU make\r\nCMD b\r\nUSER c\r\nUSER d\r\n";

test("printSourceLines() marks a line and shows two around it", () => {
  expect(printSourceLines({ file: "Dockerfile", from: 4, to: 4 }, text)).toBe(`Dockerfile:4
    2 | COPY . /
    3 |
>   4 | RNU make
    5 | CMD b
    6 | USER c
`);
});

test("printSourceLines() stays inside of the file", () => {
  expect(printSourceLines({ file: "D", from: 1, to: 2 }, "a\nb")).toBe("D:1-2\n>   1 | a\n>   2 | b\n");
  expect(printSourceLines({ file: "D", from: 9, to: 9 }, "a\nb")).toBe("D:9\n");
});

test("printSourceLines() cuts long places and long lines, and lets nothing steer the terminal", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`).join("\n");
  const shown = printSourceLines({ file: "D", from: 3, to: 38 }, lines).split("\n");
  expect(shown.length).toBeLessThan(22);
  expect(shown).toContain(">  ... |");
  expect(shown).toContain(">   38 | line 38");
  expect(printSourceLines({ file: "D", from: 1, to: 1 }, `\u001b[31m${"x".repeat(500)}`)).toMatch(
    /\\x1b\[31mx{150,}\.\.\.\n$/,
  );
});
