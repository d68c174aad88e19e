import { describe, expect, test } from "bun:test";
import { VialError } from "#spec";
import { hostRefused } from "./error.ts";
import { printError, reportError } from "./errors-out.ts";
import { exitCodeOfKind } from "./exit.ts";
import { divertOutput } from "./print.ts";

const error = new VialError({
  kind: "not-found",
  code: "tag-unknown",
  what: 'Cannot pull "alpine:3.99": the repository has no tag "3.99"',
  why: "the registry answered 404\nMANIFEST_UNKNOWN",
  next: "pick a tag from `vial tags alpine`",
  cause: new TypeError("inner"),
});
const several = { lines: "several", colour: false, debug: false } as const;
const one = { lines: "one", colour: false, debug: false } as const;

function report(thrown: unknown, debug = false): { code: number; text: string } {
  let text = "";
  using _diverted = divertOutput((_fd, part) => {
    text += Buffer.from(part).toString();
  });
  return { code: reportError(thrown, { debug }), text };
}

describe("printError()", () => {
  test("several lines for people", () => {
    expect(printError(error, several)).toBe(
      'vial: Cannot pull "alpine:3.99": the repository has no tag "3.99"\n' +
        "  why:  the registry answered 404\n        MANIFEST_UNKNOWN\n" +
        "  next: pick a tag from `vial tags alpine`\n",
    );
  });

  test("one line for machines", () => {
    expect(printError(error, one)).toBe(
      'vial: Cannot pull "alpine:3.99": the repository has no tag "3.99" (the registry answered 404; MANIFEST_UNKNOWN) [next: pick a tag from `vial tags alpine`]\n',
    );
  });

  test("one line for machines: what stands behind a colon belongs to it, and empty lines are nothing", () => {
    const failed = new VialError({
      kind: "failed-precondition",
      code: "x",
      what: "Cannot build",
      why: "it ended with the exit code 2; its last lines:\n    make: stop\n\n    in file a.c:\n    line 3;\n",
    });
    expect(printError(failed, one)).toBe(
      "vial: Cannot build (it ended with the exit code 2; its last lines: make: stop; in file a.c: line 3)\n",
    );
  });

  test("leaves out what is not known, and names the place in a recipe", () => {
    const bare = new VialError({
      kind: "internal",
      code: "x",
      what: "Cannot read it",
      where: { file: "Dockerfile", from: 3, to: 5 },
    });
    expect(printError(bare, several)).toBe("vial: Cannot read it\n  at:   Dockerfile:3-5\n");
    expect(printError(bare, one)).toBe("vial: Cannot read it at Dockerfile:3-5\n");
  });

  test("colours only where asked for", () => {
    expect(printError(error, { ...several, colour: true })).toStartWith("\x1b[31mvial:\x1b[0m Cannot");
    expect(printError(error, several)).not.toContain("\x1b");
  });

  test("shows control characters of others instead of obeying them", () => {
    const hostile = new VialError({
      kind: "internal",
      code: "x",
      what: "Cannot a\x1b[2Jb",
      why: "c\x9bd\re",
    });
    expect(printError(hostile, several)).toBe("vial: Cannot a\\x1b[2Jb\n  why:  c\\x9bd\\x0de\n");
  });

  test("with debug the whole chain of causes", () => {
    const outer = new VialError({ kind: "unavailable", code: "outer", what: "Cannot run", cause: error });
    const text = printError(outer, { ...one, debug: true });
    expect(text).toContain("cause [not-found, tag-unknown]");
    expect(text).toContain("why: the registry answered 404");
    expect(text).toContain("TypeError: inner");
  });
});

describe("reportError()", () => {
  test("gives the exit code of the kind", () => {
    expect(report(error).code).toBe(1);
    expect(report(new VialError({ kind: "unavailable", code: "x", what: "Cannot y" })).code).toBe(75);
    expect(report(new VialError({ kind: "invalid-argument", code: "x", what: "Cannot y" })).code).toBe(2);
    expect(exitCodeOfKind.canceled).toBe(130);
  });

  test("calls what is no VialError a bug, with its stack", () => {
    const { code, text } = report(new TypeError("x is undefined"));
    expect(code).toBe(70);
    expect(text).toStartWith(
      "vial: This is a bug in Vial, please report it with these lines\n  TypeError: x is undefined",
    );
    expect(report("thrown text").code).toBe(70);
  });

  test("a full disk is no bug: try again", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      path: "/x",
    });
    const { code, text } = report(full);
    expect(code).toBe(75);
    expect(text).toContain('Cannot go on with "/x": the disk is full');
    expect(hostRefused(Object.assign(new Error("x"), { code: "ENOENT" }))).toBeUndefined();
  });
});
