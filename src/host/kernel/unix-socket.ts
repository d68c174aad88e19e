import { closeSync } from "node:fs";
import { checked, cString, errno, moreOfLibc, pointer, SystemError } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SHUT_WR = 1;
const maxPath = 107;

/**
 * Connects to conmon's attach socket in `bundle` and gives its descriptor. The address is taken relative to the folder
 * where it would not fit (unix(7): 107 bytes).
 */
export function connectAttach(bundle: string): number {
  const full = `${bundle}/attach`;
  if (full.length <= maxPath) return connect(full);
  const before = process.cwd();
  process.chdir(bundle);
  try {
    return connect("attach");
  } finally {
    process.chdir(before);
  }
}

function connect(path: string): number {
  const c = moreOfLibc();
  const fd = checked("socket", c.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const name = cString(path);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  address.set(name, 2);
  if (c.connect(fd, pointer(address), address.length) === 0) return fd;
  const code = errno();
  closeSync(fd);
  throw new SystemError(`connect ${path}`, code);
}

/** Tells the other side that nothing more will come. */
export function finishWriting(fd: number): void {
  moreOfLibc().shutdown(fd, SHUT_WR);
}
