import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { runChecked } from "#host";
import type { VialError } from "#spec";
import type { RegistriesConfig, RegistrySettings } from "./config.ts";
import { Transport, type TransportOptions } from "./transport.ts";

// What the tests of this room share.

export const noConfig: RegistriesConfig = { hosts: new Map(), certificateFolders: [] };

export function configOf(hosts: Readonly<Record<string, Partial<RegistrySettings>>>): RegistriesConfig {
  return { hosts: new Map(Object.entries(hosts)), certificateFolders: [] };
}

/** A transport that knows no settings and no environment, and loses no time between tries. */
export function newTransport(options: Partial<TransportOptions> = {}): Transport {
  return new Transport({ config: noConfig, env: {}, retryDelay: 1, ...options });
}

export async function failure(promise: Promise<unknown>): Promise<VialError> {
  try {
    await promise;
  } catch (error) {
    return error as VialError;
  }
  throw new Error("it did not fail");
}

export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(`${tmpdir()}/vial-registry-`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A certificate for 127.0.0.1, localhost and realm.example, signed by an authority of its own. */
export async function makeCertificates(folder: string): Promise<{ ca: string; cert: string; key: string }> {
  const openssl = (line: string) =>
    runChecked("make a certificate", "openssl", `req -x509 ${newKey} ${line}`.split(" "), { cwd: folder });
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
  await openssl("-keyout ca.key -out ca.crt -subj /CN=authority");
  const names = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:realm.example";
  const signed = `-CA ca.crt -CAkey ca.key -addext ${names} -addext basicConstraints=critical,CA:FALSE`;
  await openssl(`-keyout host.key -out host.crt -subj /CN=localhost ${signed}`);
  return {
    ca: `${folder}/ca.crt`,
    cert: readFileSync(`${folder}/host.crt`, "utf8"),
    key: readFileSync(`${folder}/host.key`, "utf8"),
  };
}

/** A listener on a loopback port that does with each connection what it is told. */
export async function rawServer(connection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    connection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
