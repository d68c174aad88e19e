import { expect, test } from "bun:test";
import { withFakedOwners } from "./faked-owners.ts";
import { defaultSeccomp } from "./seccomp.ts";

const filter = withFakedOwners(defaultSeccomp(["CAP_CHOWN", "CAP_MKNOD"], "x64"));
const rulesOf = (name: string) => (filter.syscalls ?? []).filter((rule) => rule.names.includes(name));

test("what changes owners and users succeeds without being done, and no other rule lets it through", () => {
  for (const name of ["chown", "fchownat", "lchown", "fchown", "setuid", "setresgid", "setgroups"])
    expect(rulesOf(name).map(({ action, errnoRet, args }) => ({ action, errnoRet, args }))).toEqual([
      { action: "SCMP_ACT_ERRNO", errnoRet: 0, args: undefined },
    ]);
});

test("devices are faked by their mode; fifos, sockets and files are made", () => {
  const actions = (name: string, mode: number) =>
    rulesOf(name)
      .filter((rule) => rule.args?.every(({ value, valueTwo }) => (mode & value) === valueTwo))
      .map(({ action }) => action);
  for (const name of ["mknod", "mknodat"]) {
    expect(actions(name, 0o020644)).toEqual(["SCMP_ACT_ERRNO"]);
    expect(actions(name, 0o060600)).toEqual(["SCMP_ACT_ERRNO"]);
    for (const mode of [0o010644, 0o140755, 0o100600, 0o644])
      expect(actions(name, mode)).toEqual(["SCMP_ACT_ALLOW"]);
  }
  expect(rulesOf("mknod").every((rule) => rule.args?.[0]?.index === 1)).toBe(true);
  expect(rulesOf("mknodat").every((rule) => rule.args?.[0]?.index === 2)).toBe(true);
});

test("the runtime can still drop capabilities behind it", () => {
  expect(rulesOf("capset").map(({ action }) => action)).toEqual(["SCMP_ACT_ALLOW"]);
});
