import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { divertOutput, hasColour, isTerminal, out, outLine } from "./print.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-print-`);
  const print = JSON.stringify(new URL("./print.ts", import.meta.url).pathname);
  const program = (name: string, body: string) =>
    writeFileSync(`${folder}/${name}.ts`, `import * as p from ${print};\n${body}\n`);
  program("much", 'for (let i = 0; i < 200000; i++) p.outLine("line " + i);\np.err("all");');
  program(
    "terminal",
    "p.outLine(JSON.stringify({ one: p.isTerminal(1), zero: p.isTerminal(0), size: p.terminalSize(1), colour: p.hasColour(1) }));",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, env: Record<string, string> = {}) =>
  Bun.spawnSync(["bash", "-c", command], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", BUN: process.execPath, TERM: "xterm", ...env },
  });

describe("out()", () => {
  test("ends quietly, as SIGPIPE would, when the reader goes away", () => {
    const { stdout, stderr } = run('"$BUN" much.ts | head -n 1; echo $PIPESTATUS');
    expect(stdout.toString()).toBe("line 0\n141\n");
    expect(stderr.toString()).toBe("");
  });

  test("waits for a slow reader of a pipe that does not block", () => {
    // Perl sets O_NONBLOCK on the pipe, as a program that shares it with us may.
    const nonblock =
      "perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, fcntl(STDOUT, F_GETFL, 0) | O_NONBLOCK); exec @ARGV' --";
    const { stdout, stderr } = run(`${nonblock} "$BUN" much.ts | (sleep 0.3; wc -l)`);
    expect(stdout.toString().trim()).toBe("200000");
    expect(stderr.toString()).toBe("all");
  });

  test("writes bytes and lines as they are", () => {
    let text = "";
    {
      using _diverted = divertOutput((fd, part) => {
        text += `${fd}:${Buffer.from(part).toString()}`;
      });
      out("a");
      out(Uint8Array.of(98));
      outLine("c");
    }
    expect(text).toBe("1:a1:b1:c\n");
  });
});

describe("isTerminal(), terminalSize(), hasColour()", () => {
  test("at a real terminal", () => {
    // script(1) gives its child a terminal of its own.
    const { stdout } = run("script -qec 'stty rows 33 cols 99; \"$BUN\" terminal.ts' /dev/null < /dev/null");
    expect(JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "")).toEqual({
      one: true,
      zero: true,
      size: { rows: 33, columns: 99 },
      colour: true,
    });
  });

  test("no colour with NO_COLOR or TERM=dumb", () => {
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }] as Record<string, string>[]) {
      const { stdout } = run("script -qec '\"$BUN\" terminal.ts' /dev/null < /dev/null", env);
      expect(stdout.toString()).toContain('"colour":false');
    }
  });

  test("a file, a pipe, /dev/null and a closed descriptor are no terminals", () => {
    const fd = openSync("/dev/null", "r");
    expect(isTerminal(fd)).toBe(false);
    expect(isTerminal(9999)).toBe(false);
    expect(hasColour(fd)).toBe(false);
    expect(run('"$BUN" terminal.ts').stdout.toString()).toContain('"one":false');
  });
});
