import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { NeedsShell } from "./syntax.ts";
import { type ScriptFiles, ScriptVariables } from "./run.ts";

const files: ScriptFiles = {
  isFile: (path) => path === "/there/file.sh",
  isFolder: (path) => path === "/there",
  exists: (path) => path.startsWith("/there"),
  isExecutable: () => false,
  read: (path) => (path === "/there/file.sh" ? "export SOURCED=1" : undefined),
};

const start = { PATH: "/usr/bin:/bin", HOME: "/home/me", OLD: "old", EMPTY: "" };

function run(script: string): Record<string, string> {
  const variables = new ScriptVariables(start, files);
  variables.run(script);
  return variables.environment();
}

/** What /bin/sh makes of the same script. */
function shell(script: string): Record<string, string> {
  const folder = mkdtempSync(`${tmpdir()}/env-script-`);
  try {
    writeFileSync(`${folder}/script`, script);
    const { stdout } = Bun.spawnSync(["/bin/sh", "-c", `. ${folder}/script; exec /usr/bin/env -0`], {
      env: start,
    });
    const lines = stdout
      .toString()
      .split("\0")
      .filter((line) => line !== "");
    const pairs = lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    return Object.fromEntries(pairs.filter(([name]) => !["PWD", "_", "SHLVL"].includes(name ?? "")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Scripts with a line of four dashes between them. */
function scripts(name: string): readonly string[] {
  const text = readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), "utf8");
  return text.slice(0, -1).split("\n----\n");
}

/** Read by Vial itself, and as /bin/sh reads it. */
const simple = ["", ...scripts("simple")];

describe("ScriptVariables.run()", () => {
  test.each(simple)("reads %j as a shell does", (script) => expect(run(script)).toEqual(shell(script)));

  test("reads what is sourced, and asks for files", () => {
    expect(run("[ -f /there/file.sh ] && . /there/file.sh")).toMatchObject({ SOURCED: "1" });
    expect(run("if [ -d /gone ]; then ls; fi; export A=1")).toMatchObject({ A: "1" });
  });

  test.each([...scripts("beyond"), "export A=\u0000", "export A=\ufffd"])("leaves %j to a shell", (script) =>
    expect(() => run(script)).toThrow(NeedsShell),
  );

  test("does not grow without end, and comes to an end", () => {
    expect(() => run(`A=x\n${"A=$A$A\n".repeat(60)}`)).toThrow(NeedsShell);
    expect(() => run(":\n".repeat(20_000))).toThrow(NeedsShell);
    const self: ScriptFiles = { ...files, read: () => ". /there/file.sh" };
    expect(() => new ScriptVariables(start, self).run(". /there/file.sh")).toThrow(NeedsShell);
    expect(() => run(`${"if true; then\n".repeat(1000)}`)).toThrow(NeedsShell);
  });

  test("whatever is cut out of the scripts above, it comes to an end, or leaves it to a shell", () => {
    const whole = simple.join("\n");
    for (let at = 0; at < whole.length; at += 3)
      for (const length of [1, 5, 40]) {
        try {
          run(whole.slice(0, at) + whole.slice(at + length));
        } catch (error) {
          expect(error).toBeInstanceOf(NeedsShell);
        }
      }
  });

  test("exports all that a script sets where that is asked", () => {
    const variables = new ScriptVariables(start, files);
    variables.run("A=1", "all");
    expect(variables.environment()).toMatchObject({ A: "1" });
  });
});
