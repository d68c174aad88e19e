// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell texts, not templates
import { describe, expect, test } from "bun:test";
import { readShell, settingsOf } from "./shell.ts";
import { splitScript } from "./split.ts";

const sh = readShell("");
const bash = readShell("-c /bin/bash");

async function ranges(text: string, shell = sh): Promise<string> {
  const split = await splitScript(text, shell);
  if (split.kind === "whole") return `whole: ${split.reason}`;
  const parts = split.commands.map(({ from, to, onlyDefines }) => {
    const lines = from === to ? String(from) : `${from}-${to}`;
    return onlyDefines ? `(${lines})` : lines;
  });
  return (
    parts.join(" ") +
    (split.joined === undefined ? "" : `, joined from ${split.joined.from}: ${split.joined.reason}`)
  );
}

describe("splitScript() finds the lines of each command", () => {
  const cases: readonly (readonly [text: string, ranges: string, shell?: typeof sh])[] = [
    ["a\nb\n\n# c\nd", "1 2 5"],
    ["a; b\nc && d\ne |\n f\n", "1 2 3-4"],
    ["a \\\n  b\n'c\nd'\n", "1-2 3-4"],
    ["if a; then\n  b\nfi\nwhile c; do\n d\ndone <x\n", "1-3 4-6"],
    ["cat <<A; cat <<-'B'\n1\nA\n2\n\tB\nc\n", "1-5 6"],
    ["x=$(cat <<E\n' \" )\nE\n)\ny", "1-4 5"],
    ["x=`cat <<E\n1\nE\n`\ny", "1-4 5"],
    ['x="${y:-$(echo "}")}"\nz', "1 2"],
    ["case x in\n a) b ;;\n (c | d) e\nesac\nf", "1-4 5"],
    ["echo $((1 << 2)) $(( (3) ))\nb", "1 2"],
    ["echo a#b '#' \\# # c\nb", "1 2"],
    ["f() {\n a\n}\nf\ng() ( b )\nf; g", "(1-3) 4 (5) 6"],
    ["{ a\n} >x\n(b\n)\n! c", "1-2 3-4 5"],
    ["a\r\nb\r\n", "1 2"],
    ["for i; do\n b; done; c\nd", "1-2 3"],
    [
      "[[ a < b && c =~ (d|e) ]]\nf <<< 'x'\n(( 1 << 2 ))\ng=(a\n b)\ncase x in a) ;;& *) ;; esac\nh",
      "1 2 3 4-5 6 7",
      bash,
    ],
    ["select x in a; do break; done\nfunction f { a; }\ntime b\ncat <(c)\n", "1 (2) 3 4", bash],
  ];
  for (const [text, wanted, shell] of cases)
    test(JSON.stringify(text), async () => {
      expect(await ranges(text, shell)).toBe(wanted);
    });

  test("and keeps their text to the letter", async () => {
    const text = "  a \\\n\tb # c\n\ncat <<E\n  x \nE\n";
    const split = await splitScript(text, sh);
    expect(split.kind === "steps" ? split.commands.map((command) => command.text) : split).toEqual([
      "  a \\\n\tb # c\n",
      "cat <<E\n  x \nE\n",
    ]);
  });
});

describe("splitScript() says what a command may change", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "make install": [],
    "cd x && make": ["directory", "variables"],
    "A=1": ["variables"],
    "A=1 make": [],
    "export A": ["variables"],
    ": ${A:=1}": ["variables"],
    "command cd x": ["directory", "variables"],
    "command -v cd": [],
    "(cd x; A=1; umask 0)": [],
    "x | cd y | z": [],
    "echo $(cd x)": [],
    "umask 022": ["umask"],
    "set -eu": ["options", "arguments"],
    "f() { cd x; }": ["functions", "directory", "variables"],
    "[ -f x ] || exit 1": ["end"],
    '"cd" x': ["directory", "variables"],
  };
  for (const [text, wanted] of Object.entries(cases))
    test(text, async () => {
      const split = await splitScript(`${text}\ntrue\n`, sh);
      expect(split.kind === "steps" ? split.commands[0]?.changes : split).toEqual(wanted as never);
    });
});

describe("splitScript() joins what cannot be parted, and says why", () => {
  const cases: Readonly<Record<string, string>> = {
    "trap x EXIT": "a trap belongs to the shell that sets it",
    "if a; then trap x EXIT; fi": "a trap belongs to the shell that sets it",
    "f() { trap x EXIT; }": "a trap belongs to the shell that sets it",
    "exec >log 2>&1": "exec replaces the shell or its open files",
    "builtin exec x": "exec replaces the shell or its open files",
    "alias a=b": "an alias changes how the lines below are read",
    "server &": "a command runs in the background",
    "(server &)": "a command runs in the background",
    "ulimit -n 100": "a limit belongs to the shell that sets it",
    "set -v": '"set -v" changes how the shell reads and runs lines',
    "set -o noexec": '"set -o noexec" changes how the shell reads and runs lines',
    "mkdir /tmp/$$": "the number of the shell is another one in every step",
    'echo "${BASHPID}"': "the number of the shell is another one in every step",
    "cat <<E\n$$\nE": "the number of the shell is another one in every step",
    "echo $LINENO": "the number of the line cannot be restored in every shell",
    ". /etc/profile": "a file that is read in may define functions, which sh cannot print",
    "eval x": "eval may define functions, which sh cannot print",
    "if a; then f() { b; }; fi":
      "a function is defined inside of another command, and sh cannot print functions",
    "x &>log": '"&>" means one thing to bash and another to sh',
    "(( a ))": '"((" means one thing to bash and another to sh',
    "function f { a; }": 'the word "function" means one thing to bash and another to sh',
    "echo $'it\\'s'": "a quote of the kind $'\\'' ends at another place in sh",
    "export -f f": "an exported function is unknown to sh",
    "unset -f $x": "which functions are left cannot be told from the text",
    "PWD=/x": "PWD is the shell's own variable",
  };
  for (const [text, reason] of Object.entries(cases))
    test(text, async () => {
      const last = 3 + text.split("\n").length;
      expect(await ranges(`a\nb\n${text}\nc\n`)).toBe(`1 2 3-${last}, joined from 3: line 3: ${reason}`);
      expect(await ranges(`${text}\nc\n`)).toBe(`whole: line 1: ${reason}`);
    });

  test("together with the command that is asked about", async () => {
    expect(await ranges("a\nb\nc $_\nd\n")).toBe(
      "1 2-4, joined from 2: line 3: it asks about the command before",
    );
  });

  test("but not what happens in a subshell", async () => {
    expect(await ranges("(trap x EXIT; exec >y; . ./z; ulimit -n 1)\nx=$(exec a)\nb\n")).toBe("1 2 3");
  });

  test("and bash keeps functions by itself", async () => {
    expect(await ranges("a\n. ./b\neval c\nif d; then f() { e; }; fi\n(( 1 ))\nx &>y\n", bash)).toBe(
      "1 2 3 4 5 6",
    );
    expect(await ranges("a\neval 'b $$'\nc\n", bash)).toStartWith("1 2-3, joined");
  });
});

describe("splitScript() gives the whole script", () => {
  const cases: readonly (readonly [text: string, reason: string, shell?: typeof sh])[] = [
    ["a\n'b\n", "unterminated single quote"],
    ['a\n"b\n', "unterminated double quote"],
    ["a\ncat <<E\nb\n", 'the heredoc "E" has no end'],
    ["a\nb)\n", "unexpected token ')'"],
    ["a\nx=$(b\n", "unterminated"],
    ["print(1)\n", "the commands of /usr/bin/python3 cannot be told apart", readShell("-c /usr/bin/python3")],
    ["a\n", 'the options "-l" cannot be carried over', readShell("-c bash -l")],
    ["a\0b", "it holds a NUL"],
    ["# only this\nf() { a; }\n", "it runs no command"],
    ["", "it runs no command"],
  ];
  for (const [text, reason, shell] of cases)
    test(`${JSON.stringify(text)} as ${reason}`, async () => {
      const split = await splitScript(text, shell ?? sh);
      expect(split).toMatchObject({ kind: "whole", reason: expect.stringContaining(reason) });
    });
});

test("readShell() reads what stands behind %post", () => {
  expect(readShell("")).toEqual({ family: "sh", command: ["/bin/sh", "-ex"] });
  expect(readShell("-u")).toEqual({ family: "sh", command: ["/bin/sh", "-ex", "-u"] });
  expect(readShell("-c /bin/bash")).toEqual({ family: "bash", command: ["/bin/bash"] });
  expect(settingsOf(readShell("-c bash --norc -eu -o pipefail"))).toEqual(["-eu", "-o", "pipefail"]);
  expect(readShell("-c dash -e").family).toBe("sh");
  expect(readShell("-c /usr/bin/env bash").family).toBe("other");
  expect(readShell('-c bash "$X"')).toEqual({
    family: "other",
    command: ["/bin/sh", "-ex", "-c", 'bash "$X" "$0"'],
  });
});
