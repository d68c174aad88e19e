// Scripts are run whole, as `SHELL -ex FILE`, and as steps, by real shells. Output, trace, exit code and files have to be
// the same, byte for byte; each script ends by writing down its environment.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoteWord } from "#kit";
import { makeSteps, readCarriedState } from "./carry.ts";
import { readShell, type ScriptShell } from "./shell.ts";
import { type ScriptSplit, splitScript } from "./split.ts";

interface Shell {
  readonly name: string;
  readonly shell: ScriptShell;
  /** The program that is really run. */
  readonly argv: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), "vial-steps-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bash = Bun.which("bash");
const bashAsSh = join(folder, "sh");
if (bash !== null) symlinkSync(bash, bashAsSh);

const known: readonly (Shell & { readonly there: boolean })[] = [
  { name: "dash", shell: readShell(""), argv: ["dash"], there: Bun.which("dash") !== null },
  { name: "busybox", shell: readShell(""), argv: ["busybox", "sh"], there: Bun.which("busybox") !== null },
  { name: "bash as sh", shell: readShell(""), argv: [bashAsSh], there: bash !== null },
  { name: "bash", shell: readShell("-c /bin/bash -ex"), argv: ["bash"], there: bash !== null },
];
const shells: readonly Shell[] = known.filter((one) => one.there);

/** What each script is about, and how many steps it has at least (0: it is run whole). */
const scripts: readonly (readonly [name: string, steps: number, text: string, bashOnly?: "bash"])[] = [
  ["plain commands", 3, "echo one\necho two >two\ncat two\n"],
  ["the working folder", 4, "mkdir -p a/b\ncd a/b\npwd\ncd ..\npwd >p\ncd -\npwd"],
  ["a folder by a link", 5, "mkdir real\nln -s real link\ncd link\npwd\ncd ..\npwd\n"],
  ["a folder with odd characters", 3, 'mkdir "it\'s a \\$(x)"\ncd "it\'s a \\$(x)"\npwd\n'],
  ["exported variables", 3, "export A=1\nexport B='two words' C\nC=3\nenv >env1\ngrep -c '^[ABC]=' env1\n"],
  [
    "plain variables",
    3,
    'A=1\nB="it\'s $A \\" \\\\ \\$x"\necho "$B" $A\nenv >env1\ngrep -c \'^A=\' env1 || true\n',
  ],
  [
    "values of several lines",
    3,
    'A=\'one\n two\nexport Z=1\n\'\necho "$A"\necho "$MULTI"\nenv >env1\ngrep -c Z= env1 || true\n',
  ],
  [
    "unset variables",
    3,
    'unset GIVEN MULTI\necho "${GIVEN-none} ${MULTI-none}"\nA=1\nunset A\necho ${A-none}\n',
  ],
  ["readonly variables", 3, "readonly R='a b'\nexport R\necho $R\n(R=2) || echo refused\n"],
  [
    "options",
    5,
    "set +e\nfalse\necho still here\nset -u\n(echo $nothing) || echo unset is an error\nset +x\necho no trace\nset -x\necho trace\n",
  ],
  ["no globbing", 3, "touch a1 a2\nset -f\necho a*\nset +f\necho a*\n"],
  ["noclobber", 3, "set -C\necho 1 >f\n(echo 2 >f) || echo kept\ncat f\n"],
  ["all exported", 3, "set -a\nQ=1\nset +a\nR=2\nenv >env1\ngrep '^[QR]=' env1\n"],
  ["umask", 3, "umask 077\ntouch private\nmkdir p\numask 022\ntouch public\n"],
  ["the status of the command before", 4, "set +e\nfalse\necho $?\n(exit 7)\necho $?\ntrue\necho $?\n"],
  ["a status under -e", 3, "false && true\necho $?\n! true\necho $?\n"],
  [
    "functions",
    3,
    'greet() { echo "hello $1"; }\ngreet one\ngreet() {\n  echo "bye $1"\n}\ngreet two\nx=$(greet three)\necho $x\n',
  ],
  ["functions with a heredoc", 2, "show() {\ncat <<END\n$1 in a heredoc\nEND\n}\nshow one\nshow two | cat\n"],
  ["a heredoc on the line of a function", 2, "show() { cat; } <<END\nbelow\nEND\nshow\nshow\n"],
  ["two functions in a line", 2, "a() { echo a; }; b() { echo b; }; a\nb\na\n"],
  ["a removed function", 3, "true() { echo mine; }\ntrue\nunset -f true\ntrue\necho end\n"],
  [
    "arguments",
    3,
    'set -- one \'two words\' "it\'s" \'\' \'a\\b\'\necho $# "$2" "$3" "$5"\nshift\necho "$@"\nset --\necho $#\n',
  ],
  [
    "heredocs",
    3,
    "cat >a <<'EOF'\n$not \\ expanded\n# no comment\nEOF\nV=1\ncat <<-EOF >b\n\tis $V expanded\n\tEOF\ncat a b\ncat <<A; cat <<B\nfirst\nA\nsecond\nB\n",
  ],
  ["nested substitutions", 2, 'x="$(echo "$(echo \')\' "a b")" | cat <<\'E\'\n) \' "\nE\n)"\necho "$x"\n'],
  [
    "case patterns",
    2,
    "v=b\ncase $v in\n  (a) echo a ;;\n  b | c) echo bc\n  ;;\n  *) echo other ;;\nesac\necho end\n",
  ],
  ["arithmetic", 2, "i=$((1 << 4))\necho $i\necho $(( (i >> 2) + 1 ))\n"],
  [
    "continued lines",
    2,
    "echo a \\\n  b \\\n  c\ntrue &&\n  echo d ||\n  echo e\necho 'quoted\n  # text' # comment\n",
  ],
  [
    "loops",
    2,
    "for i in 1 2 3; do\n  echo $i\n  N=$i\ndone\nwhile [ $N -gt 0 ]; do N=$((N - 1)); done\necho $N\n",
  ],
  [
    "subshells and groups",
    3,
    '(cd / && A=1; echo "$A")\n{ B=2; echo grouped; }\necho "${A-none} $B"\npwd >here\n',
  ],
  ["comments and empty lines", 2, "# first\n\n  # second\necho a # third\n\n\n#!no\necho 'b # c'\n# last"],
  ["a failing command", 3, "echo one\nfalse\necho never >never\n"],
  [
    "a failing pipe and list",
    3,
    "false | true\nfalse || echo saved\nif false; then echo no; else echo yes; fi\n(exit 3)\necho never\n",
  ],
  ["a failing function", 2, "f() {\n  false\n  echo never\n}\necho a\nf || echo ignored\nf\necho never\n"],
  ["a missing command", 2, "echo a\nvial-no-such-command x\necho never\n"],
  ["an exit with success", 4, 'echo a\n[ -n "$GIVEN" ] && exit 0\necho never >never\necho never\n'],
  ["an exit with failure", 3, "echo a\nif true; then exit 5; fi\necho never\n"],
  ["a status at the end", 2, "set +e\necho a\nfalse"],
  ["IFS", 3, "IFS=:\nv=a:b\necho $v\nunset IFS\nv='a b'\necho $v:\n"],
  ["PATH without programs", 3, "OLD=$PATH\nPATH=/nowhere\necho still\nPATH=$OLD\nls\n"],
  [
    "functions named like built-ins",
    2,
    'pwd() { echo mine; }\ncd() { command cd "$@" && echo moved; }\nmkdir d\ncd d\nset +x\npwd\ncommand pwd\n',
  ],
  ["export without a value", 3, "A=1\nexport A\nA=2\nenv >env1\nA=3 env >env2\ngrep '^A=' env1 env2\n"],
  ["eval, from there on", 2, "echo a\neval 'B=1; f() { echo f; }'\nf\necho $B\n"],
  ["a file that is read in, from there on", 2, "echo 'X=1; g() { echo g; }' >lib\n. ./lib\ng\necho $X\n"],
  ["a trap, from there on", 2, "echo a\ntrap 'echo bye' EXIT\necho b\nfalse\n"],
  ["a trap from the start", 0, "trap 'echo bye' EXIT\necho b\n"],
  ["exec with redirections, from there on", 2, "echo a\nexec 3>log\necho b >&3\necho c\n"],
  ["exec of a program", 2, "echo a\nexec echo b\necho never\n"],
  ["the background, from there on", 2, "echo a\ntrue &\nwait\necho c\n"],
  ["a background command in a group", 2, "echo a\n{ sleep 0 & wait; }\necho b\n"],
  ["the number of the shell", 2, "set +x\nmkdir d.$$\nrmdir d.$$\necho b\n"],
  ["a syntax error below", 0, "echo a\nif true; then\necho b\n"],
  ["a quote without an end", 0, "echo a\necho 'b\n"],
  ["a heredoc without an end", 0, "echo a\ncat <<END\nb\n"],
  ["an alias", 2, "echo a\nalias ll='echo alias'\nunalias ll\necho b\n"],
  ["a function inside of a condition", 2, "echo a\nif true; then f() { echo one; }; fi\nf\nf\n"],
  ["pipes into the shell", 2, "echo 'a b' | while read x y; do echo $y; done\necho ${y-none}\n"],
  [
    "a multi-line script as people write it",
    6,
    'export DEBIAN_FRONTEND=noninteractive\nmkdir -p build && cd build\nVERSION=1.2\nname=tool-${VERSION}\ncat > Makefile <<EOF\nall:\n\techo $name\nEOF\nmkdir -p "$name"/bin; cd "$name"\necho "#!/bin/sh" > bin/tool\nchmod +x bin/tool\ncd ../..\nfind . | sort\n',
  ],
  [
    "arrays and other types of bash",
    4,
    "a=(one 'two words')\ndeclare -A m=([k]=v [x y]='z\nq')\ndeclare -i n=3\nn+=4\necho \"${a[1]}\" \"${m[x y]}\" $n ${#a[@]}\nexport E=$'tab\\there'\n[[ $E == *there ]] && echo match\n",
    "bash",
  ],
  [
    "functions that bash got from a file",
    4,
    "echo 'g() { cat <<X\ng $1\nX\n}' >lib\nsource ./lib\ng 1\nunset -f g\ng 2 || echo gone\nexport -f g || true\n",
    "bash",
  ],
  ["exported functions of bash", 3, "h() { echo h; }\nexport -f h\nbash -c h\n", "bash"],
  [
    "options of bash",
    4,
    "shopt -s extglob nullglob\ntouch a.x b.y\necho !(a.x)\necho *.none\nset -o pipefail\n(false | true) || echo failed\n",
    "bash",
  ],
  [
    "strings of bash",
    3,
    "cat <<<'here'\nx=$'it\\'s'\necho \"$x\" $(( 1<<2 ))\nif (( 1 << 2 )); then echo yes; fi\n",
    "bash",
  ],
];

/** Where a script is run in one of the two ways. Both have paths of the same length. */
class Place {
  readonly root: string;
  readonly work: string;

  constructor(shell: Shell, index: number, way: "whole" | "steps") {
    this.root = join(folder, shell.name, String(index), way);
    this.work = join(this.root, "work");
    mkdirSync(this.work, { recursive: true });
  }

  at(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.at(name), text);
  }

  read(name: string): string {
    if (!existsSync(this.at(name))) return "";
    return readFileSync(this.at(name), "utf8").replaceAll(/\/(whole|steps)\b(\/(step\d+|script))?/g, "/WAY");
  }

  outcome(races: boolean): object {
    const [stdout = "", trace = "", code] = ["out", "err", "code"].map((name) => this.read(name));
    const stderr = races ? [...trace].sort().join("") : trace;
    const files = readdirSync(this.work, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isFile() ? this.read(join("work", path.slice(this.work.length))) : "";
      const shown = entry.name.startsWith("env") ? content.split("\n").sort().join("\n") : content;
      return `${path.slice(this.work.length)} ${statSync(path).mode.toString(8)} ${shown}`;
    });
    return { stdout, stderr, code, files: files.sort() };
  }
}

interface Case {
  readonly split: ScriptSplit;
  readonly whole: Place;
  readonly steps: Place;
  readonly count: number;
}

const around = {
  PATH: "/usr/bin:/bin",
  LC_ALL: "C",
  GIVEN: "from outside",
  MULTI: "a\nGIVEN=x\nb='\"$(false)",
};

/** Lines that run a program in a place. The shell's own cd puts OLDPWD into the environment. */
function runIn(place: Place, command: string): string {
  return `cd ${quoteWord(place.work)}; unset OLDPWD
${command} >>../out 2>>../err </dev/null; code=$?; echo $code >../code
`;
}

async function prepare(
  shell: Shell,
  index: number,
  text: string,
): Promise<Case & { readonly driver: string }> {
  const [whole, steps] = [new Place(shell, index, "whole"), new Place(shell, index, "steps")];
  const program = shell.argv.map(quoteWord).join(" ");
  whole.write("script", text);
  const driver = [
    runIn(whole, `${program} ${shell.shell.command.slice(1).join(" ")} ${quoteWord(whole.root)}/script`),
  ];
  const split = await splitScript(text, shell.shell);
  if (split.kind === "whole") return { split, whole, steps, count: 0, driver: driver.join("") };
  const made = makeSteps(split.commands, { shell: shell.shell, statePath: steps.at("state of it") });
  for (const [number, step] of made.entries()) steps.write(`step${number}`, step.text);
  driver.push(`for step in ${made.map((_, number) => number).join(" ")}; do
${runIn(steps, `${program} ${quoteWord(steps.root)}/step$step`)}[ $code = 0 ] && [ -s '../state of it' ] || break
done
`);
  return { split, whole, steps, count: made.length, driver: driver.join("") };
}

for (const shell of shells) {
  const chosen = scripts
    .filter(([, , , only]) => only === undefined || shell.name === only)
    // What is at the beginning is about state. The rest is about the text, and seen as well with one shell of a kind.
    .slice(0, shell.name === "dash" || shell.name === "bash" ? scripts.length : 24);
  const cases: Case[] = [];

  describe(`makeSteps() does what one run of ${shell.name} does`, () => {
    // All scripts in one go: a process for each of them would take most of the time.
    beforeAll(async () => {
      let driver = "";
      for (const [index, [, , text]] of chosen.entries()) {
        const ended = `${text}${text.endsWith("\n") ? "" : "\n"}env >env\n`;
        const one = await prepare(shell, index, text.endsWith("#end\n") ? text : ended);
        driver += one.driver;
        cases.push(one);
      }
      await Bun.spawn(["sh", "-c", driver], { env: around }).exited;
    }, 60_000);

    chosen.forEach(([name, steps], index) => {
      test(name, () => {
        const { split, whole, steps: place, count } = cases[index]!;
        if (split.kind === "whole") {
          expect(steps, split.reason).toBe(0);
          return;
        }
        expect(count).toBeGreaterThanOrEqual(Math.max(2, steps));
        expect(readCarriedState(place.read("state of it")).kind).not.toBe("hindered");
        // The parts of a pipe and commands in the background trace at the same time.
        const races = /\||&( |\n)/.test(chosen[index]![2].replaceAll("&&", ""));
        expect(place.outcome(races)).toEqual(whole.outcome(races));
      });
    });
  });
}
