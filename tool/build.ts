// Compiles dist/vial. Bytecode and splitting keep the start at a few milliseconds; the autoload switches keep a `.env`
// or `bunfig.toml` of the folder that a person happens to be in from running code inside our executable.
//
// src/cli/hot.ts is bundled by itself first, without splitting, and then stands in for the file as one chunk.

import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const coldPath = 'const error = new Error("cold"); error.name = "ColdPath"; throw error;';

/** Keeps what is behind a dynamic import out of the hot chunk. */
const leaveColdOut: BunPlugin = {
  name: "leave-cold-out",
  setup(build) {
    build.onResolve({ filter: /.*/ }, (args) => (args.kind === "dynamic-import" ? { path: args.path, namespace: "cold" } : undefined));
    build.onLoad({ filter: /.*/, namespace: "cold" }, () => ({ contents: coldPath, loader: "js" }));
  },
};

function standIn(file: RegExp, contents: string): BunPlugin {
  return {
    name: "stand-in",
    setup(build) {
      build.onLoad({ filter: file }, () => ({ contents, loader: "js" }));
    },
  };
}

async function bundleHot(): Promise<string> {
  const built = await Bun.build({ entrypoints: ["src/cli/hot.ts"], target: "bun", format: "esm", minify: true, plugins: [leaveColdOut] });
  const [output] = built.outputs;
  if (output === undefined) throw new Error("src/cli/hot.ts gave no bundle");
  return await output.text();
}

/** The name of the outfile is part of its bytes: it is built as `vial` in a folder beside and moved into place whole. */
async function compile(hot: string, folder: string): Promise<void> {
  await Bun.build({
    entrypoints: ["src/cli/main.ts"],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    splitting: true,
    plugins: [standIn(/\/src\/cli\/hot\.ts$/, hot)],
    compile: {
      outfile: `${folder}/vial`,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
}

const started = performance.now();
const target = process.argv[2] ?? "dist/vial";
const folder = `${target}.build-${process.pid}`;
mkdirSync(folder, { recursive: true });
try {
  await compile(await bundleHot(), folder);
  renameSync(`${folder}/vial`, target);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const megabytes = Math.round(statSync(target).size / 1e6);
console.log(`${target} ${megabytes} MB in ${((performance.now() - started) / 1000).toFixed(1)} s`);
