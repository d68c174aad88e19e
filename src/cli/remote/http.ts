import type { Wire } from "./connect.ts";

// HTTP/1.1 as a client of the Docker Engine API needs it: one request a connection, its body as a stream, and the raw
// connection after an upgrade. Own code, because Bun's client neither half-closes an upgraded connection nor runs over ssh.

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface HttpReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body; after an upgrade all that comes. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What an engine sends is not believed: a head of more than this is garbage. */
const maxHead = 256 * 1024;

/** Makes the error of an answer that cannot be understood. */
export type Fault = (why: string) => Error;

/** Sends the request and gives the reply when its head is here; a streamed body goes on being sent meanwhile. */
export async function exchange(wire: Wire, request: HttpRequest, fault: Fault): Promise<HttpReply> {
  const sending = send(wire, request);
  // The reply may come before the body is sent whole; what goes wrong with the connection shows there too.
  sending.catch(() => {});
  return await readReply(new Source(wire, fault), request.method);
}

async function send(wire: Wire, { method, path, headers, body }: HttpRequest): Promise<void> {
  const isStream = body !== undefined && !(body instanceof Uint8Array);
  const length =
    body === undefined
      ? method === "GET" || method === "HEAD"
        ? undefined
        : 0
      : isStream
        ? undefined
        : body.length;
  const lines = Object.entries({
    ...headers,
    ...(isStream
      ? { "Transfer-Encoding": "chunked" }
      : length === undefined
        ? {}
        : { "Content-Length": String(length) }),
  }).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, " ")}\r\n`);
  await wire.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  if (body instanceof Uint8Array) await wire.write(body);
  else if (body !== undefined) {
    for await (const bytes of body) {
      if (bytes.length === 0) continue;
      await wire.write(`${bytes.length.toString(16)}\r\n`);
      await wire.write(bytes);
      await wire.write("\r\n");
    }
    await wire.write("0\r\n\r\n");
  }
}

/** Reads lines and counts of bytes off a wire. */
class Source {
  readonly #wire: Wire;
  readonly fault: Fault;
  #rest: Buffer = Buffer.alloc(0);

  constructor(wire: Wire, fault: Fault) {
    this.#wire = wire;
    this.fault = fault;
  }

  /** Some bytes; undefined at the end. */
  async some(most = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
    if (this.#rest.length === 0) {
      const { value, done } = await this.#wire.bytes.next();
      if (done === true) return undefined;
      this.#rest = Buffer.from(value);
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** A line without its end; undefined at the end of all. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end).toString("latin1").replace(/\r$/, "");
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > maxHead) throw this.fault("a line of the head has no end");
      const { value, done } = await this.#wire.bytes.next();
      if (done === true) return undefined;
      this.#rest = Buffer.concat([this.#rest, value]);
    }
  }
}

async function readReply(source: Source, method: string): Promise<HttpReply> {
  for (;;) {
    const first = await source.line();
    if (first === undefined) throw source.fault("it closed the connection without an answer");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw source.fault("the answer is not HTTP");
    const headers = await readHeaders(source);
    // 100 Continue stands before the answer.
    if (status >= 100 && status < 200 && status !== 101) continue;
    const hasNone = method === "HEAD" || status === 204 || status === 304;
    return { status, headers, body: hasNone ? nothing() : bodyOf(source, status, headers) };
  }
}

async function readHeaders(source: Source): Promise<ReadonlyMap<string, string>> {
  const headers = new Map<string, string>();
  for (let size = 0; ; ) {
    const line = await source.line();
    if (line === undefined) throw source.fault("it closed the connection in the middle of its answer");
    if (line === "") return headers;
    size += line.length;
    if (size > maxHead) throw source.fault("the head of the answer is too long");
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No body.
}

async function* bodyOf(
  source: Source,
  status: number,
  headers: ReadonlyMap<string, string>,
): AsyncGenerator<Uint8Array> {
  if (status !== 101 && headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
    yield* chunks(source);
    return;
  }
  const length = status === 101 ? undefined : headers.get("content-length");
  let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  if (Number.isNaN(left)) throw source.fault("the length of the answer is no number");
  while (left > 0) {
    const bytes = await source.some(left);
    if (bytes === undefined) {
      if (length !== undefined) throw source.fault("it closed the connection in the middle of its answer");
      return;
    }
    left -= bytes.length;
    yield bytes;
  }
}

async function* chunks(source: Source): AsyncGenerator<Uint8Array> {
  for (;;) {
    const line = await source.line();
    const size = line === undefined ? Number.NaN : Number.parseInt(line, 16);
    if (!(size >= 0)) throw source.fault("it closed the connection in the middle of its answer");
    if (size === 0) {
      await source.line();
      return;
    }
    for (let left = size; left > 0; ) {
      const bytes = await source.some(left);
      if (bytes === undefined) throw source.fault("it closed the connection in the middle of its answer");
      left -= bytes.length;
      yield bytes;
    }
    await source.line();
  }
}
