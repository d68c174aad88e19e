import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Descriptor, type Digest, digestOf, isIndexType, mediaType } from "#spec";

// A registry for tests: real HTTP on a loopback port, in this process, with faults on demand.

export interface FakeOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** `bearer` sends to `realm`, by default this registry's own /token. */
  readonly auth?: {
    readonly kind: "basic" | "bearer";
    readonly username: string;
    readonly password: string;
    readonly realm?: string;
    /** Strangers get a token that may pull. */
    readonly anonymousPull?: boolean;
    /** Accepted as OAuth2 refresh token. */
    readonly identityToken?: string;
    /** Seconds that a token says it lives. */
    readonly lifetime?: number;
  };
}

/** What goes wrong. May be changed at any time. */
export interface FakeFaults {
  /** Blobs whose bytes are altered on the way. */
  readonly altered: Set<Digest>;
  /** Blobs that end after so many bytes, in good order. */
  readonly truncated: Map<Digest, number>;
  /** Blobs during which the connection is cut after so many bytes, `times` times. */
  readonly dying: Map<Digest, { readonly at: number; times: number }>;
  /** Ranges are ignored: every answer begins at the first byte. */
  noRange: boolean;
  /** Milliseconds between pieces of 64 KiB of a blob. */
  slow: number;
  /** Blobs go silent after so many bytes. */
  stallAfter: number | undefined;
  /** Answers for requests whose path matches, for the next `times` requests. */
  readonly answers: {
    match: RegExp;
    status: number;
    times: number;
    headers?: Record<string, string>;
    body?: string;
  }[];
  /** Blob requests are redirected there; "DIGEST" is replaced. */
  redirect: string | undefined;
  /** Docker-Content-Digest of manifests. */
  statedDigest: string | undefined;
  /** Content-Type of manifests. */
  statedType: string | undefined;
  /** A PATCH is cut after so many bytes, once. */
  cutUploadAt: number | undefined;
  noMount: boolean;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

interface Repository {
  readonly blobs: Map<Digest, Buffer>;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
}

export interface FakeImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
}

export class FakeRegistry implements AsyncDisposable {
  readonly repositories = new Map<string, Repository>();
  readonly seen: SeenRequest[] = [];
  readonly faults: FakeFaults = {
    altered: new Set(),
    truncated: new Map(),
    dying: new Map(),
    noRange: false,
    slow: 0,
    stallAfter: undefined,
    answers: [],
    redirect: undefined,
    statedDigest: undefined,
    statedType: undefined,
    cutUploadAt: undefined,
    noMount: false,
  };
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #uploads = new Map<string, Buffer[]>();

  private constructor(options: FakeOptions) {
    this.#options = options;
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    this.#server =
      options.tls === undefined
        ? createServer(handle)
        : (createTlsServer(options.tls, handle) as unknown as Server);
  }

  static async start(options: FakeOptions = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(options);
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As it stands in references: "127.0.0.1:40123". */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  repository(path: string): Repository {
    const known = this.repositories.get(path) ?? { blobs: new Map(), manifests: new Map() };
    this.repositories.set(path, known);
    return known;
  }

  addBlob(path: string, bytes: Buffer, type: string): Descriptor {
    const digest = digestOf(bytes);
    this.repository(path).blobs.set(digest, bytes);
    return { mediaType: type, digest, size: bytes.length };
  }

  addManifest(path: string, tag: string | undefined, document: object, type: string): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = digestOf(bytes);
    for (const name of tag === undefined ? [digest] : [digest, tag])
      this.repository(path).manifests.set(name, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  }

  /** An image of gzip layers from uncompressed tars. */
  addImage(
    path: string,
    tag: string | undefined,
    tars: readonly Buffer[],
    platform: { readonly os: string; readonly architecture: string } = { os: "linux", architecture: "amd64" },
  ): FakeImage {
    const diffIds = tars.map((tar) => digestOf(tar));
    const layers = tars.map((tar) =>
      this.addBlob(path, Buffer.from(Bun.gzipSync(new Uint8Array(tar))), mediaType.ociLayerGzip),
    );
    const document = { ...platform, config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
    const config = this.addBlob(path, Buffer.from(JSON.stringify(document)), mediaType.ociConfig);
    const manifest = this.addManifest(
      path,
      tag,
      { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers },
      mediaType.ociManifest,
    );
    return { manifest: { ...manifest, platform }, config, layers, diffIds };
  }

  addIndex(path: string, tag: string, manifests: readonly Descriptor[]): Descriptor {
    return this.addManifest(
      path,
      tag,
      { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests },
      mediaType.ociIndex,
    );
  }

  count(method: string, match: RegExp): number {
    return this.seen.filter((request) => request.method === method && match.test(request.path)).length;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "";
    const url = new URL(request.url ?? "", this.origin);
    this.seen.push({
      method,
      path: `${url.pathname}${url.search}`,
      authorization: request.headers.authorization,
      range: request.headers.range,
    });
    response.on("error", () => undefined);
    const planned = this.faults.answers.find((answer) => answer.times > 0 && answer.match.test(url.pathname));
    if (planned !== undefined) {
      planned.times--;
      request.resume();
      response.writeHead(planned.status, planned.headers ?? {}).end(planned.body ?? "");
      return;
    }
    if (url.pathname === "/token") return await this.#token(request, response, url);
    if (!this.#isAllowed(request, url)) return this.#challenge(response, url);
    if (url.pathname === "/v2/") {
      response.writeHead(200).end("{}");
      return;
    }
    const match = /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|tags)\/?(.*)$/.exec(url.pathname);
    if (match === null) return fail(response, 404, "NAME_UNKNOWN");
    const [, path = "", kind = "", rest = ""] = match;
    if (kind === "manifests" && method === "PUT")
      return await this.#putManifest(request, response, path, rest);
    if (kind === "blobs/uploads") return await this.#upload(request, response, url, path, rest);
    const repository = this.repositories.get(path);
    if (repository === undefined) return fail(response, 404, "NAME_UNKNOWN");
    if (kind === "tags") return this.#tags(response, url, path, repository);
    if (kind === "manifests") return this.#manifest(request, response, repository, rest);
    return await this.#blob(request, response, repository, rest as Digest);
  }

  #isAllowed(request: IncomingMessage, url: URL): boolean {
    const { auth } = this.#options;
    if (auth === undefined) return true;
    const sent = request.headers.authorization ?? "";
    if (auth.kind === "basic")
      return sent === `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
    if (!sent.startsWith("Bearer ")) return false;
    const { scopes, user } = JSON.parse(Buffer.from(sent.slice(7), "base64url").toString()) as {
      scopes: string[];
      user: string;
    };
    const path = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(url.pathname)?.[1];
    if (path === undefined) return user !== "";
    const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "push";
    return scopes.some(
      (scope) =>
        scope.startsWith(`repository:${path}:`) && scope.slice(scope.lastIndexOf(":")).includes(action),
    );
  }

  #challenge(response: ServerResponse, url: URL): void {
    const { auth } = this.#options;
    const path = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(url.pathname)?.[1];
    const scope = path === undefined ? "" : `,scope="repository:${path}:pull"`;
    response.setHeader(
      "WWW-Authenticate",
      auth?.kind === "bearer"
        ? `Bearer realm="${auth.realm ?? `${this.origin}/token`}",service="fake"${scope}`
        : 'Basic realm="fake"',
    );
    fail(response, 401, "UNAUTHORIZED", "authentication required");
  }

  async #token(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { auth } = this.#options;
    const form = new URLSearchParams(request.method === "POST" ? (await bodyOf(request)).toString() : "");
    const scopes =
      request.method === "POST" ? (form.get("scope") ?? "").split(" ") : url.searchParams.getAll("scope");
    const sent = request.headers.authorization;
    const isUser =
      sent === `Basic ${Buffer.from(`${auth?.username}:${auth?.password}`).toString("base64")}` ||
      (auth?.identityToken !== undefined && form.get("refresh_token") === auth.identityToken);
    if (sent !== undefined && !isUser)
      return fail(response, 401, "UNAUTHORIZED", "wrong user name or password");
    const granted = isUser
      ? scopes
      : auth?.anonymousPull
        ? scopes.map((scope) => scope.replace(/:[^:]*$/, ":pull"))
        : [];
    const token = Buffer.from(JSON.stringify({ scopes: granted, user: isUser ? auth?.username : "" }));
    response
      .writeHead(200, { "Content-Type": "application/json" })
      .end(JSON.stringify({ token: token.toString("base64url"), expires_in: auth?.lifetime ?? 300 }));
  }

  #tags(response: ServerResponse, url: URL, path: string, repository: Repository): void {
    const all = [...repository.manifests.keys()].filter((name) => !name.includes(":")).toSorted();
    const start = url.searchParams.has("last") ? all.indexOf(url.searchParams.get("last") ?? "") + 1 : 0;
    const count = Math.min(Number(url.searchParams.get("n") ?? 100), 100);
    const page = all.slice(start, start + count);
    if (start + count < all.length)
      response.setHeader("Link", `</v2/${path}/tags/list?n=${count}&last=${page.at(-1)}>; rel="next"`);
    response
      .writeHead(200, { "Content-Type": "application/json" })
      .end(JSON.stringify({ name: path, tags: page }));
  }

  #manifest(request: IncomingMessage, response: ServerResponse, repository: Repository, name: string): void {
    const found = repository.manifests.get(name);
    if (found === undefined) {
      fail(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
      return;
    }
    response.writeHead(200, {
      "Content-Type": this.faults.statedType ?? found.type,
      "Content-Length": found.bytes.length,
      "Docker-Content-Digest": this.faults.statedDigest ?? digestOf(found.bytes),
    });
    response.end(request.method === "HEAD" ? undefined : found.bytes);
  }

  async #blob(
    request: IncomingMessage,
    response: ServerResponse,
    repository: Repository,
    digest: Digest,
  ): Promise<void> {
    const whole = repository.blobs.get(digest);
    if (whole === undefined) return fail(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    if (this.faults.redirect !== undefined) {
      response.writeHead(307, { Location: this.faults.redirect.replaceAll("DIGEST", digest) }).end();
      return;
    }
    const end = this.faults.truncated.get(digest) ?? whole.length;
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const start = asked === null || this.faults.noRange ? 0 : Number(asked[1]);
    if (start >= end && start > 0) {
      response.writeHead(416).end();
      return;
    }
    const bytes = Buffer.from(whole.subarray(start, end));
    if (this.faults.altered.has(digest)) bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const ranged = asked !== null && !this.faults.noRange;
    response.writeHead(ranged ? 206 : 200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": bytes.length,
      ...(ranged ? { "Content-Range": `bytes ${start}-${end - 1}/${end}` } : {}),
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const dying = this.faults.dying.get(digest);
    const dies = dying !== undefined && dying.times > 0 && start < dying.at;
    if (dies) dying.times--;
    const stop = dies ? dying.at - start : (this.faults.stallAfter ?? bytes.length);
    for (let offset = 0; offset < Math.min(stop, bytes.length); offset += 65536) {
      if (response.destroyed) return;
      const isFull = !response.write(bytes.subarray(offset, Math.min(offset + 65536, stop, bytes.length)));
      if (isFull) await drained(response);
      if (this.faults.slow > 0) await Bun.sleep(this.faults.slow);
    }
    if (dies) {
      // The bytes are to arrive before the connection breaks.
      await Bun.sleep(20);
      request.socket.destroy();
    } else if (stop >= bytes.length) response.end();
  }

  async #putManifest(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    name: string,
  ): Promise<void> {
    const bytes = await bodyOf(request);
    const repository = this.repository(path);
    const type = request.headers["content-type"] ?? "";
    const document = JSON.parse(bytes.toString()) as { config: Descriptor; layers: Descriptor[] };
    if (!isIndexType(type)) {
      const lacking = [document.config, ...document.layers].find(
        (blob) => !repository.blobs.has(blob.digest),
      );
      if (lacking !== undefined) return fail(response, 400, "MANIFEST_BLOB_UNKNOWN", lacking.digest);
    }
    const digest = digestOf(bytes);
    for (const key of [name, digest]) repository.manifests.set(key, { type, bytes });
    response
      .writeHead(201, { "Docker-Content-Digest": digest, Location: `/v2/${path}/manifests/${digest}` })
      .end();
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    path: string,
    id: string,
  ): Promise<void> {
    const repository = this.repository(path);
    const parts = this.#uploads.get(id);
    const length = () => (parts ?? []).reduce((sum, part) => sum + part.length, 0);
    const location = `/v2/${path}/blobs/uploads/${id}?state=x`;
    if (request.method === "POST") {
      const mount = url.searchParams.get("mount") as Digest | null;
      const blob =
        mount === null
          ? undefined
          : this.repositories.get(url.searchParams.get("from") ?? "")?.blobs.get(mount);
      if (mount !== null && blob !== undefined && !this.faults.noMount) {
        repository.blobs.set(mount, blob);
        response.writeHead(201, { Location: `/v2/${path}/blobs/${mount}` }).end();
        return;
      }
      const fresh = crypto.randomUUID();
      this.#uploads.set(fresh, []);
      response.writeHead(202, { Location: `/v2/${path}/blobs/uploads/${fresh}?state=x`, Range: "0-0" }).end();
      return;
    }
    if (parts === undefined) return fail(response, 404, "BLOB_UPLOAD_UNKNOWN");
    if (request.method === "GET") {
      response.writeHead(204, { Location: location, Range: `0-${Math.max(0, length() - 1)}` }).end();
      return;
    }
    const start = /^(\d+)-/.exec(String(request.headers["content-range"] ?? ""))?.[1];
    if (start !== undefined && Number(start) !== length()) return fail(response, 416, "BLOB_UPLOAD_INVALID");
    for await (const chunk of request) {
      parts.push(chunk as Buffer);
      if (this.faults.cutUploadAt !== undefined && length() >= this.faults.cutUploadAt) {
        this.faults.cutUploadAt = undefined;
        request.socket.destroy();
        return;
      }
    }
    if (request.method === "PATCH") {
      response.writeHead(202, { Location: location, Range: `0-${length() - 1}` }).end();
      return;
    }
    const bytes = Buffer.concat(parts);
    const digest = url.searchParams.get("digest") as Digest;
    if (digestOf(bytes) !== digest) return fail(response, 400, "DIGEST_INVALID");
    repository.blobs.set(digest, bytes);
    response
      .writeHead(201, { Location: `/v2/${path}/blobs/${digest}`, "Docker-Content-Digest": digest })
      .end();
  }
}

function fail(response: ServerResponse, status: number, code: string, message = code.toLowerCase()): void {
  response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(JSON.stringify({ errors: [{ code, message }] }));
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = () => {
      response.off("drain", go).off("close", go);
      resolve();
    };
    response.on("drain", go).on("close", go);
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** A ustar archive of regular files. */
export function tarOf(files: Readonly<Record<string, Buffer | string>>): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write("0", 156);
    header.write("ustar\0", 257);
    header.write("00", 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
