import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { socketHeld, socketPathTaken, socketPathTooLong } from "../error.ts";

/** sun_path holds 107 bytes and a zero (unix(7)). */
const maxPath = 107;

/** Listens on a unix socket for its owner and group. A dead server's socket is replaced, a live one's refused. */
export async function listenUnix(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPath) throw socketPathTooLong(path, maxPath);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isSocket()) throw socketPathTaken(path);
    if (await answers(path)) throw socketHeld(path);
    rmSync(path, { force: true });
  }
  // Between listen and chmod nobody else gets in.
  const before = process.umask(0o117);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o660);
}

/** Whether somebody takes connections there. */
async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
