import { closeSync } from "node:fs";
import { checked, errno, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// Ports of this machine, held by a socket (socket(7), ip(7), ipv6(7)).

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_CLOEXEC = 0o2000000;
const typeOf = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 1n;
const SO_REUSEADDR = 2n;
const IPPROTO_IPV6 = 41n;
const IPV6_V6ONLY = 26n;

/** A port that nobody else can have while this is open. */
export interface HeldPort extends Disposable {
  readonly port: number;
}

/**
 * Holds a port at an address, given as its 4 or 16 bytes; port 0 is one that the kernel chooses. Throws the SystemError of
 * bind(2): EADDRINUSE, EADDRNOTAVAIL, EACCES.
 */
export function holdPort(protocol: "tcp" | "udp", address: Uint8Array, port: number): HeldPort {
  const isV6 = address.length === 16;
  const domain = BigInt(isV6 ? AF_INET6 : AF_INET);
  const fd = checked("socket", systemCall("socket", domain, BigInt(typeOf[protocol] | SOCK_CLOEXEC)));
  try {
    // Connections that ended a moment ago do not stand in the way; whoever listens does. UDP has no such past.
    if (protocol === "tcp") setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    if (isV6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    const name = socketAddress(address, port);
    call("bind", systemCall("bind", BigInt(fd), BigInt(pointer(name)), BigInt(name.length)));
    // A second one that may share the port can bind it up to here, and not listen.
    if (protocol === "tcp") call("listen", systemCall("listen", BigInt(fd), 128n));
    return new Held(fd, portOf(fd, name.length));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class Held implements HeldPort {
  readonly port: number;
  #fd: number | undefined;

  constructor(fd: number, port: number) {
    this.#fd = fd;
    this.port = port;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function call(name: string, result: number): void {
  if (result < 0) throw new SystemError(name, errno());
}

function setOption(fd: number, level: bigint, option: bigint): void {
  const on = Buffer.from([1, 0, 0, 0]);
  call("setsockopt", systemCall("setsockopt", BigInt(fd), level, option, BigInt(pointer(on)), 4n));
}

/** struct sockaddr_in, struct sockaddr_in6. */
function socketAddress(address: Uint8Array, port: number): Buffer {
  const isV6 = address.length === 16;
  const bytes = Buffer.alloc(isV6 ? 28 : 16);
  bytes.writeUInt16LE(isV6 ? AF_INET6 : AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, isV6 ? 8 : 4);
  return bytes;
}

function portOf(fd: number, size: number): number {
  const [name, length] = [Buffer.alloc(size), Buffer.from([size, 0, 0, 0])];
  call("getsockname", systemCall("getsockname", BigInt(fd), BigInt(pointer(name)), BigInt(pointer(length))));
  return name.readUInt16BE(2);
}
