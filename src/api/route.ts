import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { Engine } from "#engine";
import type { ApiVersion } from "./api-version.ts";
import type { Query } from "./query.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/** One request, its path taken apart. */
export interface Exchange {
  readonly engine: Engine;
  /** The version of Vial itself. */
  readonly vial: string;
  /** The version of the path, or the newest one where the path has none. */
  readonly version: ApiVersion;
  /** What the braces of the route's path stand for, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: IncomingHttpHeaders;
  /** The body as it comes. Read it at most once, by this or by json(). */
  readonly body: Readable;
  /**
   * The body as JSON; undefined when there is none. Throws body-invalid, body-too-large. A body of unknown length is read up
   * to the end of the document alone: what follows is the stdin of a client that joins streams without an upgrade.
   */
  json(): Promise<unknown>;
  /** Fires when the client has gone, or when the server stops and this answer is a stream. */
  readonly gone: AbortSignal;
}

/** Where a streamed answer goes. */
export interface Outlet {
  /** Resolves when the client can take more. Does nothing when it has gone. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** One JSON document and a line end. */
  json(value: unknown): Promise<void>;
}

export type Answer =
  /** JSON; without `json` an empty body. */
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Bytes of a known type. HEAD gets the head alone. */
  | {
      readonly status: number;
      readonly bytes: Uint8Array | string;
      readonly type: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The head goes out at once; the answer ends when `stream` resolves. What it throws cuts the connection. */
  | {
      readonly status: number;
      /** Left out: the answer has no Content-Type, as some of old versions. */
      readonly type?: string;
      readonly stream: (outlet: Outlet) => Promise<void>;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /**
   * Joined streams: the connection is `hijack`'s until it resolves. 101 to a client that asked for an upgrade; another gets
   * 200, the rest of its body is what it says and the body of the answer what it hears.
   */
  | { readonly type: string; readonly hijack: (socket: Duplex) => Promise<void> };

export interface Route {
  readonly method: Method;
  /** As in the description of the API: `/containers/{id}/json`. */
  readonly path: string;
  readonly handle: (exchange: Exchange) => Answer | Promise<Answer>;
}
