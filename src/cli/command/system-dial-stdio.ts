import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { parseListenAddress, serveApi } from "#api";
import { openEngine } from "#engine";
import type { Command } from "../command.ts";
import { version } from "../version.ts";

export const command: Command = {
  name: "system dial-stdio",
  usage: "",
  summary: "Join standard input and output to the API of this engine, for who comes by ssh",
  flags: [],
  args: [0, 0],
  mapped: "range",
  async run() {
    const engine = openEngine();
    const own = await dial(`${engine.place.run}/vial.sock`);
    if (own !== undefined) {
      await join(own);
      return 0;
    }
    // Nobody serves here: this process does, for the one who asks.
    const folder = mkdtempSync(`${tmpdir()}/vial-dial-`);
    const path = `${folder}/s`;
    const server = await serveApi({
      engine,
      vial: version,
      addresses: [parseListenAddress(`unix://${path}`, { tls: false })],
      tls: undefined,
      insecure: false,
    });
    try {
      const socket = await dial(path);
      if (socket !== undefined) await join(socket);
      return 0;
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Undefined where nobody listens. */
function dial(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}

/** Until the engine has ended its answer. An end of our input is handed on, and is none of the answer. */
function join(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.on("end", () => {
      socket.end();
      resolve();
    });
    socket.pipe(process.stdout, { end: false });
    process.stdin.pipe(socket);
  });
}
