import { printVersion, version } from "./version.ts";

// The entry of the executable. The version is answered here, before anything else is loaded; every other word goes
// to start.ts, which loads one chunk per verb. console.log costs nothing at start, process.stdout several ms.

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
  console.log(`vial ${version}`);
} else if (argv.length === 1 && argv[0] === "version") {
  console.log(printVersion().trimEnd());
} else {
  const { start } = await import("./start.ts");
  process.exit(await start(argv));
}
