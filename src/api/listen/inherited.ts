import { connect, createServer, type Server } from "node:net";
import { inheritedMissing } from "../error.ts";
import type { ListenAddress } from "./address.ts";

const firstDescriptor = 3;

/** The sockets that systemd hands over (sd_listen_fds(3)), as descriptors. */
export function inheritedSockets(
  { which }: Extract<ListenAddress, { kind: "fd" }>,
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid = process.pid,
): readonly number[] {
  const count = env.LISTEN_PID === String(pid) ? Number(env.LISTEN_FDS ?? 0) : 0;
  const names = (env.LISTEN_FDNAMES ?? "").split(":");
  const all = Array.from({ length: count > 0 && count < 100 ? count : 0 }, (_, index) => ({
    fd: firstDescriptor + index,
    name: names[index] ?? "",
  }));
  const wanted = all.filter(({ fd, name }) => which === "" || which === String(fd) || which === name);
  if (wanted.length === 0) throw inheritedMissing(which);
  return wanted.map(({ fd }) => fd);
}

/**
 * Takes connections from an open socket and passes them on to the server at `path`. Bun's HTTP server cannot listen on a
 * descriptor, and when it is handed a connection it takes the body of an upgrade for what comes after it.
 */
export async function relayFrom(fd: number, path: string): Promise<Server> {
  const relay = createServer({ allowHalfOpen: true }, (client) => {
    const inner = connect({ path, allowHalfOpen: true });
    const cut = () => {
      client.destroy();
      inner.destroy();
    };
    for (const socket of [client, inner]) socket.on("error", cut);
    client.on("close", () => inner.destroy());
    inner.on("close", () => client.end());
    client.pipe(inner);
    inner.pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    relay.once("error", reject);
    relay.listen({ fd }, resolve);
  });
  return relay;
}
