import { printVersion, version } from "./version.ts";

// The entry of the executable. The version is answered here, before anything else is loaded; the verbs whose
// start counts go to hot/, one chunk each; every other word to start.ts, which loads one chunk per verb. console.log costs nothing at start, process.stdout several ms.

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
  console.log(`vial ${version}`);
} else if (argv.length === 1 && argv[0] === "version") {
  console.log(printVersion().trimEnd());
} else {
  let code: number | undefined;
  const [verb, ...rest] = argv;
  if (verb === "run") code = await (await import("./hot/run.ts")).start(rest);
  else if (verb === "exec") code = await (await import("./hot/exec.ts")).start(rest);
  else if (verb === "internal-exited") code = await (await import("./hot/internal-exited.ts")).start(rest);
  if (code === undefined) {
    const { start } = await import("./start.ts");
    code = await start(argv);
  }
  process.exit(code);
}
