import { type IncomingMessage, STATUS_CODES, type ServerResponse } from "node:http";
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { errorResponse } from "./error-response.ts";
import { handle, type Served } from "./exchange.ts";
import { joinBodies, joinUpgraded } from "./join.ts";
import type { Answer } from "./route.ts";
import { commonHeaders, send } from "./send.ts";

/** The answers that are under way, so that the end of the server can wait for them. */
export class Underway {
  readonly #streams = new Set<AbortController>();
  #count = 0;
  #empty = () => {};

  /** Runs `act` with the signal of a client that has gone. */
  async track(client: Pick<EventEmitter, "once">, act: (call: Call) => Promise<void>): Promise<void> {
    const gone = new AbortController();
    client.once("close", () => gone.abort());
    this.#count++;
    try {
      await act({ gone: gone.signal, isStream: () => void this.#streams.add(gone) });
    } finally {
      this.#streams.delete(gone);
      if (--this.#count === 0) this.#empty();
    }
  }

  /** Tells the streams that it is over, and waits for all answers, up to `milliseconds`. */
  async finish(milliseconds: number): Promise<void> {
    for (const stream of this.#streams) stream.abort();
    if (this.#count === 0) return;
    await Promise.race([new Promise<void>((resolve) => (this.#empty = resolve)), Bun.sleep(milliseconds)]);
  }
}

interface Call {
  readonly gone: AbortSignal;
  /** This answer goes on until the client or the server ends it. */
  isStream(): void;
}

/** Answers a request. */
export async function answer(
  served: Served,
  request: IncomingMessage,
  response: ServerResponse,
  call: Call,
): Promise<void> {
  for (const [name, value] of Object.entries(commonHeaders(served.vial))) response.setHeader(name, value);
  // A client that cuts the connection is no event: the answer's promise and `gone` tell.
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const reply = await handle(served, request, call.gone);
    if ("stream" in reply || "hijack" in reply) call.isStream();
    if ("hijack" in reply) await joinBodies(reply, request, response);
    else await send(request, response, reply);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, message } = errorResponse(error);
    await send(request, response, { status, json: { message } });
  }
  // Nobody reads what is left of the body; the connection cannot be used again before it is gone.
  if (!request.complete) request.resume();
}

/** Answers a request that asks for an upgrade: the raw connection is ours, and so is the writing of the head. */
export async function answerUpgrade(
  served: Served,
  request: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  call: Call,
): Promise<void> {
  request.on("error", () => {});
  socket.on("error", () => {});
  try {
    const reply = await handle(served, request, call.gone);
    if (!("hijack" in reply)) return writePlain(served, socket, reply);
    call.isStream();
    // When the server ends: whoever is joined sees the end of the connection.
    call.gone.addEventListener("abort", () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    await joinUpgraded(reply, socket);
  } catch (error) {
    const { status, message } = errorResponse(error);
    writePlain(served, socket, { status, json: { message } });
  }
}

/** An answer to a client whose wish for an upgrade is not granted. HTTP lets a server ignore it (RFC 9110, 7.8). */
function writePlain(served: Served, socket: Duplex, reply: Answer): void {
  if (!("status" in reply) || "stream" in reply) {
    socket.destroy();
    return;
  }
  const body =
    "bytes" in reply ? reply.bytes : reply.json === undefined ? "" : `${JSON.stringify(reply.json)}\n`;
  const type = "bytes" in reply ? reply.type : "application/json";
  const headers = { ...commonHeaders(served.vial), ...reply.headers, "Content-Type": type };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? "Status"}\r\n${lines.join("")}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`,
  );
  socket.end(body);
}
