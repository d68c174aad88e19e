// Compiles dist/vial. Bytecode and splitting keep the start at a few milliseconds; the autoload switches keep a `.env`
// or `bunfig.toml` of the folder that a person happens to be in from running code inside our executable.

import { mkdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
mkdirSync("dist", { recursive: true });

const started = performance.now();
// The name of the outfile is part of its bytes, so it is built under its own name in a folder beside, and moved
// into place whole: a Vial that is running keeps its file, and nobody starts half a one.
const folder = `dist/.build-${process.pid}`;
const child = Bun.spawnSync(
  [
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    "--splitting",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
    "--no-compile-autoload-package-json",
    "src/cli/main.ts",
    "--outfile",
    `${folder}/vial`,
  ],
  { stdio: ["ignore", "pipe", "pipe"] },
);
if (child.exitCode !== 0) {
  console.error(child.stderr.toString() + child.stdout.toString());
  process.exit(1);
}
renameSync(`${folder}/vial`, "dist/vial");
Bun.spawnSync(["rm", "-rf", folder]);
const megabytes = Math.round(statSync("dist/vial").size / 1e6);
console.log(`dist/vial ${megabytes} MB in ${((performance.now() - started) / 1000).toFixed(1)} s`);
