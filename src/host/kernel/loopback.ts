import { closeSync } from "node:fs";
import { checked, pointer } from "./libc.ts";
import { systemCall } from "./system-call.ts";

const AF_INET = 2n;
const SOCK_DGRAM_CLOEXEC = 0o2000002n;
const SIOCGIFFLAGS = 0x8913n;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 1;

/**
 * Switches the loopback of this network namespace on: a new one has it down, without an address (netdevice(7)). With the
 * flag the kernel gives it 127.0.0.1 and ::1. Throws EPERM without CAP_NET_ADMIN in the namespace.
 */
export function raiseLoopback(): void {
  const socket = checked("socket", systemCall("socket", AF_INET, SOCK_DGRAM_CLOEXEC));
  try {
    // struct ifreq: the name in 16 bytes, then the flags in two; 40 bytes in all.
    const request = Buffer.alloc(40);
    request.write("lo");
    const ask = (code: bigint) =>
      checked("ioctl lo", systemCall("ioctl", BigInt(socket), code, BigInt(pointer(request))));
    ask(SIOCGIFFLAGS);
    request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
    ask(SIOCSIFFLAGS);
  } finally {
    closeSync(socket);
  }
}
