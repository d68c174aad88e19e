import { newestVersion, oldestVersion, printVersion } from "#api";
import { isVialError } from "#spec";
import { openWire, type Wire } from "./connect.ts";
import type { RemoteEndpoint } from "./endpoint.ts";
import { remoteGarbled, remoteRefused } from "./error.ts";
import { exchange, type HttpReply } from "./http.ts";

export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | object | undefined>
>;

export interface Call {
  readonly query?: Query;
  readonly json?: unknown;
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON answer is held whole: lists of thousands of containers have some megabytes. */
const maxJson = 64 * 1024 * 1024;

/** Speaks the Docker Engine API with another engine. */
export class RemoteEngine {
  readonly endpoint: RemoteEndpoint;
  #version: Promise<string> | undefined;

  constructor(endpoint: RemoteEndpoint) {
    this.endpoint = endpoint;
  }

  /** "unix:///run/x.sock" */
  get name(): string {
    return this.endpoint.host;
  }

  /** The newest version that both sides speak: "1.41". */
  async version(): Promise<string> {
    this.#version ??= this.#negotiate();
    return await this.#version;
  }

  async #negotiate(): Promise<string> {
    const { reply, wire } = await this.#exchange("GET", "/_ping", {});
    await this.#textOf(reply, 1024);
    wire.close();
    const minor = Number(/^1\.(\d+)$/.exec(reply.headers.get("api-version") ?? "")?.[1] ?? oldestVersion);
    return printVersion(Math.min(minor, newestVersion));
  }

  /** The answer's head is here, its body still to be read. Throws remote-refused for a status of 400 and more. */
  async open(
    method: string,
    path: string,
    call: Call = {},
  ): Promise<{ readonly reply: HttpReply; readonly wire: Wire }> {
    const found = await this.#exchange(
      method,
      `/v${await this.version()}${path}${printQuery(call.query)}`,
      call,
    );
    if (found.reply.status < 400) return found;
    const message = messageOf(await this.#textOf(found.reply, maxJson));
    found.wire.close();
    throw remoteRefused(message === "" ? `status ${found.reply.status}` : message, found.reply.status);
  }

  /** The JSON of an answer; undefined where it is empty. */
  async ask(method: string, path: string, call: Call = {}): Promise<unknown> {
    const { reply, wire } = await this.open(method, path, call);
    const text = await this.#textOf(reply, maxJson);
    wire.close();
    if (text.trim() === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw remoteGarbled(this.name, (error as Error).message);
    }
  }

  /** The JSON documents of a stream, as they come. */
  async *documents(method: string, path: string, call: Call = {}): AsyncGenerator<unknown> {
    const { reply, wire } = await this.open(method, path, call);
    try {
      yield* parseStream(reply.body);
    } catch (error) {
      throw isVialError(error) ? error : remoteGarbled(this.name, (error as Error).message);
    } finally {
      wire.close();
    }
  }

  /** Joins the streams of a container or a program: the wire after "101". */
  async hijack(path: string, call: Call = {}): Promise<{ readonly reply: HttpReply; readonly wire: Wire }> {
    const headers = { Connection: "Upgrade", Upgrade: "tcp" };
    const found = await this.open("POST", path, { ...call, headers: { ...call.headers, ...headers } });
    if (found.reply.status === 101 || found.reply.status === 200) return found;
    throw remoteGarbled(this.name, `unable to upgrade to tcp, received ${found.reply.status}`);
  }

  async #exchange(method: string, path: string, call: Call) {
    const wire = await openWire(this.endpoint);
    const body =
      call.json === undefined ? call.stream : (Buffer.from(JSON.stringify(call.json)) as Uint8Array);
    const headers = {
      Host: "api.vial.localhost",
      "User-Agent": "Docker-Client/28.2.2 (linux)",
      ...(call.json === undefined ? {} : { "Content-Type": "application/json" }),
      ...(call.headers?.Upgrade === undefined ? { Connection: "close" } : {}),
      ...call.headers,
    };
    const request = { method, path, headers, ...(body === undefined ? {} : { body }) };
    const reply = await exchange(wire, request, (why) => remoteGarbled(this.name, why));
    return { reply, wire };
  }

  async #textOf(reply: HttpReply, most: number): Promise<string> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const bytes of reply.body) {
      size += bytes.length;
      if (size > most) throw remoteGarbled(this.name, `it has more than ${most} bytes`);
      parts.push(bytes);
    }
    return Buffer.concat(parts).toString("utf8");
  }
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text.trim();
  } catch {
    return text.trim().slice(0, 1000);
  }
}

/** A list is a key as often as it has values; an object is JSON; false and undefined are left out. */
function printQuery(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    if (Array.isArray(value)) for (const entry of value) search.append(name, String(entry));
    else if (typeof value === "object") search.append(name, JSON.stringify(value));
    else search.append(name, value === true ? "1" : String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** JSON documents one behind the other, a line each. */
async function* parseStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest = Buffer.alloc(0);
  for await (const bytes of body) {
    rest = Buffer.concat([rest, bytes]);
    if (rest.length > maxJson) throw new Error("a line of the answer has no end");
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString("utf8").trim();
      rest = rest.subarray(end + 1);
      if (line !== "") yield JSON.parse(line);
    }
  }
  const last = rest.toString("utf8").trim();
  if (last !== "") yield JSON.parse(last);
}
