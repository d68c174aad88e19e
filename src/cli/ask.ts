import { closeSync, openSync, readSync } from "node:fs";
import { moreOfLibc, pointer } from "#host";
import { questionCanceled } from "./error.ts";
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

// struct termios on Linux: input, output, control and local flags of 4 bytes each, the line discipline, then c_cc.
const termiosBytes = 60;
const localFlagsAt = 12;
const minimumAt = 17 + 6;
const timeAt = 17 + 5;
const signals = 0o1;
const lineMode = 0o2;
const echo = 0o10;
const now = 0;

/**
 * Asks for a secret at the terminal, which does not show it. ^C is read as a key and not as a signal, because a process
 * that is ended by one would leave a terminal behind that shows nothing.
 */
export function askSecret(question: string): string {
  const fd = isTerminal(0) ? 0 : openSync("/dev/tty", "r");
  const before = new Uint8Array(termiosBytes);
  const isSet = moreOfLibc().tcgetattr(fd, pointer(before)) === 0;
  if (isSet) {
    const quiet = before.slice();
    const view = new DataView(quiet.buffer);
    const flags = view.getUint32(localFlagsAt, true);
    view.setUint32(localFlagsAt, flags & ~(signals | lineMode | echo), true);
    quiet[minimumAt] = 1;
    quiet[timeAt] = 0;
    moreOfLibc().tcsetattr(fd, now, pointer(quiet));
  }
  let answer: string | undefined;
  try {
    // After the terminal is quiet: who types ahead is not shown either.
    err(question);
    answer = readKeys(fd);
  } finally {
    if (isSet) moreOfLibc().tcsetattr(fd, now, pointer(before));
    err("\n");
    if (fd !== 0) closeSync(fd);
  }
  if (answer === undefined) throw questionCanceled();
  return answer;
}

const key = {
  interrupt: 3,
  end: 4,
  backspace: 8,
  newline: 10,
  enter: 13,
  killLine: 21,
  delete: 127,
} as const;

/** The keys up to Enter, edited as the terminal would; undefined after ^C. */
function readKeys(fd: number): string | undefined {
  let bytes: number[] = [];
  for (;;) {
    const [byte] = readSome(fd, 1);
    if (byte === key.interrupt) return undefined;
    if (byte === undefined || byte === key.end || byte === key.newline || byte === key.enter)
      return Buffer.from(bytes).toString();
    if (byte === key.backspace || byte === key.delete)
      bytes = [...Buffer.from([...Buffer.from(bytes).toString()].slice(0, -1).join(""))];
    else if (byte === key.killLine) bytes = [];
    else bytes.push(byte);
  }
}

/** Everything on standard input, as text. */
export function readAllInput(): string {
  return readAllBytes().toString();
}

/** Everything on standard input. */
export function readAllBytes(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = readSome(0, 64 * 1024);
    if (chunk.length === 0) return Buffer.concat(chunks);
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
  moreOfLibc().poll(pointer(request), 1, -1);
}
