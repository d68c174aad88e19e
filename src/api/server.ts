import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { rmSync } from "node:fs";
import type { Duplex } from "node:stream";
import { answer, answerUpgrade, Underway } from "./answer.ts";
import { portTaken, tcpWithoutTls } from "./error.ts";
import type { Served } from "./exchange.ts";
import { type ListenAddress, printListenAddress } from "./listen/address.ts";
import { inheritedSockets, relayFrom } from "./listen/inherited.ts";
import { type TlsFiles, tlsOptions } from "./listen/tls.ts";
import { listenUnix } from "./listen/unix.ts";

export interface ServeWish extends Served {
  readonly addresses: readonly ListenAddress[];
  readonly tls: TlsFiles | undefined;
  /** TCP without TLS: whoever reaches the port is root. */
  readonly insecure: boolean;
}

export interface ApiServer {
  /** Where it listens, with the ports that the kernel chose. */
  readonly addresses: readonly string[];
  /** Takes no more connections, lets answers that are under way end for a while, ends streams, and closes. */
  stop(): Promise<void>;
}

/** How long answers that are under way may take when the server stops. */
const patience = 10_000;

/** Serves the Docker Engine API. */
export async function serveApi(wish: ServeWish): Promise<ApiServer> {
  const open: Listening[] = [];
  const underway = new Underway();
  const stop = async () => {
    const closed = open.map((listening) => listening.close());
    await underway.finish(patience);
    for (const { server } of open) if ("closeAllConnections" in server) server.closeAllConnections();
    await Promise.all(closed);
  };
  try {
    for (const address of wish.addresses) open.push(...(await listen(wish, address, underway)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { addresses: open.flatMap(({ shown }) => (shown === undefined ? [] : [shown])), stop };
}

interface Listening {
  readonly server: Server | NetServer;
  /** Undefined for one that nobody but us comes to. */
  readonly shown: string | undefined;
  close(): Promise<void>;
}

async function listen(
  wish: ServeWish,
  address: ListenAddress,
  underway: Underway,
): Promise<readonly Listening[]> {
  if (address.kind === "unix")
    return [await listenAt(wish, address.path, printListenAddress(address), underway)];
  if (address.kind === "tcp") return [await listenTcp(wish, address, underway)];
  const inner = `${wish.engine.place.run}/serve-${process.pid}.sock`;
  const http = await listenAt(wish, inner, undefined, underway);
  const relays = await Promise.all(inheritedSockets(address).map((fd) => relayFrom(fd, inner)));
  return [
    ...relays.map((server) => ({ server, shown: printListenAddress(address), close: () => closed(server) })),
    http,
  ];
}

async function listenAt(
  wish: ServeWish,
  path: string,
  shown: string | undefined,
  underway: Underway,
): Promise<Listening> {
  const server = withAnswers(wish, createServer(), underway);
  await listenUnix(server, path);
  return {
    server,
    shown,
    close: async () => {
      rmSync(path, { force: true });
      await closed(server);
    },
  };
}

async function listenTcp(
  wish: ServeWish,
  address: Extract<ListenAddress, { kind: "tcp" }>,
  underway: Underway,
): Promise<Listening> {
  if (wish.tls === undefined && !wish.insecure) throw tcpWithoutTls(printListenAddress(address));
  const server = withAnswers(
    wish,
    wish.tls === undefined ? createServer() : createTlsServer(tlsOptions(wish.tls)),
    underway,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portTaken(printListenAddress(address), error.message)));
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { server, shown: printListenAddress({ ...address, port }), close: () => closed(server) };
}

function withAnswers(served: Served, server: Server, underway: Underway): Server {
  // dockerd lets a client come back on its connection after any time; Go's and Python's clients keep theirs.
  server.keepAliveTimeout = 0;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void underway.track(response, (call) => answer(served, request, response, call));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void underway.track(socket, (call) => answerUpgrade(served, request, { socket, head }, call));
  });
  return server;
}

function closed(server: Server | NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
