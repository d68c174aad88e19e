import type { VialError } from "#spec";
import type { Credential } from "./credentials.ts";
import {
  accessDenied,
  answerUnexpected,
  credentialsRefused,
  loginNeeded,
  printUrl,
  realmRefused,
} from "./error.ts";
import { isLocalHost, isLoopbackHost } from "./proxy.ts";
import type { Answer } from "./answer.ts";
import type { Transport } from "./transport.ts";

// Signing in is a ladder: ask without anything; read the challenge; climb one rung (an anonymous token, a token for
// our credentials, or the credentials themselves); know when no rung is left.

/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case: "bearer", "basic". */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parses `Bearer realm="...",service="...", Basic realm="..."`. What does not fit the grammar is left out. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const pattern =
    /\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|(?=\s|,|$))/y;
  for (let match = pattern.exec(header); match !== null; match = pattern.exec(header)) {
    const [, word = "", quoted, token] = match;
    if (quoted === undefined && token === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    } else {
      const parameters = challenges.at(-1)?.parameters;
      const value = quoted === undefined ? (token ?? "") : quoted.replace(/\\(.)/g, "$1");
      // The first of two wins: a second realm must not replace the one that was looked at.
      if (parameters !== undefined && !parameters.has(word.toLowerCase()))
        parameters.set(word.toLowerCase(), value);
    }
  }
  return challenges;
}

interface Token {
  readonly authorization: string;
  /** performance.now() after which it is not used any more; may be Infinity. */
  readonly expires: number;
}

/** Tokens of this process, by registry, credentials and scopes. Many requests at once share one token request. */
const tokens = new Map<string, Promise<Token>>();

const maxTokenBytes = 1024 * 1024;
const defaultLifetimeSeconds = 60;
const clientId = "vial";

export interface AuthOptions {
  readonly transport: Transport;
  /** The registry's own address, for comparing origins. */
  readonly registry: URL;
  /** The host as people type it, for `vial login HOST`. */
  readonly host: string;
  readonly doing: string;
  readonly credential: Credential | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Authenticator {
  readonly #options: AuthOptions;
  readonly #who: string;
  /** Why the credentials were not sent, when the realm was not entitled to them. */
  #withheld: VialError | undefined;

  constructor(options: AuthOptions) {
    this.#options = options;
    const credential = options.credential;
    this.#who =
      credential === undefined
        ? "anonymous"
        : new Bun.CryptoHasher("sha256").update(JSON.stringify(credential)).digest("hex");
  }

  #key(scopes: readonly string[]): string {
    return [this.#options.registry.origin, this.#who, ...scopes.toSorted()].join(" ");
  }

  /** The Authorization header that is known to serve these scopes; undefined before the registry challenged us. */
  async known(scopes: readonly string[]): Promise<string | undefined> {
    const token = await tokens.get(this.#key(scopes))?.catch(() => undefined);
    if (token !== undefined && token.expires > performance.now()) return token.authorization;
    return undefined;
  }

  /**
   * The next rung after a 401 that came although `tried` was sent.
   * Errors: registry-login-needed, registry-credentials-refused, registry-realm-refused.
   */
  async climb(answer: Answer, scopes: readonly string[], tried: string | undefined): Promise<string> {
    const challenges = parseChallenges(answer.headers.get("www-authenticate") ?? "");
    const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
    const basic = challenges.find((challenge) => challenge.scheme === "basic");
    const key = this.#key(scopes);
    const known = await this.known(scopes);
    // Another request may have climbed meanwhile.
    if (known !== undefined && known !== tried) {
      answer.discard();
      return known;
    }
    tokens.delete(key);
    if (bearer !== undefined) {
      answer.discard();
      return await this.#remember(key, this.#bearer(bearer, scopes));
    }
    const credential = this.#options.credential;
    if (basic !== undefined && credential?.kind === "basic") {
      const authorization = basicHeader(credential.username, credential.password);
      if (authorization === tried) throw await this.refused(answer);
      answer.discard();
      return await this.#remember(key, Promise.resolve({ authorization, expires: Number.POSITIVE_INFINITY }));
    }
    throw await this.refused(answer);
  }

  async #remember(key: string, token: Promise<Token>): Promise<string> {
    tokens.set(key, token);
    try {
      return (await token).authorization;
    } catch (error) {
      tokens.delete(key);
      throw error;
    }
  }

  /** The error when no rung is left. */
  async refused(answer: Answer): Promise<VialError> {
    const { doing, host, credential } = this.#options;
    const said = (await answer.said()).text;
    if (this.#withheld !== undefined) return this.#withheld;
    if (credential === undefined) return loginNeeded(doing, host, said);
    // A token server that gave a token took the credentials; what is missing then is the right.
    const isBearer = /^\s*bearer\b/i.test(answer.headers.get("www-authenticate") ?? "");
    return isBearer && credential.kind !== "bearer"
      ? accessDenied(doing, host, said)
      : credentialsRefused(doing, host, said);
  }

  async #bearer(challenge: Challenge, scopes: readonly string[]): Promise<Token> {
    const { credential, doing, host, transport } = this.#options;
    if (credential?.kind === "bearer")
      return { authorization: `Bearer ${credential.token}`, expires: Number.POSITIVE_INFINITY };
    const realm = this.#realm(challenge.parameters.get("realm") ?? "");
    const entitled = credential === undefined ? undefined : this.#withholds(realm);
    this.#withheld = entitled;
    const sent = entitled === undefined ? credential : undefined;
    const asked = challenge.parameters.get("scope")?.split(" ") ?? [];
    const wanted = [...new Set([...scopes, ...asked])].filter((scope) => scope !== "");
    const answer = await this.#askToken(realm, challenge.parameters.get("service"), wanted, sent);
    if (answer.status === 401 || answer.status === 403 || answer.status === 400) {
      const said = (await answer.said()).text;
      if (this.#withheld !== undefined) throw this.#withheld;
      throw sent === undefined ? loginNeeded(doing, host, said) : credentialsRefused(doing, host, said);
    }
    if (answer.status !== 200) throw answerUnexpected(doing, realm.host, (await answer.said()).text);
    const body = await answer.bytes(maxTokenBytes, "the token");
    return readToken(body, () =>
      answerUnexpected(doing, transport.settled(realm).host, "its token answer holds no token"),
    );
  }

  #askToken(
    realm: URL,
    service: string | undefined,
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Promise<Answer> {
    const { doing, transport, signal } = this.#options;
    if (credential?.kind === "identity") {
      // OAuth2 (distribution, token/oauth): an identity token is a refresh token, and goes into the body.
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        service: service ?? "",
        client_id: clientId,
        scope: scopes.join(" "),
        refresh_token: credential.token,
      });
      return transport.send({
        doing,
        method: "POST",
        url: realm,
        headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
        body: () => form.toString(),
        signal,
      });
    }
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const basic = credential?.kind === "basic" ? credential : undefined;
    if (basic !== undefined) url.searchParams.set("account", basic.username);
    return transport.send({
      doing,
      method: "GET",
      url,
      headers: { Accept: "application/json" },
      authorization: basic === undefined ? undefined : basicHeader(basic.username, basic.password),
      signal,
    });
  }

  /** The realm as an address that may be asked at all. */
  #realm(text: string): URL {
    const { doing, host, registry, transport } = this.#options;
    const realm = URL.parse(text);
    const shown = realm === null ? text.slice(0, 100) : printUrl(realm);
    const refuse = (why: string) => realmRefused(doing, host, shown, why);
    if (realm === null || (realm.protocol !== "https:" && realm.protocol !== "http:"))
      throw refuse("a realm has to be an http or https address (CVE-2024-3727)");
    if (realm.username !== "" || realm.password !== "") throw refuse("a realm may hold no user name");
    if (isLocalHost(realm.hostname) && !isLocalHost(registry.hostname))
      throw refuse("a registry elsewhere may not send us to addresses of this machine (CVE-2020-15157)");
    if (realm.protocol === "http:" && !transport.mayBePlain(realm))
      throw refuse("plain HTTP is used only for loopback hosts and where the settings allow it");
    return realm;
  }

  /**
   * Why the realm gets no credentials, or undefined when it does: the registry's own host may have them, and another
   * host only over TLS and when the registry itself named it over verified TLS, as Docker Hub does.
   */
  #withholds(realm: URL): VialError | undefined {
    const { doing, host, transport } = this.#options;
    const registry = transport.settled(this.#options.registry);
    const refuse = (why: string) => realmRefused(doing, host, printUrl(realm), why);
    if (realm.origin === registry.origin) return undefined;
    if (isLoopbackHost(realm.hostname) && isLoopbackHost(registry.hostname)) return undefined;
    if (realm.protocol !== "https:") return refuse("credentials do not go to another host over plain HTTP");
    if (realm.hostname === registry.hostname && registry.protocol === "https:") return undefined;
    if (!transport.isVerified(registry) || !transport.isVerified(realm))
      return refuse(
        "credentials go to another host only when a registry with a verified certificate names it (CVE-2020-15157)",
      );
    return undefined;
  }
}

function readToken(body: Buffer, invalid: () => VialError): Token {
  let json: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    throw invalid();
  }
  const token = [json?.token, json?.access_token].find((value) => typeof value === "string" && value !== "");
  // What is no token68 (RFC 9110) could smuggle a header.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) throw invalid();
  const said = json?.expires_in;
  const seconds = typeof said === "number" && said > 0 ? said : defaultLifetimeSeconds;
  // Not used in its last moments, so that it does not end on the way.
  return {
    authorization: `Bearer ${token}`,
    expires: performance.now() + Math.max(seconds * 0.9, seconds - 10) * 1000,
  };
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
