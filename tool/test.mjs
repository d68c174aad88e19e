// npm test: makes this machine ready as `npm start` does, then runs every check and every test.
// The last line is "N passed, N failed, N skipped"; the exit code is 0 only when nothing failed.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "./progress.mjs";
import {
  areNpmPackagesCurrent,
  bun,
  compile,
  fail,
  installNpmPackages,
  installSystemPackages,
  isExecutableCurrent,
  knownToApt,
  missingPrograms,
  programsOfSomeTests,
  programsOfTests,
  programsOfVial,
  root,
} from "./setup.mjs";
import { failures } from "./failures.mjs";
import { readJunit } from "./junit.mjs";

const reports = mkdtempSync(join(tmpdir(), "vial-test-reports-"));
const total = { passed: 0, failed: 0, skipped: 0 };
let broken = false;
/** What the failed runs said about each failure: repeated at the end, since a long log is often kept by its tail. */
const said = [];

try {
  const progress = new Progress([
    { name: "System packages", seconds: 30 },
    { name: "npm packages", seconds: 15 },
    { name: "Compile dist/vial", seconds: 3 },
  ]);
  const missing = missingPrograms([
    ...programsOfVial(),
    ...programsOfTests,
    ...knownToApt(programsOfSomeTests),
  ]);
  if (missing.length > 0) {
    console.error("Vial and its tests use these programs, and apt-get installs them now:");
    for (const entry of missing) console.error(`  ${entry.package.padEnd(16)} ${entry.program} ${entry.use}`);
  }
  await progress.step("System packages", async (onLine) => {
    await installSystemPackages(missing, onLine);
    return missing.length === 0 ? "all there" : "installed";
  });
  await progress.step("npm packages", async (onLine) => {
    if (areNpmPackagesCurrent()) return "all there";
    await installNpmPackages(onLine);
    return "installed";
  });
  await progress.step("Compile dist/vial", async (onLine) => {
    if (isExecutableCurrent()) return "up to date";
    await compile(onLine);
    return "done";
  });
} catch (error) {
  fail(error);
}

// The checks and the unit tests, each with a line; one that is no test (format, types, ...) counts only when it fails.
const ok = await run(["tool/ok.ts", "--reports", reports]);
const failedRuns = addReports();
total.failed += Math.max(0, (ok.status ?? 1) - failedRuns);
broken ||= ok.status !== 0;

// The tests that start containers, pull, and bootstrap: one file after the other, so that they do not starve each other.
for (const name of readdirSync(join(root, "test"))
  .filter((file) => file.endsWith(".test.ts"))
  .sort()) {
  const started = performance.now();
  console.error(`\n== test/${name}`);
  const report = join(reports, `${name}.xml`);
  const done = await run([
    "test",
    `./test/${name}`,
    "--timeout",
    "120000",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
  ]);
  console.error(`== test/${name} took ${((performance.now() - started) / 1000).toFixed(1)} s`);
  // A run that died writes no report: that is a failure too, and must not count as nothing.
  if (!existsSync(report) || (addReports() === 0 && done.status !== 0)) total.failed++;
  broken ||= done.status !== 0;
}

rmSync(reports, { recursive: true, force: true });
if (said.length > 0) console.log(`\n== What failed\n${said.join("\n\n")}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(broken || total.failed > 0 ? 1 : 0);

/** Runs Bun, passes on what it prints, and keeps of a run that failed what it said about its failures. */
async function run(args) {
  const child = spawn(bun(), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const pass = (to) => (chunk) => {
    text += chunk;
    to.write(chunk);
  };
  child.stdout.setEncoding("utf8").on("data", pass(process.stdout));
  child.stderr.setEncoding("utf8").on("data", pass(process.stderr));
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) said.push(`-- bun ${args[0]} ${args[1]} ended with ${status}\n${failures(text)}`);
  return { status: typeof status === "number" ? status : undefined };
}

/** Adds the reports that lie in the folder, removes them, and gives the number of reports with failed tests. */
function addReports() {
  let failed = 0;
  for (const name of readdirSync(reports)) {
    const counts = readJunit(join(reports, name));
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    if (counts.failed > 0) failed++;
    rmSync(join(reports, name));
  }
  return failed;
}
