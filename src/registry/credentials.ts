import { readFileSync } from "node:fs";
import { credentialHelper, isCredentialAbsent, isCredentialHelperName, parseHelperCredential } from "#host";
import { credentialFileInvalid, credentialHelperFailed, settingsFileUnreadable } from "./error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What proves who we are. `identity` is an OAuth2 refresh token, `bearer` a ready registry token. */
export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identity"; readonly token: string }
  | { readonly kind: "bearer"; readonly token: string };

/** The key under which Docker keeps the credentials of a registry host. */
export function credentialKey(host: string): string {
  return host === "docker.io" || host === "index.docker.io" || host === "registry-1.docker.io"
    ? "https://index.docker.io/v1/"
    : host;
}

export interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The part of Docker's config.json that is ours; every other field is kept when the file is written. */
export interface CredentialFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

/** Where `vial login` writes: $DOCKER_CONFIG/config.json or ~/.docker/config.json. Undefined without both. */
export function dockerConfigPath(env: Environment = process.env): string | undefined {
  if (env.DOCKER_CONFIG !== undefined && env.DOCKER_CONFIG !== "") return `${env.DOCKER_CONFIG}/config.json`;
  return env.HOME === undefined || env.HOME === "" ? undefined : `${env.HOME}/.docker/config.json`;
}

/** Files in the order in which they are asked: Docker's, then those of podman, buildah and skopeo. */
function credentialPaths(env: Environment): readonly string[] {
  return [
    dockerConfigPath(env),
    env.REGISTRY_AUTH_FILE,
    env.XDG_RUNTIME_DIR === undefined ? undefined : `${env.XDG_RUNTIME_DIR}/containers/auth.json`,
    env.XDG_CONFIG_HOME === undefined
      ? env.HOME === undefined
        ? undefined
        : `${env.HOME}/.config/containers/auth.json`
      : `${env.XDG_CONFIG_HOME}/containers/auth.json`,
  ].filter((path): path is string => path !== undefined && path !== "");
}

/**
 * The credentials for a repository, or undefined. In each file: the helper of that host, then the file's helper, then
 * the file itself, where the most exact key wins ("host/team/app", "host/team", "host").
 * Errors: credential-file-invalid, credential-helper-failed, program-missing.
 */
export async function findCredential(
  host: string,
  path = "",
  env: Environment = process.env,
): Promise<Credential | undefined> {
  for (const file of credentialPaths(env)) {
    const config = readCredentialFile(file);
    if (config === undefined) continue;
    const key = credentialKey(host);
    const helper = config.credHelpers?.[host] ?? config.credHelpers?.[key] ?? config.credsStore;
    if (helper !== undefined && helper !== "") {
      const found = await askHelper(helper, key);
      if (found !== undefined) return found;
    }
    const entry = findEntry(config.auths ?? {}, host, path);
    const credential = entry === undefined ? undefined : readEntry(file, entry);
    if (credential !== undefined) return credential;
  }
  return undefined;
}

/** Registries that credentials are kept for, in the order in which files are asked. Throws credential-file-invalid. */
export function listSignedIn(
  env: Environment = process.env,
): readonly { readonly host: string; readonly path: string }[] {
  const found = new Map<string, string>();
  for (const path of credentialPaths(env)) {
    const config = readCredentialFile(path);
    const keys = [...Object.keys(config?.auths ?? {}), ...Object.keys(config?.credHelpers ?? {})];
    for (const key of keys) {
      const host = normalKey(key).replace(/^index\.docker\.io$/, "docker.io");
      if (!found.has(host)) found.set(host, path);
    }
  }
  return [...found].map(([host, path]) => ({ host, path }));
}

/** Reads one file, or gives undefined when it is not there. */
export function readCredentialFile(path: string): CredentialFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw settingsFileUnreadable(path, error);
  }
  if (text.trim() === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which holds secrets.
    throw credentialFileInvalid(path, "it is no JSON");
  }
  if (!isRecord(json)) throw credentialFileInvalid(path, "it is no JSON object");
  for (const field of ["auths", "credHelpers"]) {
    if (json[field] !== undefined && json[field] !== null && !isRecord(json[field]))
      throw credentialFileInvalid(path, `its field "${field}" is no object`);
  }
  return json as CredentialFile;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Old Docker versions wrote whole addresses as keys: "https://host/v1/". */
function normalKey(key: string): string {
  return key
    .replace(/^https?:\/\//, "")
    .replace(/\/v[12]\/?$/, "")
    .replace(/\/$/, "");
}

function findEntry(
  auths: Readonly<Record<string, AuthEntry>>,
  host: string,
  path: string,
): AuthEntry | undefined {
  const exact = credentialKey(host);
  const entries = new Map(Object.entries(auths).map(([key, entry]) => [normalKey(key), entry]));
  const parts = path === "" ? [] : path.split("/");
  for (let length = parts.length; length > 0; length--) {
    const entry = entries.get(`${host}/${parts.slice(0, length).join("/")}`);
    if (entry !== undefined) return entry;
  }
  return (
    (Object.hasOwn(auths, exact) ? auths[exact] : undefined) ??
    entries.get(host) ??
    entries.get(normalKey(exact))
  );
}

function readEntry(file: string, entry: AuthEntry): Credential | undefined {
  if (!isRecord(entry)) throw credentialFileInvalid(file, 'an entry below "auths" is no object');
  if (typeof entry.identitytoken === "string" && entry.identitytoken !== "")
    return { kind: "identity", token: entry.identitytoken };
  if (typeof entry.registrytoken === "string" && entry.registrytoken !== "")
    return { kind: "bearer", token: entry.registrytoken };
  if (typeof entry.auth === "string" && entry.auth !== "") {
    const text = Buffer.from(entry.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon < 1) throw credentialFileInvalid(file, 'an "auth" is not the base64 form of USER:PASSWORD');
    return { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (typeof entry.username === "string" && typeof entry.password === "string" && entry.username !== "")
    return { kind: "basic", username: entry.username, password: entry.password };
  return undefined;
}

async function askHelper(helper: string, key: string): Promise<Credential | undefined> {
  if (!isCredentialHelperName(helper))
    throw credentialHelperFailed("?", "get", `${JSON.stringify(helper)} is no name of a helper`);
  const result = await credentialHelper(helper, "get", key);
  if (result.exitCode !== 0) {
    if (isCredentialAbsent(result.stdout)) return undefined;
    throw credentialHelperFailed(helper, "get", helperSaid(result));
  }
  const found = parseHelperCredential(result.stdout);
  if (found === undefined)
    throw credentialHelperFailed(helper, "get", "its answer has no Username and Secret");
  if (found.username === "" && found.secret === "") return undefined;
  return found.username === "<token>"
    ? { kind: "identity", token: found.secret }
    : { kind: "basic", username: found.username, password: found.secret };
}

/** A failed helper prints its reason; the secret that was handed in is cut out in case it is part of it. */
export function helperSaid(
  result: { readonly exitCode: number; readonly stdout: string },
  secret = "",
): string {
  const line = result.stdout.split("\n")[0]?.slice(0, 200) ?? "";
  const clean = secret === "" ? line : line.replaceAll(secret, "***");
  return clean === ""
    ? `it ended with code ${result.exitCode}`
    : clean.replace(/[\u0000-\u001f\u007f]/g, " ");
}
