import { existsSync, readFileSync } from "node:fs";
import type { VialError } from "#spec";
import { Answer } from "./answer.ts";
import { type RegistriesConfig, type RegistrySettings, settingsFor } from "./config.ts";
import {
  answerUnexpected,
  certificateUntrusted,
  connectionBroken,
  connectionRefused,
  hostUnknown,
  plainHttpRefused,
  printUrl,
  proxyFailed,
  redirectRefused,
  settingsFileUnreadable,
} from "./error.ts";
import { isLocalHost, isLoopbackHost, proxyFor } from "./proxy.ts";
import { pause, Watch } from "./watch.ts";

// HTTP with this room's rules: which hosts may be spoken to without TLS, where a redirect may lead, that an
// Authorization header never follows one to another origin, how long silence is borne, and what is tried again.

export interface TransportOptions {
  readonly config: RegistriesConfig;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of silence after which a transfer is given up. There is no limit on its whole length. Default 60 s. */
  readonly stall?: number;
  /** Milliseconds before the first new try; doubles with each. Default 500. */
  readonly retryDelay?: number;
  readonly signal?: AbortSignal;
}

export interface HttpRequest {
  /** The action for errors, such as: pull "debian:12". */
  readonly doing: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  /** Makes the body anew for each try; `alive` is to be called whenever bytes leave. */
  readonly body?: (alive: () => void) => RequestBody;
  /** `never` for what must not be sent twice. Default `temporary`: lost connections and 429, 502, 503, 504. */
  readonly retry?: "temporary" | "never";
  readonly signal?: AbortSignal | undefined;
}

export type RequestBody = string | Uint8Array | ReadableStream<Uint8Array>;

const maxRedirects = 10;
const maxTries = 4;
const maxRetryAfterMs = 30_000;
const temporary = new Set([429, 502, 503, 504]);
const redirects = new Set([301, 302, 303, 307, 308]);

export class Transport {
  readonly #config: RegistriesConfig;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #stall: number;
  readonly #retryDelay: number;
  readonly #signal: AbortSignal | undefined;
  readonly #settings = new Map<string, RegistrySettings>();
  readonly #tls = new Map<string, Promise<TlsOptions>>();
  /** Hosts that were found not to speak TLS, and may do without. */
  readonly #plain = new Set<string>();
  /** Hosts whose certificate the built-in authorities do not know: the system's are asked. */
  readonly #systemTrust = new Set<string>();

  constructor(options: TransportOptions) {
    this.#config = options.config;
    this.#env = options.env ?? process.env;
    this.#stall = options.stall ?? 60_000;
    this.#retryDelay = options.retryDelay ?? 500;
    this.#signal = options.signal;
  }

  settings(host: string): RegistrySettings {
    const known = this.#settings.get(host);
    if (known !== undefined) return known;
    const settings = settingsFor(this.#config, host);
    this.#settings.set(host, settings);
    return settings;
  }

  /** True when the host may be spoken to over plain HTTP: a loopback address, or so configured. */
  mayBePlain(url: URL): boolean {
    return isLoopbackHost(url.hostname) || this.settings(url.host).insecure;
  }

  /** True when what comes from the address is known to come from its host: TLS with a verified certificate. */
  isVerified(url: URL): boolean {
    return this.settled(url).protocol === "https:" && !this.settings(url.host).insecure;
  }

  /** The address as it is really used: plain HTTP where the host was found to speak nothing else. */
  settled(url: URL): URL {
    if (url.protocol !== "https:" || !this.#plain.has(url.host)) return url;
    const plain = new URL(url);
    plain.protocol = "http:";
    return plain;
  }

  /** Sends a request, follows redirects and tries again; any status may come back. Errors: those of the connection. */
  async send(request: HttpRequest): Promise<Answer> {
    let url = request.url;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      // Compared by origin: a password for one host or port is none of another's business (CVE-2020-15157).
      const sameOrigin = this.settled(url).origin === this.settled(request.url).origin;
      const answer = await this.#patient({
        ...request,
        url,
        authorization: sameOrigin ? request.authorization : undefined,
      });
      if (!redirects.has(answer.status)) return answer;
      answer.discard();
      url = this.#redirectTarget(request, answer);
    }
    throw answerUnexpected(request.doing, request.url.host, `it redirects more than ${maxRedirects} times`);
  }

  #redirectTarget(request: HttpRequest, answer: Answer): URL {
    const { doing } = request;
    const location = answer.headers.get("location");
    const target = location === null ? null : URL.parse(location, answer.url.href);
    if (target === null || (request.body !== undefined && answer.status !== 307 && answer.status !== 308))
      throw answerUnexpected(doing, answer.url.host, `it redirects (${answer.status}) to no usable address`);
    const refuse = (why: string) => redirectRefused(doing, answer.url.host, printUrl(target), why);
    if (target.protocol !== "https:" && target.protocol !== "http:")
      throw refuse(`only http and https addresses are followed (CVE-2024-3727)`);
    if (isLocalHost(target.hostname) && !isLocalHost(answer.url.hostname))
      throw refuse("a registry elsewhere may not send us to addresses of this machine (CVE-2020-15157)");
    if (target.protocol === "http:" && !this.mayBePlain(target))
      throw refuse("plain HTTP is used only for loopback hosts and where the settings allow it");
    target.username = "";
    target.password = "";
    return target;
  }

  /** One address, with new tries after passing troubles. */
  async #patient(request: HttpRequest): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const last = tries >= maxTries || request.retry === "never";
      try {
        const answer = await this.#once(request);
        if (!temporary.has(answer.status) || last) return answer;
        const wait = retryAfter(answer.headers.get("retry-after"));
        if (wait !== undefined && wait > maxRetryAfterMs) return answer;
        answer.discard();
        await this.#pause(request, wait ?? this.#retryDelay * 2 ** (tries - 1));
      } catch (error) {
        if (last || (error as VialError).code !== "registry-connection-broken") throw error;
        await this.#pause(request, this.#retryDelay * 2 ** (tries - 1));
      }
    }
  }

  /** Waits with some jitter, so that many clients of a recovering registry do not come back in step. */
  async #pause(request: HttpRequest, milliseconds: number): Promise<void> {
    await pause(milliseconds * (0.75 + Math.random() / 2), request.doing, request.signal ?? this.#signal);
  }

  async #once(request: HttpRequest): Promise<Answer> {
    const url = this.settled(request.url);
    const { doing } = request;
    if (url.protocol === "http:" && !this.mayBePlain(url)) throw plainHttpRefused(doing, url.host);
    const proxy = proxyFor(url, this.#env);
    const tls = url.protocol === "https:" ? await this.#tlsOptions(url.host) : undefined;
    const watch = new Watch(doing, url.host, this.#stall, request.signal ?? this.#signal);
    try {
      const body = request.body?.(() => watch.alive());
      watch.wait();
      const response = await fetch(url, {
        method: request.method,
        headers: {
          "User-Agent": "vial",
          ...request.headers,
          ...(request.authorization === undefined ? {} : { Authorization: request.authorization }),
        },
        ...(body === undefined ? {} : { body, duplex: "half" }),
        redirect: "manual",
        decompress: false,
        signal: watch.signal,
        // Bun reads the proxy variables by rules of its own, so the choice made here is always stated.
        proxy: proxy?.href ?? false,
        ...(tls === undefined ? {} : { tls }),
        timeout: false,
      } as RequestInit);
      watch.rest();
      return new Answer(response, url, request, watch);
    } catch (error) {
      watch.end();
      if (watch.reason !== undefined) throw watch.reason;
      const code = (error as { code?: string }).code ?? "";
      if (this.#learns(url, code)) return await this.#once(request);
      throw this.#failure(request.doing, url, proxy, code, error);
    }
  }

  /** Takes what a failed handshake teaches; true when the request is worth sending again at once. */
  #learns(url: URL, code: string): boolean {
    if (url.protocol !== "https:") return false;
    const noTls = code === "EPROTO" || (code === "ECONNREFUSED" && url.port === "");
    if (noTls && this.mayBePlain(url)) {
      this.#plain.add(url.host);
      return true;
    }
    if (isTrustCode(code) && !this.#systemTrust.has(url.host) && this.settings(url.host).ca.length === 0) {
      if (systemBundle(this.#env) === undefined) return false;
      this.#systemTrust.add(url.host);
      this.#tls.delete(url.host);
      return true;
    }
    return false;
  }

  #failure(doing: string, url: URL, proxy: URL | undefined, code: string, error: unknown): VialError {
    if (isTrustCode(code)) return certificateUntrusted(doing, url.host, (error as Error).message);
    if (proxy !== undefined) return proxyFailed(doing, `${proxy.protocol}//${proxy.host}`, error);
    if (code === "ECONNREFUSED") return connectionRefused(doing, url.host, error);
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") return hostUnknown(doing, url.host, error);
    if (code === "EPROTO") return plainHttpRefused(doing, url.host);
    return connectionBroken(doing, url.host, error);
  }

  #tlsOptions(host: string): Promise<TlsOptions> {
    const known = this.#tls.get(host);
    if (known !== undefined) return known;
    const settings = this.settings(host);
    const ca = settings.ca.map(readPem);
    const bundle = this.#systemTrust.has(host) ? systemBundle(this.#env) : undefined;
    if (bundle !== undefined) ca.push(readPem(bundle));
    const options = Promise.resolve({
      ...(ca.length === 0 ? {} : { ca }),
      ...(settings.insecure ? { rejectUnauthorized: false } : {}),
      ...(settings.client === undefined
        ? {}
        : { cert: readPem(settings.client.certificate), key: readPem(settings.client.key) }),
    });
    this.#tls.set(host, options);
    return options;
  }
}

interface TlsOptions {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw settingsFileUnreadable(path, error);
  }
}

/** The authorities that the distribution and the administrator trust. */
function systemBundle(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return [env.SSL_CERT_FILE, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"].find(
    (path) => path !== undefined && path !== "" && existsSync(path),
  );
}

function isTrustCode(code: string): boolean {
  return /^CERT_|_CERT|^ERR_TLS_CERT|LEAF_SIGNATURE|^INVALID_CA$|^PATH_LENGTH|^HOSTNAME_MISMATCH$/.test(code);
}

/** Milliseconds of a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
