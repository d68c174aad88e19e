import { resolve } from "node:path";
import { serveApi, parseListenAddress, type TlsFiles, tlsFilesIncomplete } from "#api";
import { openEngine, ownProgram, sweepContainers } from "#engine";
import { keepLoopFree } from "#host";
import type { Command } from "../command.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { out } from "../print.ts";
import { printUnits } from "../serve-unit.ts";
import { version } from "../version.ts";

export const command: Command = {
  name: "serve",
  usage: "[OPTIONS]",
  summary: "Serve the Docker Engine API",
  flags: [
    listFlag(
      "host",
      "address",
      "Where to listen: unix:///PATH, tcp://HOST:PORT or fd:// (systemd);\nmore than once for several (default: the engine's own unix socket)",
      "H",
    ),
    textFlag("socket", "path", "The same as --host unix://PATH"),
    textFlag("tlscacert", "file", "Let in clients whose certificate this CA has signed, alone"),
    textFlag("tlscert", "file", "The server's certificate"),
    textFlag("tlskey", "file", "The key of the server's certificate"),
    boolFlag("insecure", "Serve on TCP without TLS: whoever reaches the port may do all that you may"),
    boolFlag("print-unit", "Print a systemd service and its socket, and end"),
  ],
  examples: ["vial serve", "DOCKER_HOST=unix:///run/vial/vial.sock docker ps"],
  args: [0, 0],
  mapped: "range",
  async run(flags) {
    const engine = openEngine();
    const own = `${engine.place.run}/vial.sock`;
    if (flags.bool("print-unit")) {
      out(printUnits(ownProgram().join(" "), own));
      return 0;
    }
    keepLoopFree();
    const tls = readTls(flags);
    const socket = flags.filled("socket");
    const hosts = [...flags.list("host"), ...(socket === undefined ? [] : [`unix://${resolve(socket)}`])];
    // Before anybody can know that it serves: a signal that comes then is no death.
    const told = new Promise<void>((stop) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop());
    });
    // What a reboot ended comes back where its restart policy says so, as with dockerd.
    sweepContainers(engine);
    const server = await serveApi({
      engine,
      vial: version,
      addresses: (hosts.length === 0 ? [`unix://${own}`] : hosts).map((host) =>
        parseListenAddress(host, { tls: tls !== undefined }),
      ),
      tls,
      insecure: flags.bool("insecure"),
    });
    for (const address of server.addresses)
      console.error(`vial: serving the Docker Engine API on ${address}`);
    await told;
    await server.stop();
    return 0;
  },
};

function readTls(flags: Flags): TlsFiles | undefined {
  const [ca, cert, key] = ["tlscacert", "tlscert", "tlskey"].map((name) => flags.filled(name));
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca === undefined || cert === undefined || key === undefined)
    throw tlsFilesIncomplete(
      ["tlscacert", "tlscert", "tlskey"]
        .filter((name) => flags.filled(name) === undefined)
        .map((name) => `--${name}`),
    );
  return { ca, cert, key };
}
