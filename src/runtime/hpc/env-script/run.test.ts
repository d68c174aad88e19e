import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

/** Read by Vial itself, and as /bin/sh reads it. */
const simple = [
  "",
  "# nothing\n\n",
  "export A=1 B=2\nC=3",
  'A="x y"; export A',
  "A='a $OLD b'; export A",
  'export A="$OLD-${OLD}x" B="${NOTHING:-def}" C="${EMPTY:-def}" D="${EMPTY-def}"',
  'export A="${OLD:+$OLD:}rest" B="${NOTHING:+x}" C="${EMPTY+set}" D="${NOTHING-}"\nexport E=1',
  'PATH="/opt/bin:$PATH"\nexport PATH',
  'export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/lib"',
  "export A=a\\ b\\$c",
  'export A="a\\"b\\\\c\\$d\\x"',
  "export A=$OLD/bin:$HOME/x",
  "OLD=new",
  "UNEXPORTED=1",
  "A=1\nexport A\nA=2",
  "unset OLD NOTHING",
  "unset OLD; export OLD",
  'if [ -z "${NOTHING:-}" ]; then export A=empty; else export A=full; fi',
  'if test -n "$OLD"\nthen\n  export A=yes\nelif true; then\n  export A=no\nfi',
  'if [ "$OLD" = old ] && [ "$HOME" != x ]; then A=1; export A; fi',
  '[ -n "$NOTHING" ] || export A=or',
  '[ -n "$OLD" ] && export A=and',
  'case ":$PATH:" in\n*:/bin:*) export A=has ;;\n*) export A=has-not ;;\nesac',
  "case $OLD in o|old) export A=1;; esac",
  'case "$OLD" in "o*") export A=1 ;; o?d) export A=2 ;; esac',
  "if false; then for x in a b; do echo $x; done; fi; export A=1",
  "export A=1 # said\nexport B=#no",
  "export A=x\\\ny",
  ": ignored; true; export A=1",
  'export A="multi\nline"',
  'export A="100%" B=a=b C="tab\there" D=\'it\'"\'"\'s\'',
  'export A=""; export B=',
  'export A="{x}" B="a}b" C="a\\}b" D="${NOTHING:-a\\}b}"',
];

describe("ScriptVariables.run()", () => {
  test.each(simple)("reads %j as a shell does", (script) => expect(run(script)).toEqual(shell(script)));

  test("reads what is sourced, and asks for files", () => {
    expect(run("[ -f /there/file.sh ] && . /there/file.sh")).toMatchObject({ SOURCED: "1" });
    expect(run("if [ -d /gone ]; then ls; fi; export A=1")).toMatchObject({ A: "1" });
  });

  test.each([
    "export A=$(date)",
    "export A=`date`",
    "echo hello",
    "A=1 command",
    "source /there/file.sh",
    ". /gone",
    ". relative",
    "for x in a b; do export A=$x; done",
    "while :; do :; done",
    "f() { :; }",
    "export A=~/x",
    "export A=~",
    "A=/x:~/y",
    "export A=*",
    "[ -n $NOTHING ]",
    "export A=$((1+1))",
    "export A=${OLD%d}",
    "export A=${#OLD}",
    "export A=${OLD:=x}",
    "ulimit -s unlimited",
    "set -u",
    "export A=1 > /dev/null",
    "export A=1 &",
    "export A=1 | cat",
    "(export A=1)",
    "{ export A=1; }",
    "export A='unended",
    'export A="unended',
    "if true; then",
    "fi",
    "case x in",
    "IFS=:",
    "export A=$IFS",
    "export A=$1",
    "export A=$?",
    "unset -f x",
    "export -p",
    "trap x EXIT",
    "export A=\u0000",
    "export A=\ufffd",
    "! true",
    "[ a -gt b ]",
    "case xxxx in *x*x*x*x*x*) : ;; esac",
  ])("leaves %j to a shell", (script) => expect(() => run(script)).toThrow(NeedsShell));

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
