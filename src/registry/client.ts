import {
  type Digest,
  Digester,
  digestAlgorithm,
  isIndexType,
  isManifestType,
  mediaType,
  parseDigest,
  type VialError,
} from "#spec";
import { Authenticator } from "./auth.ts";
import type { Credential } from "./credentials.ts";
import { apiUrl, type Endpoint } from "./endpoint.ts";
import {
  accessDenied,
  answerUnexpected,
  blobUnknown,
  loginNeeded,
  manifestMismatch,
  manifestTypeContradiction,
  manifestUnknown,
  rateLimited,
  registryUnavailable,
  repositoryUnknown,
  schemaOneRefused,
  tagUnknown,
  tlsWanted,
} from "./error.ts";
import { suggestTag } from "./suggest.ts";
import type { Answer, Said } from "./answer.ts";
import type { HttpRequest, Transport } from "./transport.ts";

export interface ClientOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  /** The repository below the host: "library/debian". Empty for a ping. */
  readonly path: string;
  /** The repository as people type it, for advice: "debian". */
  readonly name: string;
  /** The action for errors, such as: pull "debian:12". */
  readonly doing: string;
  readonly credential: Credential | undefined;
  readonly actions: "pull" | "pull,push";
  readonly signal?: AbortSignal | undefined;
}

/** A manifest or index, exactly as received, verified. */
export interface RemoteManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** The bytes of a blob from `start` on. */
export interface BlobStream {
  /** Where the bytes begin; 0 when the server does not continue downloads. */
  readonly start: number;
  read(): Promise<Uint8Array | undefined>;
  discard(): void;
}

const maxManifestBytes = 4 * 1024 * 1024;
const maxTagPages = 100;
const maxTagBytes = 16 * 1024 * 1024;
const schemaOneType = "application/vnd.docker.distribution.manifest.v1";
const acceptManifests = [
  mediaType.ociIndex,
  mediaType.ociManifest,
  mediaType.dockerManifestList,
  mediaType.dockerManifest,
].join(", ");

/** One repository of one registry, by the OCI distribution spec v1.1 and Docker's registry API v2. */
export class RegistryClient {
  readonly options: ClientOptions;
  readonly #auth: Authenticator;

  constructor(options: ClientOptions) {
    this.options = options;
    this.#auth = new Authenticator({
      transport: options.transport,
      registry: options.endpoint.base,
      host: options.endpoint.host,
      doing: options.doing,
      credential: options.credential,
      signal: options.signal,
    });
  }

  /** The address of something in this repository: "manifests/latest". */
  url(rest: string): URL {
    return apiUrl(this.options.endpoint, `${this.options.path}/${rest}`);
  }

  /**
   * Sends a request with what authorization it takes. Any status but 401 may come back.
   * `from`: another repository of this registry that the request reads (a mount).
   */
  async send(
    request: Omit<HttpRequest, "doing" | "authorization" | "signal">,
    from?: string,
  ): Promise<Answer> {
    const { doing, path, actions, signal, transport, endpoint } = this.options;
    const scopes = path === "" ? [] : [`repository:${path}:${actions}`];
    if (from !== undefined) scopes.push(`repository:${from}:pull`);
    // An upload may go on at another host (a store behind the registry), whose address holds its own permission.
    const own = transport.settled(request.url).origin === transport.settled(endpoint.base).origin;
    const full = { ...request, doing, signal };
    let tried = own ? await this.#auth.known(scopes) : undefined;
    // A token from before may have run out, which is no refusal yet.
    const rungs = tried === undefined ? 1 : 2;
    for (let rung = 0; ; rung++) {
      const answer = await transport.send({ ...full, authorization: tried });
      if (answer.status !== 401) return answer;
      if (!own || rung === rungs) throw await this.#auth.refused(answer);
      const next = await this.#auth.climb(answer, scopes, tried);
      if (next === tried) throw loginNeeded(doing, endpoint.host, "the same token is refused again");
      tried = next;
    }
  }

  /** Asks `GET /v2/`: does a registry answer there, and does it take our credentials? */
  async ping(): Promise<void> {
    const answer = await this.send({ method: "GET", url: apiUrl(this.options.endpoint, "") });
    if (answer.status !== 200) throw await this.failure(answer);
    answer.discard();
  }

  /** The digest that a tag has now, by HEAD, or undefined when the registry does not tell. */
  async headManifest(reference: string): Promise<Digest | undefined> {
    const answer = await this.send({
      method: "HEAD",
      url: this.url(`manifests/${reference}`),
      headers: { Accept: acceptManifests },
    });
    answer.discard();
    const digest = answer.headers.get("docker-content-digest");
    return answer.status === 200 && digest !== null ? parseDigest(digest) : undefined;
  }

  /**
   * Fetches a manifest or index by tag or digest; bytes are verified against the digest asked for and the one that the
   * registry states. Errors: tag-unknown, manifest-unknown, manifest-mismatch, manifest-type-contradiction, ...
   */
  async getManifest(reference: string): Promise<RemoteManifest> {
    const { doing } = this.options;
    const answer = await this.send({
      method: "GET",
      url: this.url(`manifests/${reference}`),
      headers: { Accept: acceptManifests },
    });
    if (answer.status !== 200) throw await this.#manifestFailure(answer, reference);
    const bytes = await answer.bytes(maxManifestBytes, "the manifest");
    const stated = answer.headers.get("docker-content-digest");
    const asked = reference.includes(":") ? parseDigest(reference) : undefined;
    const wanted = asked ?? (stated === null ? undefined : parseDigest(stated));
    const found = digestBytes(bytes, wanted);
    if (wanted !== undefined && found !== wanted) throw manifestMismatch(doing, wanted, found);
    if (
      asked !== undefined &&
      stated !== null &&
      stated !== asked &&
      digestBytes(bytes, parseDigest(stated)) !== stated
    )
      throw manifestMismatch(doing, asked, stated);
    return {
      mediaType: typeOfManifest(doing, bytes, answer.headers.get("content-type")),
      digest: found,
      bytes,
    };
  }

  /** Opens a blob from byte `start` on. A registry that cannot continue sends it from its beginning: see `start`. */
  async getBlob(digest: Digest, start = 0): Promise<BlobStream> {
    const answer = await this.send({
      method: "GET",
      url: this.url(`blobs/${digest}`),
      ...(start === 0 ? {} : { headers: { Range: `bytes=${start}-` } }),
    });
    if (answer.status === 416) {
      answer.discard();
      return { start, read: async () => undefined, discard: () => undefined };
    }
    if (answer.status === 206) {
      const range = /^bytes (\d+)-/.exec(answer.headers.get("content-range") ?? "");
      if (Number(range?.[1]) !== start) {
        answer.discard();
        throw answerUnexpected(
          this.options.doing,
          this.options.endpoint.host,
          `asked for bytes from ${start}, it sent others`,
        );
      }
      return { start, read: () => answer.read(), discard: () => answer.discard() };
    }
    if (answer.status !== 200) {
      const said = await answer.said();
      if (answer.status === 404 && said.code !== "NAME_UNKNOWN")
        throw blobUnknown(this.options.doing, digest, said.text);
      throw this.#failureOf(answer, said);
    }
    return { start: 0, read: () => answer.read(), discard: () => answer.discard() };
  }

  /** True when the repository holds the blob. */
  async hasBlob(digest: Digest): Promise<boolean> {
    const answer = await this.send({ method: "HEAD", url: this.url(`blobs/${digest}`) });
    answer.discard();
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    throw await this.failure(answer);
  }

  /** Stores a manifest or index under a tag or its digest. */
  async putManifest(reference: string, bytes: Uint8Array, type: string, digest: Digest): Promise<void> {
    const answer = await this.send({
      method: "PUT",
      url: this.url(`manifests/${reference}`),
      headers: { "Content-Type": type },
      body: () => bytes,
    });
    if (answer.status !== 201 && answer.status !== 200 && answer.status !== 202)
      throw await this.failure(answer);
    answer.discard();
    const stated = answer.headers.get("docker-content-digest");
    if (stated !== null && stated !== digest) throw manifestMismatch(this.options.doing, digest, stated);
  }

  /** All tags, in the order of the registry. At most `pages` pages. */
  async listTags(pages = maxTagPages): Promise<readonly string[]> {
    const tags: string[] = [];
    let url: URL | undefined = this.url("tags/list");
    url.searchParams.set("n", "1000");
    for (let page = 0; url !== undefined && page < pages; page++) {
      const answer: Answer = await this.send({ method: "GET", url });
      if (answer.status !== 200) throw await this.failure(answer);
      const body = await answer.bytes(maxTagBytes, "the list of tags");
      tags.push(...this.#readTags(body));
      url = nextPage(answer.headers.get("link"), answer.url);
    }
    return tags;
  }

  #readTags(body: Buffer): readonly string[] {
    const { doing, endpoint } = this.options;
    let json: { tags?: unknown } | null;
    try {
      json = JSON.parse(body.toString("utf8"));
    } catch {
      throw answerUnexpected(doing, endpoint.host, "its list of tags is no JSON");
    }
    const list = json?.tags ?? [];
    if (!Array.isArray(list)) throw answerUnexpected(doing, endpoint.host, "its list of tags is no list");
    // A tag is shown to people: what is outside the grammar of tags could be anything.
    return list.filter((tag): tag is string => typeof tag === "string" && /^\w[\w.-]{0,127}$/.test(tag));
  }

  async #manifestFailure(answer: Answer, reference: string): Promise<VialError> {
    const { doing, name } = this.options;
    const said = await answer.said();
    if (answer.status !== 404 || said.code === "NAME_UNKNOWN") return this.#failureOf(answer, said);
    if (reference.includes(":")) return manifestUnknown(doing, name, parseDigest(reference), said.text);
    let tags: readonly string[] | undefined;
    try {
      tags = await this.listTags(3);
    } catch {
      // Without the list there is no near miss to offer; the error stays the same.
    }
    return tagUnknown(
      doing,
      name,
      reference,
      tags === undefined ? undefined : suggestTag(reference, tags),
      said.text,
    );
  }

  /** The error of an unwelcome answer, by status and error code (distribution-spec, error codes). */
  async failure(answer: Answer): Promise<VialError> {
    return this.#failureOf(answer, await answer.said());
  }

  #failureOf(answer: Answer, said: Said): VialError {
    const { doing, endpoint, path } = this.options;
    const { status } = answer;
    // What Go's servers, and so most registries, say to plain HTTP on their TLS port.
    if (status === 400 && said.text.includes("HTTP request to an HTTPS server"))
      return tlsWanted(doing, endpoint.base.host);
    if (status === 429 || said.code === "TOOMANYREQUESTS") {
      const after = answer.headers.get("retry-after");
      return rateLimited(
        doing,
        endpoint.host,
        after === null ? said.text : `${said.text}; come back after ${after} s`,
      );
    }
    if (status === 401) return loginNeeded(doing, endpoint.host, said.text);
    if (status === 403 || said.code === "DENIED") return accessDenied(doing, endpoint.host, said.text);
    if (status === 404 && path !== "") return repositoryUnknown(doing, endpoint.host, path, said.text);
    if (status >= 500) return registryUnavailable(doing, endpoint.host, said.text);
    return answerUnexpected(doing, endpoint.host, said.text);
  }
}

function digestBytes(bytes: Uint8Array, like: Digest | undefined): Digest {
  const digester = new Digester(like === undefined ? "sha256" : digestAlgorithm(like));
  digester.update(bytes);
  return digester.digest();
}

/** The media type on which header and document agree. Where they do not, one party could read other content than the other. */
export function typeOfManifest(doing: string, bytes: Buffer, header: string | null): string {
  const declared = (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  let json: { mediaType?: unknown; schemaVersion?: unknown; manifests?: unknown } | null;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw manifestTypeContradiction(doing, declared, "no JSON");
  }
  if (declared.startsWith(schemaOneType) || json?.schemaVersion === 1) throw schemaOneRefused(doing);
  const own = typeof json?.mediaType === "string" ? json.mediaType : undefined;
  const isKnown = (type: string) => isManifestType(type) || isIndexType(type);
  // Plain file servers know no better than these two.
  if (
    !isKnown(declared) &&
    !["", "application/json", "application/octet-stream", "text/plain"].includes(declared)
  )
    throw manifestTypeContradiction(doing, declared, own ?? "nothing");
  if (own !== undefined) {
    if (!isKnown(own) || (isKnown(declared) && declared !== own))
      throw manifestTypeContradiction(doing, declared, own);
    return own;
  }
  if (isKnown(declared)) return declared;
  return json !== null && Object.hasOwn(json, "manifests") ? mediaType.ociIndex : mediaType.ociManifest;
}

/** The address behind rel="next" of a Link header (RFC 8288), if it is at the same origin. */
function nextPage(link: string | null, base: URL): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(link ?? "")?.[1];
  const url = target === undefined ? null : URL.parse(target, base.href);
  return url !== null && url.origin === base.origin ? url : undefined;
}
