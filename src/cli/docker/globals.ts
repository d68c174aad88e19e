import type { Command } from "../command.ts";
import { type Flags, parseCommandLine } from "../parse.ts";
import type { EndpointWish } from "../remote/endpoint.ts";

// The options before the command.

const text = (name: string, short?: string) => ({
  name,
  kind: "string" as const,
  help: "",
  ...(short === undefined ? {} : { short }),
});
const bool = (name: string, short?: string) => ({ ...text(name, short), kind: "bool" as const });

export const globalCommand: Command = {
  name: "",
  usage: "[OPTIONS] COMMAND [ARG...]",
  summary: "Docker's command line, carried out by Vial",
  flags: [
    { ...text("config"), help: "The folder of contexts and of what login keeps (default ~/.docker)" },
    { ...text("context", "c"), help: "The engine to speak to, by the name of its context" },
    { ...bool("debug", "D"), help: "Show the chain of causes of an error" },
    { name: "host", short: "H", kind: "list", help: "The engine to speak to, by its address" },
    { ...text("log-level", "l"), help: "Taken: there are no log lines" },
    { ...bool("tls"), help: "Speak TLS with the engine" },
    { ...text("tlscacert"), help: "Trust certificates of this authority alone" },
    { ...text("tlscert"), help: "The client's certificate" },
    { ...text("tlskey"), help: "The client's key" },
    { ...bool("tlsverify"), help: "Speak TLS with the engine, and verify it" },
    { ...bool("version", "v"), help: "Show the version and stop" },
    { ...bool("help", "h"), help: "Show this text" },
  ],
  interspersed: false,
  args: [0, Number.POSITIVE_INFINITY],
  run: () => 0,
};

export interface DockerGlobals {
  readonly flags: Flags;
  /** The command and what follows it. */
  readonly words: readonly string[];
}

export function readDockerGlobals(argv: readonly string[]): DockerGlobals {
  const { flags, args } = parseCommandLine(globalCommand, argv);
  return { flags, words: args };
}

/** What the options say of the engine. */
export function endpointWish(flags: Flags): EndpointWish {
  const files = { "ca.pem": "tlscacert", "cert.pem": "tlscert", "key.pem": "tlskey" };
  return {
    hosts: flags.list("host"),
    context: flags.filled("context"),
    tls: flags.bool("tls") || flags.has("tlsverify"),
    tlsVerify: flags.bool("tlsverify"),
    tlsFiles: Object.fromEntries(
      Object.entries(files).flatMap(([file, flag]) => {
        const path = flags.filled(flag);
        return path === undefined ? [] : [[file, path]];
      }),
    ),
  };
}
