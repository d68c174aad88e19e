import { addressInvalid } from "../error.ts";

/** Where to listen: dockerd's `-H`. */
export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** Sockets that systemd has opened: all of them, or the one of this number or name. */
  | { readonly kind: "fd"; readonly which: string };

/** Docker's ports for TCP: 2375 is without TLS, 2376 with it. */
const plainPort = 2375;
const tlsPort = 2376;

/** Parses `unix:///run/x.sock`, `tcp://127.0.0.1:2376`, `fd://`. A path alone is a unix socket. */
export function parseListenAddress(text: string, options: { readonly tls: boolean }): ListenAddress {
  if (text.startsWith("/")) return { kind: "unix", path: text };
  const [, scheme, rest = ""] = /^(unix|tcp|fd):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === "unix" && rest.startsWith("/")) return { kind: "unix", path: rest };
  if (scheme === "fd" && /^[\w.@-]*\*?$/.test(rest)) return { kind: "fd", which: rest === "*" ? "" : rest };
  if (scheme === "tcp") {
    const found = /^(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d{1,5}))?\/?$/.exec(rest);
    const port = Number(found?.[2] ?? (options.tls ? tlsPort : plainPort));
    // Port 0 lets the kernel choose.
    if (found !== null && port <= 65535) {
      const host = (found[1] ?? "").replace(/^\[(.*)\]$/, "$1");
      return { kind: "tcp", host: host === "" ? "127.0.0.1" : host, port };
    }
  }
  throw addressInvalid(text);
}

export function printListenAddress(address: ListenAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "tcp":
      return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    case "fd":
      return `fd://${address.which}`;
    default:
      return address satisfies never;
  }
}
