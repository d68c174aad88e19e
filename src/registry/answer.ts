import { answerTooLarge, connectionBroken } from "./error.ts";
import type { HttpRequest } from "./transport.ts";
import type { Watch } from "./watch.ts";

const maxErrorBytes = 64 * 1024;

/** A response whose body is read on demand, with this room's errors. Read it to its end, or discard() it. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from after redirects. */
  readonly url: URL;
  readonly #request: HttpRequest;
  readonly #watch: Watch;
  readonly #reader:
    | { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> }
    | undefined;

  constructor(response: Response, url: URL, request: HttpRequest, watch: Watch) {
    this.status = response.status;
    this.headers = response.headers;
    this.url = url;
    this.#request = request;
    this.#watch = watch;
    this.#reader = response.body?.getReader();
    if (this.#reader === undefined) watch.end();
  }

  /** The next bytes of the body, or undefined at its end. Errors: connection broken, stalled, interrupted. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined) return undefined;
    this.#watch.wait();
    try {
      const { done, value } = await this.#reader.read();
      this.#watch.rest();
      if (done) this.#watch.end();
      return done ? undefined : value;
    } catch (error) {
      this.#watch.end();
      throw this.#watch.reason ?? connectionBroken(this.#request.doing, this.url.host, error);
    }
  }

  /** The whole body, which may have at most `limit` bytes. `what` it is, for the error. */
  async bytes(limit: number, what: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let part = await this.read(); part !== undefined; part = await this.read()) {
      parts.push(part);
      length += part.length;
      if (length > limit) {
        this.discard();
        throw answerTooLarge(this.#request.doing, what, limit);
      }
    }
    return Buffer.concat(parts);
  }

  discard(): void {
    this.#watch.end();
    this.#reader?.cancel().catch(() => {
      // The connection is of no more use; how it ends is of no interest.
    });
  }

  /** What the registry said, in one line for a text: status, and code and message of the error body if there is one. */
  async said(): Promise<Said> {
    let body = "";
    try {
      body = (await this.bytes(maxErrorBytes, "the error message")).toString("utf8");
    } catch {
      // The status alone has to do.
    }
    const { code, message } = parseErrorBody(body);
    const status = `the registry answered ${this.status}`;
    const text = [status, ...(code === undefined ? [] : [code])].join(" ");
    return {
      code,
      text: this.#clean(message === undefined || message === "" ? text : `${text}: ${message}`),
    };
  }

  /** No escape sequences for the terminal, no secrets that the other side echoes, no novels. */
  #clean(text: string): string {
    let result = text;
    for (const secret of secretsOf(this.#request.authorization)) result = result.replaceAll(secret, "***");
    return result
      .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, 300);
  }
}

export interface Said {
  /** The first error code of the body, such as MANIFEST_UNKNOWN. */
  readonly code: string | undefined;
  readonly text: string;
}

function secretsOf(authorization: string | undefined): readonly string[] {
  if (authorization === undefined) return [];
  const token = authorization.slice(authorization.indexOf(" ") + 1);
  const password = authorization.startsWith("Basic ")
    ? Buffer.from(token, "base64")
        .toString("utf8")
        .replace(/^[^:]*:/, "")
    : "";
  return [token, password].filter((secret) => secret.length > 3);
}

/** Reads `{"errors":[{"code","message"}]}` (distribution-spec, error codes), or the token servers' `{"details"}`. */
function parseErrorBody(body: string): { code: string | undefined; message: string | undefined } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // A proxy, or a server that is no registry, speaks plain text; a page of HTML helps nobody.
    const line = body.split("\n")[0]?.trim() ?? "";
    return { code: undefined, message: line === "" || line.startsWith("<") ? undefined : line };
  }
  const first = (json as { errors?: unknown } | null)?.errors;
  const error = (Array.isArray(first) ? first[0] : json) as Record<string, unknown> | null | undefined;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const code = text(error?.code);
  return {
    code: code !== undefined && /^[A-Z_]{1,64}$/.test(code) ? code : undefined,
    message: text(error?.message) ?? text(error?.details),
  };
}
