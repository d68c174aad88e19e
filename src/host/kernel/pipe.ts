import { checked, libc, moreOfLibc, pointer } from "./libc.ts";

// Pipes between processes that we start, without this process copying the bytes.

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Both ends belong to the caller, who closes each after giving it to a process. */
export function makePipe(): Pipe {
  const ends = new Int32Array(2);
  checked("pipe2", libc().pipe2(pointer(ends), O_CLOEXEC));
  return { readEnd: ends[0]!, writeEnd: ends[1]! };
}

/** A larger buffer means fewer switches between the two processes. A refusal (limit of the user, not a pipe) does no harm. */
export function growPipe(fd: number, bytes: number): void {
  libc().fcntl(fd, F_SETPIPE_SZ, BigInt(bytes));
}

/** This process is killed when the one that started it ends, however it ends. */
export function dieWithParent(): void {
  checked("prctl", moreOfLibc().prctl(PR_SET_PDEATHSIG, BigInt(SIGKILL), 0n, 0n, 0n));
}
