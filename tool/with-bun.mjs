// node tool/with-bun.mjs FILE [ARG...]: runs a TypeScript file with the Bun from node_modules, which it gets first
// when it is not there.

import { spawn } from "node:child_process";
import { areNpmPackagesCurrent, bun, fail, installNpmPackages } from "./setup.mjs";

try {
  if (!areNpmPackagesCurrent()) {
    console.error(
      "Installing the npm packages of package-lock.json (Bun, TypeScript, linters) into node_modules",
    );
    await installNpmPackages();
  }
  const child = spawn(bun(), process.argv.slice(2), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("close", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
} catch (error) {
  fail(error);
}
