import { openEngine } from "#engine";
import { serveApi } from "#api";
import type { Command } from "../command.ts";

export const command: Command = {
  name: "serve",
  usage: "[OPTIONS]",
  summary: "Serve the Docker Engine API",
  flags: [
    {
      name: "socket",
      kind: "string",
      value: "path",
      help: "The unix socket to listen on (default the engine's own, vial.sock)",
    },
  ],
  args: [0, 0],
  async run(flags) {
    const engine = openEngine();
    const socket = flags.filled("socket") ?? `${engine.place.run}/vial.sock`;
    const server = await serveApi(engine, { socket });
    console.error(`vial: serving the Docker Engine API on ${socket}`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    });
    await server.stop();
    return 0;
  },
};
