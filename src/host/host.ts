// Everything outside the process: programs, the kernel, files. The only room with side effects on the machine.
//
// `run.ts` is the only place that starts a process; each outside program has one wrapper in `program/`
// (arguments, the call, the reading of its output; no opinion). `kernel/` holds system calls, `file/` what the
// file system must promise: atomic writes, locks, removal that returns at once.

export { createExclusive, writeAtomic, writeDurable } from "./file/atomic.ts";
export { type Lock, lockExclusive, lockPatiently, lockShared, tryLock } from "./file/lock.ts";
export { checked, cString, errno, errnoName, libc, pointer, SystemError } from "./kernel/libc.ts";
export { findProgram } from "./program/find.ts";
export { type Need, needs } from "./program/needs.ts";
export { needProgram, type RunOptions, type RunResult, run, runChecked, runSync } from "./run.ts";
export { setAside, sweepTrash } from "./file/trash.ts";
export { hostPlace, type Place } from "./place.ts";
