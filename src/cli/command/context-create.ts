import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { textFlag } from "../flag.ts";
import { errLine, outLine } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";
import { partsOf, readEndpointParts } from "../remote/context-wish.ts";

export const command: Command = {
  name: "context create",
  usage: "[OPTIONS] CONTEXT",
  summary: "Keep the address of an engine under a name",
  flags: [
    textFlag("description", "text", "What it is, for people"),
    textFlag(
      "docker",
      "host=address,...",
      "Its address, and for TLS ca=FILE, cert=FILE, key=FILE,\nskip-tls-verify=true; or from=CONTEXT",
    ),
    textFlag("from", "context", "Take the address of another one"),
  ],
  args: [1, 1],
  examples: [
    "vial context create build --docker host=ssh://me@build.example",
    "vial context create prod --docker host=tcp://prod.example:2376,ca=ca.pem,cert=cert.pem,key=key.pem",
  ],
  run(flags, [name = ""]) {
    const store = new ContextStore();
    const from = flags.filled("from");
    const given = readEndpointParts(flags, store);
    if (from !== undefined && given !== undefined)
      throw optionsConflict("--from", "--docker", "both give the address");
    const parts = given ?? partsOf(store, from ?? "default");
    const description = flags.text("description") ?? "";
    store.create(
      { name, description, host: parts.host, skipTlsVerify: parts.skipTlsVerify, document: {} },
      parts.tls,
    );
    outLine(name);
    errLine(`Successfully created context "${name}"`);
    return 0;
  },
};
