import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine";
import { type ApiVersion, newestVersion, oldestVersion, printVersion } from "./api-version.ts";
import { clientTooNew, clientTooOld, pageNotFound } from "./docker/phrases.ts";
import { bodyInvalid, bodyTooLarge, upgradeMissing } from "./error.ts";
import { errorResponse } from "./error-response.ts";
import { Query } from "./query.ts";
import type { Answer, Exchange, Outlet } from "./route.ts";
import { findRoute } from "./routes.ts";

/** A JSON body is a few kilobytes; the largest seen are lists of labels. */
const maxJson = 8 * 1024 * 1024;

export interface ApiServer {
  /** Takes no more connections, lets answers that are under way end, and closes. */
  stop(): Promise<void>;
}

/** Serves the Docker Engine API on a unix socket. */
export async function serveApi(engine: Engine, options: { readonly socket: string }): Promise<ApiServer> {
  const server = createServer();
  server.on("request", (request, response) => void answer(engine, request, response));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void hijack(engine, request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socket, resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

async function answer(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const reply = await handle(engine, request);
    if ("hijack" in reply) throw upgradeMissing();
    await send(request, response, reply);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, message } = errorResponse(error);
    await send(request, response, { status, json: { message } });
  }
}

async function hijack(engine: Engine, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  try {
    const reply = await handle(engine, request);
    if (!("hijack" in reply)) throw new Error("this path cannot be upgraded");
    if (head.length > 0) socket.unshift(head);
    socket.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${reply.type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    await reply.hijack(socket);
  } catch (error) {
    const { status, message } = errorResponse(error);
    const body = `${JSON.stringify({ message })}\n`;
    socket.write(
      `HTTP/1.1 ${status} Error\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.end();
}

function handle(engine: Engine, request: IncomingMessage): Answer | Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const mark = url.indexOf("?");
  const whole = mark < 0 ? url : url.slice(0, mark);
  const { version, path } = takeVersion(whole);
  const found = findRoute(method, path);
  if (found === undefined) throw pageNotFound();
  return found.route.handle(
    exchangeOf(engine, request, version, found.params, mark < 0 ? "" : url.slice(mark + 1)),
  );
}

function takeVersion(whole: string): { readonly version: ApiVersion; readonly path: string } {
  const found = /^\/v(\d{1,4})\.(\d{1,4})(\/.*)$/.exec(whole);
  if (found === null) return { version: newestVersion, path: whole };
  const asked = `${found[1]}.${found[2]}`;
  const version = found[1] === "1" ? Number(found[2]) : Number(found[1]) * 1000;
  if (version < oldestVersion) throw clientTooOld(asked, printVersion(oldestVersion));
  if (version > newestVersion) throw clientTooNew(asked, printVersion(newestVersion));
  return { version, path: found[3] ?? "/" };
}

function exchangeOf(
  engine: Engine,
  request: IncomingMessage,
  version: ApiVersion,
  params: Exchange["params"],
  query: string,
): Exchange {
  const gone = new AbortController();
  request.once("close", () => gone.abort());
  return {
    engine,
    version,
    params,
    query: new Query(query),
    headers: request.headers,
    body: request,
    json: () => readJson(request),
    gone: gone.signal,
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > maxJson) throw bodyTooLarge(maxJson);
    parts.push(part as Buffer);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (error) {
    throw bodyInvalid(error instanceof Error ? error.message : String(error));
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Exclude<Answer, { hijack: unknown }>,
): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if ("stream" in reply) {
    response.writeHead(reply.status, { "Content-Type": reply.type });
    response.flushHeaders();
    await reply.stream(outletOf(response));
    response.end();
    return;
  }
  const isEmpty = !("bytes" in reply) && reply.json === undefined;
  if (isEmpty) {
    response.writeHead(
      reply.status,
      reply.status === 204 || reply.status === 304 ? {} : { "Content-Length": 0 },
    );
    response.end();
    return;
  }
  const body = Buffer.from("bytes" in reply ? reply.bytes : `${JSON.stringify(reply.json)}\n`);
  response.writeHead(reply.status, {
    "Content-Type": "bytes" in reply ? reply.type : "application/json",
    "Content-Length": body.length,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function outletOf(response: ServerResponse): Outlet {
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    if (response.destroyed || response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      response.once("drain", resolve);
      response.once("close", resolve);
    });
  };
  return { write, json: (value) => write(`${JSON.stringify(value)}\n`) };
}
