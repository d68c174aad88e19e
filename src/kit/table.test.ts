import { expect, test } from "bun:test";
import { printTable } from "./table.ts";

test("printTable() makes columns at least 10 wide with 3 spaces between, like Docker", () => {
  expect(
    printTable([
      ["REPOSITORY", "TAG", "SIZE"],
      ["a-repository-name", "1", "74.8MB"],
    ]),
  ).toBe("REPOSITORY          TAG       SIZE\na-repository-name   1         74.8MB\n");
});

test("printTable() counts wide characters as two columns", () => {
  expect(
    printTable([
      ["日本語日本語", "x"],
      ["abc", "y"],
    ]),
  ).toBe("日本語日本語   x\nabc            y\n");
});

test("printTable() does not pad the last cell, and keeps empty cells apart", () => {
  expect(
    printTable([
      ["A", "", "C"],
      ["1", "2", ""],
    ]),
  ).toBe("A                   C\n1         2         \n");
});

test("printTable() gives nothing for no rows", () => {
  expect(printTable([])).toBe("");
});

test("printTable() shows control characters, so that a label cannot steer the terminal", () => {
  expect(printTable([["a\x1b[31m\nb"]])).toBe("a\\x1b[31m\\x0ab\n");
});
