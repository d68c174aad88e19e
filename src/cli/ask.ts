import { closeSync, openSync, readSync } from "node:fs";
import { libc, pointer } from "#host";
import { err, isTerminal, out } from "./print.ts";

// Questions to a person. Answers come from standard input, so that a script may give them by a pipe.

/** Docker's question before something is removed. Anything but y or yes is a no; so is the end of the input. */
export function confirm(warning: string): boolean {
  out(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = readLine(0).trim().toLowerCase();
  return answer === "y" || answer === "yes";
}

export function ask(question: string): string {
  err(question);
  return readLine(0).trim();
}

const echo = 0o10;
const now = 0;

/** Asks for a secret at the terminal, which does not show it. */
export function askSecret(question: string): string {
  err(question);
  const fd = isTerminal(0) ? 0 : openSync("/dev/tty", "r");
  // struct termios on Linux: input, output, control and local flags of 4 bytes each; 60 bytes in all.
  const before = new Uint8Array(60);
  const silent = libc().tcgetattr(fd, pointer(before)) === 0;
  if (silent) {
    const quiet = before.slice();
    new DataView(quiet.buffer).setUint32(12, new DataView(quiet.buffer).getUint32(12, true) & ~echo, true);
    libc().tcsetattr(fd, now, pointer(quiet));
  }

  try {
    return readLine(fd);
  } finally {
    if (silent) libc().tcsetattr(fd, now, pointer(before));
    err("\n");
    if (fd !== 0) closeSync(fd);
  }
}

/** Everything on standard input. */
export function readAllInput(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = readSome(0, 64 * 1024);
    if (chunk.length === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk);
  }
}

/** Byte by byte, because what follows the line belongs to somebody else. */
function readLine(fd: number): string {
  const bytes: number[] = [];
  for (;;) {
    const [byte] = readSome(fd, 1);
    if (byte === undefined || byte === 10) return Buffer.from(bytes).toString().replace(/\r$/, "");
    bytes.push(byte);
  }
}

function readSome(fd: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  for (;;) {
    try {
      return buffer.subarray(0, readSync(fd, buffer));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return buffer.subarray(0, 0);
      if (code === "EAGAIN") waitReadable(fd);
      else if (code !== "EINTR") throw error;
    }
  }
}

function waitReadable(fd: number): void {
  const pollIn = 1;
  const request = Buffer.alloc(8);
  request.writeInt32LE(fd, 0);
  request.writeInt16LE(pollIn, 4);
  libc().poll(pointer(request), 1, -1);
}
