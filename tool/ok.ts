// npm run ok: the one word before a change is ready. Every check has one line; what a failed one said follows it.
//
// Two checks at a time, the longest first. `--reports DIR` keeps the JUnit reports of the test runs in DIR.

import { fileURLToPath } from "node:url";

interface Check {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
}

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const reportsAt = process.argv.indexOf("--reports");
const reports = reportsAt < 0 ? undefined : process.argv[reportsAt + 1];
const tool = (name: string) => `node_modules/.bin/${name}`;

function tests(name: string, ...paths: string[]): readonly string[] {
  const report =
    reports === undefined ? [] : ["--reporter=junit", `--reporter-outfile=${reports}/ok-${name}.xml`];
  return [process.execPath, "test", "--timeout", "20000", ...report, ...paths];
}

const checks: readonly Check[] = [
  { name: "unit", what: "unit tests", command: tests("unit", "./src", "./tool/setup.test.ts") },
  { name: "types", what: "types (tsc)", command: [tool("tsc"), "-p", "."] },
  { name: "dead", what: "dead code (knip)", command: [tool("knip"), "--no-progress"] },
  {
    name: "oxlint",
    what: "lint with types (oxlint)",
    command: [tool("oxlint"), "--type-aware", "--deny-warnings", "src", "test", "tool", "bench"],
  },
  { name: "lint", what: "lint (biome)", command: [tool("biome"), "lint", "--error-on-warnings", "."] },
  { name: "format", what: "format (biome)", command: [tool("biome"), "format", "."] },
  { name: "map", what: "map: imports between rooms", command: tests("map", "./tool/map.test.ts") },
  {
    name: "texts",
    what: "texts: errors, docs/errors.md, version",
    command: tests("texts", "./tool/texts.test.ts"),
  },
];

const queue = [...checks];
let failed = 0;

async function worker(): Promise<void> {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const started = performance.now();
    const child = Bun.spawn([...check.command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" },
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
    const text = `${stdout}\n${stderr}`;
    console.log(`${code === 0 ? "ok" : "!!"} ${seconds} s  ${check.what}${summary(text)}`);
    if (code === 0) continue;
    failed++;
    console.log(`${complaints(text)}\n`);
  }
}

/** The counts of a run of `bun test`. */
function summary(text: string): string {
  const counts = [...text.matchAll(/^ *(\d+) (pass|fail|skip)$/gm)].filter(([, count]) => count !== "0");
  return counts.length === 0 ? "" : `: ${counts.map(([, count, word]) => `${count} ${word}`).join(", ")}`;
}

/** What a failed check printed, without the lines of the tests that passed. */
function complaints(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("(pass)"));
  return lines.map((line) => `      ${line}`).join("\n");
}

const started = performance.now();
await Promise.all([worker(), worker()]);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  failed === 0 ? `ok in ${seconds} s` : `${failed} of ${checks.length} checks failed (${seconds} s)`,
);
// The number of failed checks, which `npm test` adds up.
process.exit(failed);
