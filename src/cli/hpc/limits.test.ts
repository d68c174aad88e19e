import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { readLimits } from "./limits.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-limits-`);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Given = Readonly<Record<string, string | true | readonly string[]>>;

const read = (given: Given) =>
  readLimits(
    {
      bool: (name) => given[name] === true,
      text: (name) => (typeof given[name] === "string" ? given[name] : undefined),
      list: (name) => (Array.isArray(given[name]) ? (given[name] as readonly string[]) : []),
    },
    folder,
  );

const file = (text: string) => {
  writeFileSync(`${folder}/limits.toml`, text);
  return "limits.toml";
};

describe("readLimits()", () => {
  test("reads the flags; none is no limit", () => {
    expect(read({})).toBeUndefined();
    expect(read({ memory: "0", cpus: "0" })).toBeUndefined();
    expect(
      read({ cpus: "1.5", memory: "64m", "memory-swap": "-1", "pids-limit": "0", "oom-kill-disable": true }),
    ).toEqual({
      cpuQuota: { quota: 150_000, period: 100_000 },
      memory: 67_108_864,
      memorySwap: "none",
      oomKillDisable: true,
      pids: "none",
    });
  });

  test.each([
    [{ cpus: "x" }, "--cpus"],
    [{ cpus: "0.001" }, "--cpus"],
    [{ "cpu-shares": "1" }, "--cpu-shares"],
    [{ "cpuset-cpus": "0;1" }, "--cpuset-cpus"],
    [{ memory: "1k" }, "--memory"],
    [{ "memory-swap": "1g" }, "--memory-swap"],
    [{ memory: "1g", "memory-swap": "1m" }, "--memory-swap"],
    [{ "pids-limit": "many" }, "--pids-limit"],
    [{ "blkio-weight": "5" }, "--blkio-weight"],
    [{ "blkio-weight-device": ["/dev/null:500"] }, "--blkio-weight-device"],
    [{ "blkio-weight-device": ["500"] }, "--blkio-weight-device"],
  ] as const)("refuses %p", (given, flag) => expect(() => read(given as Given)).toThrow(`of "${flag}"`));

  test("reads the file of --apply-cgroups; a flag wins over it", () => {
    const path = file(`[cpu]
shares = 512
quota = 50000
cpus = "0"
[memory]
limit = 67108864
swap = -1
disableOOMKiller = false
[pids]
limit = 7
[blockIO]
weight = 100
weightDevice = [{ major = 8, minor = 16, weight = 200 }]
[unified]
"memory.high" = "60M"
`);
    const wanted = {
      cpuShares: 512,
      cpuQuota: { quota: 50_000, period: 100_000 },
      cpusetCpus: "0",
      memory: 67_108_864,
      memorySwap: "none" as const,
      pids: 7,
      blkioWeight: 100,
      blkioWeightDevices: [{ device: "8:16", weight: 200 }],
      unified: [["memory.high", "60M"] as const],
    };
    expect(read({ "apply-cgroups": path })).toEqual(wanted);
    expect(read({ "apply-cgroups": path, "pids-limit": "9" })).toEqual({ ...wanted, pids: 9 });
  });

  test.each([
    ["[cpu", "it is no TOML"],
    ["cpu = 1", "cpu is no table"],
    ["[memory]\nlimit = 'x'", "memory.limit is no whole number"],
    ["[memory]\nkernel = 1", "it has memory.kernel, which Vial does not set"],
    ["[[devices]]\nallow = true", "it has devices, which Vial does not set"],
    ['[unified]\n"../x" = "1"', "odd name"],
    ["[cpu]\nperiod = 1000", "cpu.period without a cpu.quota"],
    ["[blockIO]\nweightDevice = [{ major = 8 }]", "major, minor and weight"],
  ])("refuses the file %p", (text, why) => {
    let said = "";
    try {
      read({ "apply-cgroups": file(text) });
    } catch (error) {
      said = (error as { why?: string }).why ?? String(error);
    }
    expect(said).toContain(why);
  });
});
