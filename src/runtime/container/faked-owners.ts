import type { Seccomp, SeccompRule } from "./seccomp.ts";

// Root who has one id cannot give a file to anybody, nor make a device, nor become another user: the kernel says EINVAL or
// EPERM, and installers of packages stop. The filter answers such calls with success and does nothing, for every program
// alike, linked statically or not. What a program then looks at is the truth: the file is still root's. Charliecloud builds
// images this way (Priedhorsky, Jennings, Phinney: Zero-consistency root emulation for unprivileged container image build).

const owners = `chown chown32 fchown fchown32 fchownat lchown lchown32`.split(" ");
// capset(2) is not among them: the runtime itself drops capabilities behind the filter.
const identities =
  `setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`.split(
    " ",
  );
/** The argument that holds the mode. */
const nodes = [
  ["mknod", 1],
  ["mknodat", 2],
] as const;

const typeMask = 0o170000;
const devices = [0o020000, 0o060000];
/** Fifos, sockets, and files, whose type may be left out. */
const others = [0o010000, 0o140000, 0o100000, 0];

/** A filter that says yes to what changes owners, devices and users, and does nothing. */
export function withFakedOwners(filter: Seccomp): Seccomp {
  const faked = new Set<string>([...owners, ...identities, ...nodes.map(([name]) => name)]);
  const rest = (filter.syscalls ?? []).map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => !faked.has(name)),
  }));
  const byMode = nodes.flatMap(([name, index]) => [
    ...devices.map((type) => ({ ...success([name]), args: [ofType(index, type)] })),
    ...others.map((type) => ({ names: [name], action: "SCMP_ACT_ALLOW", args: [ofType(index, type)] })),
  ]);
  return {
    ...filter,
    syscalls: [
      ...rest.filter(({ names }) => names.length > 0),
      success([...owners, ...identities]),
      ...byMode,
    ],
  };
}

/** The system call is not made, and gives 0. */
function success(names: readonly string[]): SeccompRule {
  return { names, action: "SCMP_ACT_ERRNO", errnoRet: 0 };
}

function ofType(index: number, type: number) {
  return { index, value: typeMask, valueTwo: type, op: "SCMP_CMP_MASKED_EQ" };
}
