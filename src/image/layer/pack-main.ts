import { packMain } from "./pack-process.ts";

// The entry of the packing process when Vial runs from its source; see unpack-main.ts. Nothing imports this file.
process.exit(packMain());
