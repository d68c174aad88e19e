import type { IncomingMessage, ServerResponse } from "node:http";
import { newestVersion, printVersion } from "./api-version.ts";
import type { Answer, Outlet } from "./route.ts";

/** The headers that dockerd puts on every answer. */
export function commonHeaders(vial: string): Readonly<Record<string, string>> {
  return {
    "Api-Version": printVersion(newestVersion),
    "Docker-Experimental": "false",
    Ostype: "linux",
    Server: `Vial/${vial} (linux)`,
  };
}

/** Sends an answer to its end. What a stream throws is thrown after the head has gone out. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Exclude<Answer, { hijack: unknown }>,
): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if ("stream" in reply) {
    response.writeHead(reply.status, reply.type === undefined ? {} : { "Content-Type": reply.type });
    response.flushHeaders();
    await reply.stream(outletOf(response));
    response.end();
    return;
  }
  if (!("bytes" in reply) && reply.json === undefined) {
    const hasBody = reply.status !== 204 && reply.status !== 304;
    response.writeHead(reply.status, hasBody && request.method !== "HEAD" ? { "Content-Length": 0 } : {});
    response.end();
    return;
  }
  const given = "bytes" in reply ? reply.bytes : `${JSON.stringify(reply.json)}\n`;
  const body = typeof given === "string" ? Buffer.from(given) : given;
  response.writeHead(reply.status, {
    "Content-Type": "bytes" in reply ? reply.type : "application/json",
    "Content-Length": body.length,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function outletOf(response: ServerResponse): Outlet {
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    if (response.destroyed || bytes.length === 0 || response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off("drain", done).off("close", done);
        resolve();
      };
      response.on("drain", done).on("close", done);
    });
  };
  return { write, json: (value) => write(`${JSON.stringify(value)}\n`) };
}
