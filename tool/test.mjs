// npm test: makes this machine ready as `npm start` does, then runs every check and every test.
// The last line is "N passed, N failed, N skipped"; the exit code is 0 only when nothing failed.

import { spawnSync } from "node:child_process";
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
  missingPrograms,
  programsOfTests,
  programsOfVial,
  root,
} from "./setup.mjs";
import { readJunit } from "./junit.mjs";

const reports = mkdtempSync(join(tmpdir(), "vial-test-reports-"));
const total = { passed: 0, failed: 0, skipped: 0 };
let broken = false;

try {
  const progress = new Progress([
    { name: "System packages", seconds: 30 },
    { name: "npm packages", seconds: 15 },
    { name: "Compile dist/vial", seconds: 3 },
  ]);
  const missing = missingPrograms([...programsOfVial(), ...programsOfTests]);
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
const ok = spawnSync(bun(), ["tool/ok.ts", "--reports", reports], { cwd: root, stdio: "inherit" });
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
  const run = spawnSync(
    bun(),
    ["test", `./test/${name}`, "--timeout", "120000", "--reporter=junit", `--reporter-outfile=${report}`],
    { cwd: root, stdio: "inherit" },
  );
  console.error(`== test/${name} took ${((performance.now() - started) / 1000).toFixed(1)} s`);
  // A run that died writes no report: that is a failure too, and must not count as nothing.
  if (!existsSync(report) || (addReports() === 0 && run.status !== 0)) total.failed++;
  broken ||= run.status !== 0;
}

rmSync(reports, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(broken || total.failed > 0 ? 1 : 0);

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
