import { expect, test } from "bun:test";
import { defaultCapabilities } from "./capability.ts";
import { defaultSeccomp, profileVersion } from "./seccomp.ts";

test("profileVersion goes up with every change of the profile", () => {
  const every = [...defaultCapabilities, "CAP_SYS_ADMIN", "CAP_BPF", "CAP_SYS_TIME"];
  const text = [defaultCapabilities, every]
    .flatMap((set) => ["x64", "arm64"].map((arch) => JSON.stringify(defaultSeccomp(set, arch))))
    .join("\n");
  // When this fails: raise profileVersion, then put both new values here.
  expect([profileVersion, Bun.hash(text).toString(16)]).toEqual([1, "4830dbcc90062987"]);
});

test("defaultSeccomp() lets clone make processes but no namespaces without CAP_SYS_ADMIN", () => {
  const rules = defaultSeccomp(defaultCapabilities, "x64").syscalls ?? [];
  const clone = rules.filter((rule) => rule.names.includes("clone"));
  expect(clone).toHaveLength(1);
  expect(clone[0]?.args?.[0]?.op).toBe("SCMP_CMP_MASKED_EQ");
  const refused = rules.find((rule) => rule.action === "SCMP_ACT_ERRNO" && rule.names.includes("mount"));
  expect(refused?.errnoRet).toBe(1);
});

test("defaultSeccomp() opens what a capability is for to who holds it", () => {
  const rules = defaultSeccomp([...defaultCapabilities, "CAP_SYS_ADMIN"], "x64").syscalls ?? [];
  expect(rules[0]?.names).toContain("mount");
  expect(rules[0]?.names).not.toContain("reboot");
});
