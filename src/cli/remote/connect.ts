import { connect as connectNet, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { startOverSsh } from "#host";
import { quoteWord } from "#kit";
import type { RemoteEndpoint } from "./endpoint.ts";
import { remoteUnreachable } from "./error.ts";

/** Both directions of a connection to an engine. */
export interface Wire {
  write(bytes: Uint8Array | string): Promise<void>;
  /** No more will be written; the other side may go on. */
  end(): void;
  readonly bytes: AsyncIterator<Uint8Array>;
  close(): void;
}

/** Throws remote-unreachable. */
export async function openWire(endpoint: RemoteEndpoint): Promise<Wire> {
  const { address } = endpoint;
  if (address.kind === "ssh") return openSsh(endpoint);
  try {
    return wireOf(await connected(endpoint), endpoint.host);
  } catch (error) {
    throw remoteUnreachable(endpoint.host, (error as Error).message);
  }
}

function connected({ address, tls }: RemoteEndpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let socket: Socket;
    if (address.kind === "unix") {
      socket = connectNet({ path: address.path, allowHalfOpen: true });
      socket.once("connect", () => resolve(socket));
    } else if (address.kind === "tcp" && tls !== undefined) {
      const { files, verify } = tls;
      const secure = connectTls({
        host: address.host,
        port: address.port,
        servername: /^[\d.:]+$/.test(address.host) ? "" : address.host,
        rejectUnauthorized: verify,
        ...(files["ca.pem"] === undefined ? {} : { ca: Buffer.from(files["ca.pem"]) }),
        ...(files["cert.pem"] === undefined ? {} : { cert: Buffer.from(files["cert.pem"]) }),
        ...(files["key.pem"] === undefined ? {} : { key: Buffer.from(files["key.pem"]) }),
      });
      socket = secure;
      secure.once("secureConnect", () => {
        // Bun may report an unfit certificate here in place of an error.
        if (verify && !secure.authorized)
          reject(secure.authorizationError ?? new Error("the certificate is not trusted"));
        else resolve(secure);
      });
    } else if (address.kind === "tcp") {
      socket = connectNet({ host: address.host, port: address.port, allowHalfOpen: true });
      socket.once("connect", () => resolve(socket));
    } else return;
    socket.once("error", reject);
  });
}

function wireOf(socket: Socket, host: string): Wire {
  socket.on("error", () => {
    // The reader sees the end of the stream; what that means depends on what was read.
  });
  return {
    write: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.write(bytes)) return resolve();
        socket.once("drain", resolve);
        socket.once("close", () => resolve());
      }),
    end: () => void socket.end(),
    bytes: readSocket(socket, host),
    close: () => void socket.destroy(),
  };
}

/** What breaks a connection that stood (a refused certificate shows only now) is told as that. */
async function* readSocket(socket: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* socket;
  } catch (error) {
    throw remoteUnreachable(host, (error as Error).message);
  }
}

/** As Docker's client: the program there joins its streams to the engine's socket. */
function openSsh({ address }: RemoteEndpoint): Wire {
  if (address.kind !== "ssh") throw new Error("this is no address for ssh");
  const child = startOverSsh(address, [dialCommand(address.path)]);
  const { stdin, stdout } = child;
  if (stdin === undefined || typeof stdin === "number" || !(stdout instanceof ReadableStream))
    throw new Error("ssh has no streams");
  return {
    write: async (bytes) => {
      void stdin.write(bytes);
      await stdin.flush();
    },
    end: () => void stdin.end(),
    bytes: (stdout as ReadableStream<Uint8Array>)[Symbol.asyncIterator](),
    close: () => child.kill(),
  };
}

/** For the shell there: by Docker's name where it has one, else by Vial's. */
function dialCommand(socket: string): string {
  const host = socket === "" ? "" : `--host ${quoteWord(`unix://${socket}`)} `;
  const dial = `${host}system dial-stdio`;
  return `if command -v docker >/dev/null 2>&1; then exec docker ${dial}; else exec vial ${dial}; fi`;
}
