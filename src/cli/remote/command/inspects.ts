import { isVialError } from "#spec";
import { inspectTypeInvalid, nothingToInspect } from "../../error.ts";
import { reportError } from "../../errors-out.ts";
import { printInspection } from "../../format.ts";
import type { Flags } from "../../parse.ts";
import { out } from "../../print.ts";
import type { RemoteEngine } from "../engine.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf } from "../row.ts";

const kinds = {
  container: (name: string) => `/containers/${encodeURIComponent(name)}/json`,
  image: (name: string) => `/images/${encodeURI(name)}/json`,
  network: (name: string) => `/networks/${encodeURIComponent(name)}`,
  volume: (name: string) => `/volumes/${encodeURIComponent(name)}`,
} as const;

type Kind = keyof typeof kinds;

/** `inspect` of one kind, or of the first of all that has the name, as Docker asks them. */
export function inspectOf(wanted: readonly Kind[]): RemoteCommand {
  return {
    flags: ["format", "size", "type", "verbose"],
    async run(engine, flags, names) {
      const type = wanted.length > 1 ? flags.filled("type") : undefined;
      if (type !== undefined && !Object.hasOwn(kinds, type)) throw inspectTypeInvalid(type);
      const documents: object[] = [];
      let code = 0;
      for (const name of names) {
        try {
          documents.push(await describe(engine, flags, name, type === undefined ? wanted : [type as Kind]));
        } catch (error) {
          reportError(error, { debug: false });
          code = 1;
        }
      }
      out(printInspection(documents, flags.text("format")));
      return code;
    },
  };
}

async function describe(
  engine: RemoteEngine,
  flags: Flags,
  name: string,
  wanted: readonly Kind[],
): Promise<object> {
  for (const kind of wanted) {
    try {
      const size = kind === "container" && wanted[0] === "container" && flags.bool("size");
      return documentOf(await engine.ask("GET", kinds[kind](name), { query: { size } }));
    } catch (error) {
      if (!isVialError(error) || error.kind !== "not-found" || wanted.length === 1) throw error;
    }
  }
  throw nothingToInspect(name);
}
