// npm start: makes this machine ready, compiles Vial, and does the main job once with the compiled executable.

import { spawnSync } from "node:child_process";
import { Progress } from "./progress.mjs";
import {
  areNpmPackagesCurrent,
  call,
  compile,
  executable,
  fail,
  installNpmPackages,
  installSystemPackages,
  isExecutableCurrent,
  missingPrograms,
  programsOfVial,
  SetupError,
} from "./setup.mjs";

const steps = [
  { name: "System packages", seconds: 20 },
  { name: "npm packages", seconds: 15 },
  { name: "Compile dist/vial", seconds: 3 },
  { name: "Bootstrap a Debian image", seconds: 30 },
  { name: "Run a program in it", seconds: 1 },
];
const program =
  'printf "Hello from process %d of %s, Perl %vd\\n", $$, (split /"/, (grep /^PRETTY/, `cat /etc/os-release`)[0])[1], $^V';
const started = performance.now();

async function vial(args, next, onLine) {
  const result = await call(executable, args, { onLine });
  if (result.status === 0) return result.text;
  throw new SetupError(
    `\`vial ${args.join(" ")}\` ended with code ${result.status}:\n${result.text.trim()}`,
    next,
  );
}

try {
  const progress = new Progress(steps);
  const missing = missingPrograms(programsOfVial());
  if (missing.length > 0) {
    console.error("Vial uses these programs, and apt-get installs them now:");
    for (const entry of missing) console.error(`  ${entry.package.padEnd(16)} ${entry.program} ${entry.use}`);
  }
  await progress.step("System packages", async (onLine) => {
    if (missing.length === 0) return "all there";
    await installSystemPackages(missing, onLine);
    return `installed ${new Set(missing.map((entry) => entry.package)).size}`;
  });
  await progress.step("npm packages", async (onLine) => {
    if (areNpmPackagesCurrent()) return "all there";
    await installNpmPackages(onLine);
    return "installed Bun, TypeScript and the linters into node_modules";
  });
  await progress.step("Compile dist/vial", async (onLine) => {
    if (isExecutableCurrent()) return "up to date";
    await compile(onLine);
    return "done";
  });
  await progress.step("Bootstrap a Debian image", async (onLine) => {
    // The image may be there from the last time under any suite's name; `latest` is the one to run.
    if ((await call(executable, ["image", "inspect", "debian:latest"])).status === 0)
      return "debian:latest is in the store";
    await vial(["bootstrap", "debian"], "see `dist/vial doctor` for what this machine lacks", onLine);
    return "debian:latest from this machine's own package sources";
  });
  const args = ["run", "--rm", "--network", "none", "debian:latest", "perl", "-e", program];
  let output = "";
  await progress.step("Run a program in it", async () => {
    output = await vial(args, "see `dist/vial doctor` for what this machine lacks");
    return undefined;
  });
  show("vial run --rm --network none debian:latest perl -e ...", output);
  for (const words of [["images"], ["ps", "-a"]])
    show(`vial ${words.join(" ")}`, await vial(words, "see `dist/vial doctor`"));
  console.log(
    `\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. The program is ${executable}`,
  );
  if (spawnSync("sh", ["-c", "command -v vial"]).status !== 0)
    console.log(
      `To have it on your PATH: ln -s ${executable} /usr/local/bin/vial (and as apptainer, singularity, run-singularity)`,
    );
} catch (error) {
  fail(error);
}

function show(command, output) {
  console.log(`\n$ ${command}\n${output.trimEnd()}`);
}
