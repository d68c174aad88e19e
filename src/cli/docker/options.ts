import type { Flag } from "../command.ts";
import { optionTable } from "./table/options.ts";

/** What `docker buildx build` takes beside the options of the classic builder. */
const buildx =
  "allow:list annotation:list attest:list build-context:list builder:text cache-to:list call:text check load metadata-file:text no-cache-filter:list output/o:list progress:text provenance:text push sbom:text secret:list ssh:list";

/** Docker's options of a command, as flags of the parser; undefined for a command that Docker does not have. */
export function dockerOptions(command: string): readonly Flag[] | undefined {
  const text = Object.hasOwn(optionTable, command) ? optionTable[command] : undefined;
  if (text === undefined) return undefined;
  const words = command === "build" ? `${text} ${buildx}` : text;
  return words
    .split(" ")
    .filter((word) => word !== "")
    .map(readOption);
}

function readOption(word: string): Flag {
  const [spelling = "", kind] = word.split(":");
  const [name = "", short] = spelling.split("/");
  return {
    name,
    kind: kind === undefined ? "bool" : kind === "list" ? "list" : "string",
    help: "",
    ...(short === undefined ? {} : { short }),
    // pflag's NoOptDefVal of buildx.
    ...(name === "provenance" || name === "sbom" ? { implied: "true" } : {}),
  };
}
