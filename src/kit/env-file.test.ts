import { expect, test } from "bun:test";
import { EnvFileError, parseEnvFile } from "./env-file.ts";

const parse = (text: string | Uint8Array, env = {}) =>
  parseEnvFile(typeof text === "string" ? new TextEncoder().encode(text) : text, env);

test("parseEnvFile() takes values as they stand", () => {
  expect(parse("A=1\nB=\"q\" 'x' # no comment \nC=a=b\nD=\n  E=indented\n")).toEqual([
    "A=1",
    "B=\"q\" 'x' # no comment ",
    "C=a=b",
    "D=",
    "E=indented",
  ]);
});

test("parseEnvFile() skips comments and empty lines", () => {
  expect(parse("# c\n\n   # c too\n \t\nA=1")).toEqual(["A=1"]);
});

test("parseEnvFile() takes a name alone from the environment, and leaves it out where it is not set", () => {
  expect(parse("HERE\nGONE\nEMPTY ", { HERE: "x y", EMPTY: "" })).toEqual(["HERE=x y", "EMPTY="]);
});

test("parseEnvFile() reads files of Windows: a byte order mark and CRLF", () => {
  expect(parse("\uFEFFA=1\r\nB=2\r\n")).toEqual(["A=1", "B=2"]);
});

test("parseEnvFile() names the line that cannot be read", () => {
  const failure = (text: string | Uint8Array) => {
    try {
      parse(text);
    } catch (error) {
      if (error instanceof EnvFileError) return `${error.line}: ${error.message}`;
      throw error;
    }
    return undefined;
  };
  expect(failure("A=1\n=2")).toBe("2: it has no name before the =");
  expect(failure("A B=1")).toBe('1: the name "A B" has white space in it');
  expect(failure("A =1")).toBe('1: the name "A " has white space in it');
  expect(failure("A=1\0")).toBe("1: it holds a NUL");
  expect(failure(Uint8Array.of(65, 61, 49, 10, 66, 61, 0xff))).toBe("2: it is no UTF-8");
});
