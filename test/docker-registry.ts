import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

// Debian's docker-registry as a peer, on a free port of the loopback.

export interface DockerRegistry {
  /** "127.0.0.1:PORT" */
  readonly host: string;
  close(): Promise<void>;
}

export interface RegistryUser {
  readonly name: string;
  readonly password: string;
}

/**
 * Starts it, with what it keeps in a new folder `registry` of `folder`, and waits until it answers. With a user, it serves
 * nobody else.
 */
export async function startDockerRegistry(folder: string, user?: RegistryUser): Promise<DockerRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  mkdirSync(`${folder}/registry`, { recursive: true });
  const accounts = `${folder}/registry.htpasswd`;
  if (user !== undefined)
    writeFileSync(
      accounts,
      `${user.name}:${await Bun.password.hash(user.password, { algorithm: "bcrypt", cost: 4 })}\n`,
    );
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${folder}/registry` } },
    http: { addr: host },
    ...(user === undefined ? {} : { auth: { htpasswd: { realm: "test", path: accounts } } }),
  };
  writeFileSync(`${folder}/registry.yml`, JSON.stringify(config));
  const child = Bun.spawn(["docker-registry", "serve", `${folder}/registry.yml`], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const close = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      (answer) => answer.status === (user === undefined ? 200 : 401),
      () => false,
    );
    if (isUp) return { host, close };
    await Bun.sleep(50);
  }
  await close();
  throw new Error("docker-registry does not come up");
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}
