import type { Command } from "../command.ts";
import { inspectFormatFlag } from "../flag.ts";
import { reportError } from "../errors-out.ts";
import { printInspection } from "../format.ts";
import { out } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";
import { currentContext } from "../remote/current.ts";

export const command: Command = {
  name: "context inspect",
  usage: "[OPTIONS] [CONTEXT...]",
  summary: "Show the addresses of engines in full",
  flags: [inspectFormatFlag],
  args: [0, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const store = new ContextStore();
    const documents: object[] = [];
    let code = 0;
    for (const name of names.length === 0 ? [currentContext(store)] : names) {
      try {
        documents.push(describe(store, name));
      } catch (error) {
        reportError(error, { debug: false });
        code = 1;
      }
    }
    out(printInspection(documents, flags.text("format")));
    return code;
  },
};

/** In Docker's shape. */
function describe(store: ContextStore, name: string): object {
  if (name === "default") {
    const Host = process.env.DOCKER_HOST ?? "";
    return {
      Name: name,
      Metadata: {},
      Endpoints: { docker: { Host, SkipTLSVerify: false } },
      TLSMaterial: {},
      Storage: { MetadataPath: "<IN MEMORY>", TLSPath: "<IN MEMORY>" },
    };
  }
  const { document } = store.read(name);
  const files = Object.keys(store.tls(name));
  return {
    Name: name,
    Metadata: document.Metadata ?? {},
    Endpoints: document.Endpoints ?? {},
    TLSMaterial: files.length === 0 ? {} : { docker: files },
    Storage: { MetadataPath: store.metaFolder(name), TLSPath: store.tlsFolder(name) },
  };
}
