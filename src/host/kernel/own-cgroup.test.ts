import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { type CgroupHost, NoCgroup, OwnCgroup } from "./own-cgroup.ts";

// By folders that look like the kernel's: those of the other version are not on the machine. Real limits are tested by
// test/hpc-limits.test.ts.

let root: string;

beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/vial-cgroup-`);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function group(path: string, files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(`${root}${path}`, { recursive: true });
  for (const [name, text] of Object.entries({ "cgroup.procs": "", ...files }))
    writeFileSync(`${root}${path}/${name}`, text);
}

/** The kernel puts the files into a new group by itself; here the test does, where OwnCgroup looks for the first of them. */
function make(host: CgroupHost, controllers: readonly string[]): { readonly error: unknown } {
  try {
    OwnCgroup.make(host, controllers);
    return { error: undefined };
  } catch (error) {
    return { error };
  }
}

describe("OwnCgroup on version 2", () => {
  const host = (own: string): CgroupHost => ({ version: 2, root: `${root}/two`, own: `0::${own}\n` });

  test("lies in the nearest group upwards that passes the controllers on", () => {
    group("/two", {
      "cgroup.controllers": "cpu memory pids\n",
      "cgroup.subtree_control": "memory pids\n",
    });
    group("/two/user", { "cgroup.subtree_control": "memory pids\n" });
    group("/two/user/scope", { "cgroup.subtree_control": "\n" });
    mkdirSync(`${root}/two/user/vial-hpc-999999999-1`);
    mkdirSync(`${root}/two/user/scope/vial-hpc-999999999-1`);
    // The kernel would put the files into the new group; without them it is taken away again.
    expect(make(host("/user/scope"), ["memory", "pids"]).error).toMatchObject({
      path: expect.stringMatching(/\/two\/user\/vial-hpc-\d+-\d+\/cgroup.procs$/),
    });
    expect(readdirSync(`${root}/two/user`).filter((name) => name.startsWith("vial-"))).toEqual([]);
    // Its own has processes, and is left as it is.
    expect(readFileSync(`${root}/two/user/scope/cgroup.subtree_control`, "utf8")).toBe("\n");
    expect(readdirSync(`${root}/two/user/scope`)).toContain("vial-hpc-999999999-1");
  });

  test("asks a group to pass on what it has", () => {
    group("/two/other", { "cgroup.subtree_control": "pids\n" });
    group("/two/other/scope", { "cgroup.subtree_control": "\n" });
    make(host("/other/scope"), ["memory", "pids"]);
    expect(readFileSync(`${root}/two/other/cgroup.subtree_control`, "utf8")).toBe("+memory");
  });

  test("says which controller is not there", () => {
    const { error } = make(host("/user/scope"), ["io"]);
    expect(error).toBeInstanceOf(NoCgroup);
    expect(error).toMatchObject({ why: "absent", controller: "io" });
  });
});

describe("OwnCgroup on version 1", () => {
  const host: () => CgroupHost = () => ({
    version: 1,
    root: `${root}/one`,
    own: "3:memory:/job\n2:pids,misc:/\n1:cpuset:/of/the/host\n0::/x\n",
  });

  test("lies below the own group, or at the top of a mount that does not show that", () => {
    group("/one/memory");
    group("/one/memory/job");
    group("/one/pids");
    group("/one/cpuset", { "cpuset.cpus": "0-1\n", "cpuset.mems": "0\n" });
    mkdirSync(`${root}/one/memory/job/vial-hpc-999999999-1`);
    mkdirSync(`${root}/one/memory/job/vial-hpc-other`);
    mkdirSync(`${root}/one/pids/vial-hpc-999999999-1`);
    for (const controller of ["memory", "pids"]) make(host(), [controller]);
    // Those of processes that are gone went, also in a hierarchy that was not asked for.
    expect(readdirSync(`${root}/one/memory/job`).sort()).toEqual(["cgroup.procs", "vial-hpc-other"]);
    expect(readdirSync(`${root}/one/pids`)).toEqual(["cgroup.procs"]);
    make(host(), ["cpuset"]);
    const [made = ""] = readdirSync(`${root}/one/cpuset`).filter((name) => name.startsWith("vial-"));
    // With files in it, this one stays: on a host the folder is all there is to remove.
    expect(readFileSync(`${root}/one/cpuset/${made}/cpuset.cpus`, "utf8")).toBe("0-1\n");
    expect(existsSync(`${root}/one/cpuset/of`)).toBe(false);
  });

  test("says which controller is not there", () => {
    expect(make(host(), ["blkio"]).error).toMatchObject({ why: "absent", controller: "blkio" });
  });
});
