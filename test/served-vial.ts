import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openVial, type Outcome, type TestVial } from "./vial.ts";

// Vial's own server of the Docker Engine API, on a store of its own, for clients that know nothing of Vial.

/** Programs and files that speak to it, in test/clients. */
export const clientsFolder = fileURLToPath(new URL("clients", import.meta.url));

const minutes = 60_000;

export class ServedVial {
  readonly vial: TestVial;
  readonly socket: string;
  readonly #server: ReturnType<TestVial["start"]>;

  constructor(vial: TestVial, socket: string, server: ReturnType<TestVial["start"]>) {
    this.vial = vial;
    this.socket = socket;
    this.#server = server;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Runs a client to its end, told where the server is. */
  async client(
    argv: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
      readonly input?: string;
    } = {},
  ): Promise<Outcome> {
    const env = { DOCKER_HOST: `unix://${this.socket}`, DOCKER_SOCKET: this.socket, ...options.env };
    return await this.vial.command(argv, {
      ...options,
      env,
      cwd: options.cwd ?? clientsFolder,
      timeout: 3 * minutes,
    });
  }

  /** A client that has to succeed; gives what it printed. */
  async told(...call: Parameters<ServedVial["client"]>): Promise<string> {
    const { code, out, err } = await this.client(...call);
    if (code !== 0) throw new Error(`${call[0].join(" ")} ended with ${code}: ${err}${out}`);
    return out;
  }

  /** The last line that a client printed, as JSON. */
  async seen(...call: Parameters<ServedVial["client"]>): Promise<unknown> {
    return JSON.parse((await this.told(...call)).trim().split("\n").at(-1) ?? "");
  }

  /** Ends the server as systemd does; it has to end well. */
  async stop(): Promise<void> {
    this.#server.kill("SIGTERM");
    const code = await this.#server.exited;
    if (code !== 0) throw new Error(`vial serve ended with ${code} after SIGTERM`);
  }

  async close(): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server.exited;
    await this.vial.close();
  }
}

/** Starts a server on a store: a new one with the image `busybox`, when none is given. */
export async function serveVial(given?: TestVial): Promise<ServedVial> {
  const vial = given ?? (await openVial());
  const socket = `${vial.root}/api.sock`;
  const server = vial.start(["serve", "--socket", socket]);
  await vial.until("the server listens", () => existsSync(socket));
  return new ServedVial(vial, socket, server);
}

/** Makes `stack:1` from the host's package sources: Debian with nginx, redis and python. Takes half a minute. */
export async function makeStackImage(vial: TestVial): Promise<void> {
  const packages = "nginx-light,redis-server,python3,procps";
  const words = ["bootstrap", "-q", "-t", "stack:1", "--include", packages, "debian", "bookworm"];
  const made = await vial.call(words, { timeout: 5 * minutes });
  if (made.code !== 0) throw new Error(made.err);
}

/** Installs the clients of test/clients/package.json, unless they are there. */
export async function installClients(vial: TestVial): Promise<void> {
  const marker = `${clientsFolder}/node_modules/.package-lock.json`;
  if (existsSync(marker)) return;
  const done = await vial.command(["npm", "ci", "--ignore-scripts"], {
    cwd: clientsFolder,
    timeout: 5 * minutes,
    env: { HOME: process.env.HOME ?? "/root", ...npmSettings() },
  });
  if (done.code !== 0) throw new Error(done.err);
}

/** What tells npm of this machine's own package source and certificates. */
function npmSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && /^(npm_config_|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT)/i.test(name)
        ? [[name, value]]
        : [],
    ),
  );
}
