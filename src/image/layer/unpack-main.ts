import { unpackMain } from "./extract.ts";

// The entry of the unpacking process when Vial runs from its source; the compiled executable calls itself with a
// hidden verb instead. Nothing imports this file.
process.exit(unpackMain(process.argv.slice(2)));
