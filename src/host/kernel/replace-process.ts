import { closeSync, openSync, writeSync } from "node:fs";
import { checked, cString, errno, libc, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

const SIG_DFL = 0n;
const SIGPIPE = 13;
const SIGXFSZ = 25;

/**
 * Becomes another program: same pid, same descriptors 0 to 2, nothing of Vial left in memory (execve(2)). Bun ignores
 * SIGPIPE and SIGXFSZ, and a program started so would inherit that: both are put back first. Returns only by throwing.
 */
export function replaceProcess(
  argv: readonly [program: string, ...args: string[]],
  environment: Readonly<Record<string, string | undefined>> = process.env,
  path: string = argv[0],
): never {
  const c = libc();
  c.signal(SIGPIPE, SIG_DFL);
  c.signal(SIGXFSZ, SIG_DFL);
  const env = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const [words, settings] = [stringArray(argv), stringArray(env)];
  const program = cString(path);
  c.execve(pointer(program), pointer(words.addresses), pointer(settings.addresses));
  throw new SystemError(`execve ${path}`, errno());
}

/** replaceProcess() by an open program: it needs no path to where it lies (execveat(2) with AT_EMPTY_PATH). */
export function replaceProcessByOpen(
  program: number,
  argv: readonly [name: string, ...args: string[]],
  environment: Readonly<Record<string, string>>,
): never {
  const env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const [words, settings, empty] = [stringArray(argv), stringArray(env), cString("")];
  const list = (array: BigUint64Array) => BigInt(pointer(array));
  const name = BigInt(pointer(empty));
  const emptyPath = 0x1000n;
  systemCall("execveat", BigInt(program), name, list(words.addresses), list(settings.addresses), emptyPath);
  throw new SystemError(`execveat ${argv[0]}`, errno());
}

/** A NULL-ended array of C strings. The strings are kept beside their addresses, so that they are not collected. */
function stringArray(texts: readonly string[]): {
  readonly addresses: BigUint64Array;
  readonly strings: readonly Uint8Array[];
} {
  const strings = texts.map(cString);
  const addresses = new BigUint64Array(strings.length + 1);
  for (const [index, bytes] of strings.entries()) addresses[index] = BigInt(pointer(bytes));
  return { addresses, strings };
}

/** Makes standard input empty, for a program that is to read none. */
export function closeInput(): void {
  const empty = openSync("/dev/null", "r");
  checked("dup2", libc().dup2(empty, 0));
  closeSync(empty);
}

/**
 * A file that is nowhere but in memory, and gone with the last process that has it open; gives the path under which this
 * process, and what it becomes, may read it (memfd_create(2)).
 */
export function memoryFile(name: string, content: string): string {
  const text = cString(name);
  const fd = checked("memfd_create", libc().memfd_create(pointer(text), 0));
  const bytes = Buffer.from(content);
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  return `/proc/self/fd/${fd}`;
}
