import { fstatSync, writeSync } from "node:fs";
import { moreOfLibc, pointer } from "#host";
import { brokenPipeExitCode } from "./exit.ts";

// Text to the outside by plain write(2): process.stdout costs 3-8 ms to touch, and buffers what process.exit() drops.

/** Writes to standard output exactly what is given. A reader that has gone away ends the program as SIGPIPE would. */
export function out(text: string | Uint8Array): void {
  writeAll(1, text);
}

/** Writes one line to standard output. */
export function outLine(line: string): void {
  writeAll(1, `${line}\n`);
}

/** Writes to standard error exactly what is given. */
export function err(text: string | Uint8Array): void {
  writeAll(2, text);
}

/** Writes one line to standard error. */
export function errLine(line: string): void {
  writeAll(2, `${line}\n`);
}

export type Outlet = (fd: 1 | 2, text: string | Uint8Array) => void;

let outlet: Outlet | undefined;

/** Lets all output go elsewhere until disposed, for a caller that runs commands inside of its own process. */
export function divertOutput(elsewhere: Outlet): Disposable {
  const before = outlet;
  outlet = elsewhere;
  return {
    [Symbol.dispose]: () => {
      outlet = before;
    },
  };
}

function writeAll(fd: 1 | 2, text: string | Uint8Array): void {
  if (outlet !== undefined) {
    outlet(fd, text);
    return;
  }
  let bytes = typeof text === "string" ? Buffer.from(text) : text;
  while (bytes.byteLength > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") waitWritable(fd);
      else if (code === "EPIPE") process.exit(brokenPipeExitCode);
      // Standard error that is closed or on a full disk: there is no place left to say so.
      else if (fd === 2 && (code === "EBADF" || code === "ENOSPC" || code === "EIO")) return;
      else if (code !== "EINTR") throw error;
    }
  }
}

/** Another program may have set O_NONBLOCK on the terminal or pipe that we share with it: wait with poll(2). */
function waitWritable(fd: number): void {
  const pollOut = 4;
  const request = Buffer.alloc(8);
  request.writeInt32LE(fd, 0);
  request.writeInt16LE(pollOut, 4);
  moreOfLibc().poll(pointer(request), 1, -1);
}

/** Whether the file descriptor is a terminal. Pipes and files are told by fstat alone, without opening libc. */
export function isTerminal(fd: number): boolean {
  if (outlet !== undefined && fd !== 0) return false;
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
  } catch {
    // A closed descriptor is no terminal.
    return false;
  }
  return moreOfLibc().isatty(fd) === 1;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** The size of the terminal at `fd` (ioctl TIOCGWINSZ), or undefined where there is none or it tells none. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const getWindowSize = 0x5413;
  const size = new Uint16Array(4);
  if (moreOfLibc().ioctl(fd, getWindowSize, pointer(size)) !== 0) return undefined;
  const [rows = 0, columns = 0] = size;
  return rows === 0 || columns === 0 ? undefined : { rows, columns };
}

/** Whether `fd` takes colours: a terminal that is not "dumb", and NO_COLOR (no-color.org) is not set. */
export function hasColour(
  fd: number,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if ((env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return false;
  return isTerminal(fd);
}
