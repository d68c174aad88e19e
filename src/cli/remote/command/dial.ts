import { createReadStream } from "node:fs";
import { out } from "../../print.ts";
import { openWire } from "../connect.ts";
import type { RemoteCommand } from "../remote-command.ts";

/** Joins standard input and output to the connection itself, for who comes by ssh. */
export const dialStdio: RemoteCommand = {
  flags: [],
  async run(engine) {
    const wire = await openWire(engine.endpoint);
    const input = createReadStream("", { fd: 0, autoClose: false });
    const sending = (async () => {
      for await (const bytes of input) await wire.write(bytes as Uint8Array);
      wire.end();
    })();
    // When the other side has gone, what comes in has nowhere to go.
    sending.catch(() => {});
    for await (const bytes of { [Symbol.asyncIterator]: () => wire.bytes }) out(bytes);
    input.destroy();
    wire.close();
    return 0;
  },
};
