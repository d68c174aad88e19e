// Compiles dist/vial. Bytecode and splitting keep the start at a few milliseconds; the autoload switches keep a `.env`
// or `bunfig.toml` of the folder that a person happens to be in from running code inside our executable.
//
// Each verb in src/cli/hot/ is bundled by itself first, without splitting, and then stands in for the file as one chunk.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const coldPath = 'const error = new Error("cold"); error.name = "ColdPath"; throw error;';

/** Keeps what is behind a dynamic import out of the hot chunk. */
const leaveColdOut: BunPlugin = {
  name: "leave-cold-out",
  setup(build) {
    build.onResolve({ filter: /.*/ }, (args) =>
      args.kind === "dynamic-import" ? { path: args.path, namespace: "cold" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "cold" }, () => ({ contents: coldPath, loader: "js" }));
  },
};

/**
 * Loading node:fs and node:path takes longer than all that the quick verbs do with them: src/host/stand-in/ has what they
 * use. In the text, because Bun resolves its own modules before it asks a plugin.
 */
const standIns: BunPlugin = {
  name: "stand-ins",
  setup(build) {
    build.onLoad({ filter: /\/src\/(?!host\/stand-in\/).*\.ts$/ }, (args) => ({
      contents: readFileSync(args.path, "utf8").replaceAll(
        /from "node:(fs|path)"/g,
        `from "${root}src/host/stand-in/$1.ts"`,
      ),
      loader: "ts",
    }));
  },
};

const hotVerbs = readdirSync("src/cli/hot")
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => !["start-quickly", "warm"].includes(name));

/** They read hundreds of files: there node:fs is quicker by more than it takes to load. */
const withNodeFs = ["ps"];

async function bundleHot(verb: string): Promise<string> {
  const entry = `src/cli/hot/${verb}.ts`;
  const built = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: true,
    plugins: withNodeFs.includes(verb) ? [leaveColdOut] : [leaveColdOut, standIns],
  });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`${entry} gave no bundle`);
  return await output.text();
}

/** Puts the bundle of each hot verb in the place of its file. */
function standIn(bundles: ReadonlyMap<string, string>): BunPlugin {
  return {
    name: "stand-in",
    setup(build) {
      build.onLoad({ filter: /\/src\/cli\/hot\/[a-z-]+\.ts$/ }, (args) => {
        const contents = bundles.get(args.path.replace(/^.*\/|\.ts$/g, ""));
        return contents === undefined ? undefined : { contents, loader: "js" };
      });
    },
  };
}

/** The name of the outfile is part of its bytes: it is built as `vial` in a folder beside and moved into place whole. */
async function compile(bundles: ReadonlyMap<string, string>, folder: string): Promise<void> {
  await Bun.build({
    entrypoints: ["src/cli/main.ts"],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    splitting: true,
    plugins: [standIn(bundles)],
    compile: {
      outfile: `${folder}/vial`,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
}

/** The names by which the executable speaks another program's command line, beside it. */
function linkNames(): void {
  // Of an executable of another name the links would take the place of those of `vial` beside it.
  if (basename(target) !== "vial") return;
  for (const name of ["apptainer", "singularity", "run-singularity", "docker"]) {
    const link = `${dirname(target)}/${name}`;
    rmSync(link, { force: true });
    symlinkSync(basename(target), link);
  }
}

const started = performance.now();
const target = process.argv[2] ?? "dist/vial";
const folder = `${target}.build-${process.pid}`;
mkdirSync(folder, { recursive: true });
try {
  const bundles = await Promise.all(hotVerbs.map(async (verb) => [verb, await bundleHot(verb)] as const));
  await compile(new Map(bundles), folder);
  renameSync(`${folder}/vial`, target);
  linkNames();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const megabytes = Math.round(statSync(target).size / 1e6);
console.log(`${target} ${megabytes} MB in ${((performance.now() - started) / 1000).toFixed(1)} s`);
