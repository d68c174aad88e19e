import { libc } from "./libc.ts";

// System calls by number: a name that libc has to be asked for costs every start more than the call, and glibc has the
// newer ones by name from 2.36 on alone, which leaves Ubuntu 22.04 out.

type Numbers = readonly [x64: bigint, arm64: bigint];

/** From the kernel's tables: asm/unistd_64.h for x64, asm-generic/unistd.h for arm64. From 424 on they are the same. */
const numbers = {
  bind: [49n, 200n],
  capset: [126n, 91n],
  chdir: [80n, 49n],
  execveat: [322n, 281n],
  faccessat2: [439n, 439n],
  fchdir: [81n, 50n],
  fchownat: [260n, 54n],
  fsconfig: [431n, 431n],
  fsmount: [432n, 432n],
  fsopen: [430n, 430n],
  getcwd: [79n, 17n],
  getsockname: [51n, 204n],
  getxattr: [191n, 8n],
  ioctl: [16n, 29n],
  listen: [50n, 201n],
  lseek: [8n, 62n],
  mount_setattr: [442n, 442n],
  move_mount: [429n, 429n],
  open_tree: [428n, 428n],
  openat2: [437n, 437n],
  pidfd_open: [434n, 434n],
  pidfd_send_signal: [424n, 424n],
  pivot_root: [155n, 41n],
  prctl: [157n, 167n],
  readlinkat: [267n, 78n],
  setns: [308n, 268n],
  socket: [41n, 198n],
  sethostname: [170n, 161n],
  setsockopt: [54n, 208n],
  statfs: [137n, 43n],
  umask: [95n, 166n],
} as const satisfies Record<string, Numbers>;

/** Gives the call's result; -1 means that errno() tells why. */
export function systemCall(name: keyof typeof numbers, a = 0n, b = 0n, c = 0n, d = 0n, e = 0n): number {
  const number = numbers[name][process.arch === "arm64" ? 1 : 0];
  return Number(libc().syscall(number, a, b, c, d, e));
}
