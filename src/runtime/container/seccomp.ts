import { allowed, refused, tiedToCapability } from "./seccomp-profile.ts";

/** The seccomp part of a runtime config (runtime-spec, config-linux.md, "Seccomp"). */
export interface Seccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly { index: number; value: number; valueTwo?: number; op: string }[];
}

/** Names the compiled filters in the cache: goes up whenever the profile changes, which a test holds. */
export const profileVersion = 1;

const EPERM = 1;
const ENOSYS = 38;
const AF_VSOCK = 40;
/** CLONE_NEW* without CLONE_NEWTIME: a new namespace of any kind needs CAP_SYS_ADMIN. */
const cloneNamespaces = 0x7e020000;

const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/** The default filter for a container that holds `capabilities`, on a machine of node's architecture name `arch`. */
export function defaultSeccomp(capabilities: readonly string[], arch: string): Seccomp {
  const allow = "SCMP_ACT_ALLOW";
  const held = new Set(capabilities);
  const tied = tiedToCapability();
  const granted = new Set(tied.flatMap(([capability, calls]) => (held.has(capability) ? calls : [])));
  const denied = new Set(tied.flatMap(([, calls]) => calls).filter((call) => !granted.has(call)));
  denied.delete("clone");
  denied.delete("clone3");
  const rules: SeccompRule[] = [
    { names: [...allowed(), ...granted], action: allow },
    { names: [...refused(), ...denied], action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
    { names: ["socket"], action: allow, args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }] },
    ...[0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value) => ({
      names: ["personality"],
      action: allow,
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
    })),
  ];
  if (!granted.has("clone")) {
    // clone3 hides its flags behind a pointer, which a filter cannot follow: ENOSYS makes the C library use clone.
    rules.push(
      {
        names: ["clone"],
        action: allow,
        args: [{ index: 0, value: cloneNamespaces, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      },
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    );
  }
  if (arch === "x64") rules.push({ names: ["arch_prctl", "modify_ldt"], action: allow });
  if (arch === "arm64") {
    rules.push({
      names: [
        "arm_fadvise64_64",
        "arm_sync_file_range",
        "sync_file_range2",
        "breakpoint",
        "cacheflush",
        "set_tls",
      ],
      action: allow,
    });
  }
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: architectures[arch] ?? [],
    syscalls: rules,
  };
}
