import type { IncomingHttpHeaders } from "node:http";
import type { Credential } from "#engine";
import { DockerAnswer } from "./phrases.ts";

// How clients bring credentials along: AuthConfig of the description, base64url in a header.

export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** The header X-Registry-Auth. Undefined: the client is nobody. */
export function credentialOf(headers: IncomingHttpHeaders): Credential | undefined {
  const config = decodeHeader(headers, "x-registry-auth");
  return config === undefined ? undefined : readCredential(readAuthConfig("X-Registry-Auth", config));
}

/** The header X-Registry-Config: credentials by the registry's address, as ~/.docker/config.json has them. */
export function credentialsOf(headers: IncomingHttpHeaders): ReadonlyMap<string, Credential> {
  const configs = decodeHeader(headers, "x-registry-config") ?? {};
  const found = new Map<string, Credential>();
  for (const [address, config] of Object.entries(configs)) {
    const credential = readCredential(readAuthConfig("X-Registry-Config", config));
    if (credential !== undefined) found.set(hostOfAddress(address), credential);
  }
  return found;
}

/** The host of `https://index.docker.io/v1/`, `registry.example:5000`, ... as references have it. */
export function hostOfAddress(address: string): string {
  const host = address.replace(/^https?:\/\//i, "").replace(/\/.*$/s, "");
  return host === "" || host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** A client that knows no password sends no header, an empty one, or one of `{}`. */
function decodeHeader(headers: IncomingHttpHeaders, name: string): object | undefined {
  const value = headers[name];
  if (typeof value !== "string" || value === "") return undefined;
  let document: unknown;
  try {
    // Both alphabets: the one of base64url is asked for, and not all clients heed it.
    document = JSON.parse(Buffer.from(value, "base64").toString("utf8"));
  } catch {
    document = undefined;
  }
  if (document === null) return undefined;
  if (typeof document !== "object" || Array.isArray(document))
    throw new DockerAnswer(400, `invalid ${name} header: it is no base64 of a JSON object`);
  return document;
}

/** What a stranger says of himself. The text is shown to nobody: it may hold a password. */
export function readAuthConfig(subject: string, document: unknown): AuthConfig {
  const fields = ["username", "password", "auth", "identitytoken", "registrytoken", "serveraddress"] as const;
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new DockerAnswer(400, `invalid ${subject}: an object was expected`);
  const config: { -readonly [Field in keyof AuthConfig]: AuthConfig[Field] } = {};
  for (const field of fields) {
    const value = Object.hasOwn(document, field) ? (document as Record<string, unknown>)[field] : undefined;
    if (value === undefined || value === null || value === "") continue;
    if (typeof value !== "string" || /[\r\n\0]/.test(value))
      throw new DockerAnswer(400, `invalid ${subject}: ${field} is no text of one line`);
    config[field] = value;
  }
  return config;
}

export function readCredential(config: AuthConfig): Credential | undefined {
  if (config.identitytoken !== undefined) return { kind: "identity", token: config.identitytoken };
  if (config.registrytoken !== undefined) return { kind: "bearer", token: config.registrytoken };
  if (config.username !== undefined)
    return { kind: "basic", username: config.username, password: config.password ?? "" };
  if (config.auth === undefined) return undefined;
  const text = Buffer.from(config.auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 1
    ? undefined
    : { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1) };
}
