import type { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import type { Answer } from "./route.ts";

// Answers that are joined streams: attach, and the start of an exec.

type Hijack = Extract<Answer, { hijack: unknown }>;

/** How long a connection stays open for its client alone. Milliseconds. */
const farewell = 5000;

/** After an upgrade the connection is raw bytes in both directions. */
export async function joinUpgraded(reply: Hijack, socket: Duplex): Promise<void> {
  socket.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${reply.type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
  await reply.hijack(socket);
  socket.end();
  // What a client still says is for nobody, and one that does not close its side is not waited for long.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), farewell);
  socket.once("close", () => clearTimeout(timer));
}

/** Without one, the rest of the request's body and the body of the answer (testcontainers, by dockerode). */
export async function joinBodies(
  reply: Hijack,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { "Content-Type": reply.type });
  response.flushHeaders();
  const socket = new Duplex({
    allowHalfOpen: true,
    read: () => {
      request.resume();
    },
    write: (bytes: Buffer, _encoding, done) => {
      if (response.destroyed || response.write(bytes)) return done();
      const go = () => {
        response.off("drain", go).off("close", go);
        done();
      };
      response.on("drain", go).on("close", go);
    },
    final: (done) => {
      response.end();
      done();
    },
  });
  request.on("data", (bytes: Buffer) => {
    if (!socket.push(bytes)) request.pause();
  });
  if (request.readableEnded || request.complete) socket.push(null);
  else request.once("end", () => socket.push(null));
  response.once("close", () => socket.destroy());
  // The end of a connection that a person cut is no error of ours.
  socket.on("error", () => {});
  await reply.hijack(socket);
  socket.end();
}
