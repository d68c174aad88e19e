import { run } from "../run.ts";

// docker-credential-helpers: one program per key store. The action is the argument, the rest passes by stdin, so that no
// secret shows in a list of processes.

export type CredentialHelperAction = "get" | "store" | "erase";

/** What a helper answered. `stdout` holds the secret after a successful `get`, and the error message after a failure. */
export interface CredentialHelperResult {
  readonly exitCode: number;
  readonly stdout: string;
}

export interface HelperCredential {
  readonly serverUrl: string;
  readonly username: string;
  /** An identity token when the user name is `<token>`. */
  readonly secret: string;
}

/** True for names that are one word: `docker-credential-NAME` is looked up on PATH, and a slash would leave it. */
export function isCredentialHelperName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}

/** Runs `docker-credential-NAME ACTION`. Throws program-missing. Ends after `timeout` milliseconds (default 60 s). */
export async function credentialHelper(
  name: string,
  action: CredentialHelperAction,
  input: string,
  timeout = 60_000,
): Promise<CredentialHelperResult> {
  const result = await run(`docker-credential-${name}`, [action], { input, timeout });
  return { exitCode: result.exitCode, stdout: result.stdout };
}

export function printHelperCredential(credential: HelperCredential): string {
  return JSON.stringify({
    ServerURL: credential.serverUrl,
    Username: credential.username,
    Secret: credential.secret,
  });
}

/** Reads the answer to `get`, or gives undefined when it is none. */
export function parseHelperCredential(stdout: string): HelperCredential | undefined {
  try {
    const json = JSON.parse(stdout) as { ServerURL?: unknown; Username?: unknown; Secret?: unknown } | null;
    if (typeof json?.Username !== "string" || typeof json.Secret !== "string") return undefined;
    return {
      serverUrl: typeof json.ServerURL === "string" ? json.ServerURL : "",
      username: json.Username,
      secret: json.Secret,
    };
  } catch {
    return undefined;
  }
}

/** True when a failed `get` or `erase` only means that the store knows no such registry. */
export function isCredentialAbsent(stdout: string): boolean {
  return stdout.includes("credentials not found");
}
