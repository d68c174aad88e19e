import { mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  credentialHelper,
  isCredentialAbsent,
  lockExclusive,
  printHelperCredential,
  writeAtomic,
} from "#host";
import { isVialError } from "#spec";
import { RegistryClient } from "./client.ts";
import {
  type AuthEntry,
  type Credential,
  type CredentialFile,
  credentialKey,
  dockerConfigPath,
  helperSaid,
  readCredentialFile,
} from "./credentials.ts";
import { originEndpoint } from "./endpoint.ts";
import { credentialFileUnwritable, credentialHelperFailed, homeMissing, notLoggedIn } from "./error.ts";
import type { Transport } from "./transport.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginOptions {
  /** "docker.io", "localhost:5000". */
  readonly host: string;
  readonly credential: Exclude<Credential, { readonly kind: "bearer" }>;
  readonly transport: Transport;
  readonly env?: Environment;
  readonly signal?: AbortSignal;
}

/** Where the credentials are now. */
export type KeptIn =
  | { readonly kind: "helper"; readonly helper: string }
  | { readonly kind: "file"; readonly path: string };

/**
 * Shows the credentials to the registry, and keeps them when it takes them: with the helper that config.json names, or
 * in config.json itself (mode 0600, every field of others kept).
 */
export async function login(options: LoginOptions): Promise<KeptIn> {
  const env = options.env ?? process.env;
  const path = configPath(env);
  const config = readCredentialFile(path) ?? {};
  await new RegistryClient({
    transport: options.transport,
    endpoint: originEndpoint(options.host),
    path: "",
    name: options.host,
    doing: `log in to "${options.host}"`,
    credential: options.credential,
    actions: "pull",
    signal: options.signal,
  }).ping();

  const { credential } = options;
  const key = credentialKey(options.host);
  const helper = helperOf(config, options.host);
  const [username, secret] =
    credential.kind === "identity"
      ? ["<token>", credential.token]
      : [credential.username, credential.password];
  if (helper !== undefined) {
    const input = printHelperCredential({ serverUrl: key, username, secret });
    const result = await credentialHelper(helper, "store", input);
    if (result.exitCode !== 0) throw credentialHelperFailed(helper, "store", helperSaid(result, secret));
    // Docker lists the hosts of a helper with empty entries; a plain secret from before must not stay beside it.
    changeFile(path, (auths) => ({ ...auths, [key]: {} }));
    return { kind: "helper", helper };
  }
  const entry: AuthEntry =
    credential.kind === "identity"
      ? { auth: Buffer.from("<token>:").toString("base64"), identitytoken: secret }
      : { auth: Buffer.from(`${username}:${secret}`, "utf8").toString("base64") };
  changeFile(path, (auths) => ({ ...auths, [key]: entry }));
  return { kind: "file", path };
}

/** Forgets the credentials of a host. Throws registry-not-logged-in. */
export async function logout(host: string, env: Environment = process.env): Promise<void> {
  const path = configPath(env);
  const config = readCredentialFile(path) ?? {};
  const key = credentialKey(host);
  const helper = helperOf(config, host);
  let gone = false;
  if (helper !== undefined) {
    const result = await credentialHelper(helper, "erase", key);
    gone = result.exitCode === 0;
    if (!gone && !isCredentialAbsent(result.stdout))
      throw credentialHelperFailed(helper, "erase", helperSaid(result));
  }
  const keys = [key, host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
  const known = keys.filter((name) => Object.hasOwn(config.auths ?? {}, name));
  if (known.length > 0) {
    changeFile(path, (auths) =>
      Object.fromEntries(Object.entries(auths).filter(([name]) => !known.includes(name))),
    );
    gone = true;
  }
  if (!gone) throw notLoggedIn(host);
}

function configPath(env: Environment): string {
  const path = dockerConfigPath(env);
  if (path === undefined) throw homeMissing();
  return path;
}

function helperOf(config: CredentialFile, host: string): string | undefined {
  const helper = config.credHelpers?.[host] ?? config.credHelpers?.[credentialKey(host)] ?? config.credsStore;
  return helper === "" ? undefined : helper;
}

type Auths = Readonly<Record<string, AuthEntry>>;

/** Reads the file again under a lock, so that two logins at once both count. */
function changeFile(path: string, change: (auths: Auths) => Auths): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    using lock = lockExclusive(`${path}.lock`);
    const config = readCredentialFile(path) ?? {};
    const changed = { ...config, auths: change(config.auths ?? {}) };
    // A config.json that is a link (dotfiles in a repository) stays one.
    writeAtomic(target(path), `${JSON.stringify(changed, null, "\t")}\n`, 0o600);
    // Removed while held: whoever waits for it takes a new one.
    rmSync(lock.path, { force: true });
  } catch (error) {
    if (isVialError(error)) throw error;
    throw credentialFileUnwritable(path, error);
  }
}

function target(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}
