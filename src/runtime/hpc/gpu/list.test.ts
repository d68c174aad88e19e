import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { listFolders, parseGpuList, readGpuList } from "./list.ts";

describe("the list of a driver's files", () => {
  test("has libraries and programs, in Apptainer's form", () => {
    expect(parseGpuList("# mine\nnvidia-smi\n\n libcuda.so # driver\n/opt/x/libmy.so.1\n")).toEqual({
      libraries: ["libcuda.so", "/opt/x/libmy.so.1"],
      programs: ["nvidia-smi"],
    });
  });

  test("is the user's own before the machine's before Apptainer's before the built-in one", () => {
    expect(listFolders({ HOME: "/home/ada" })).toEqual([
      "/home/ada/.config/vial",
      "/etc/vial",
      "/etc/apptainer",
      "/etc/singularity",
    ]);
    expect(listFolders({ HOME: "/home/ada", XDG_CONFIG_HOME: "/c" })[0]).toBe("/c/vial");
    const folder = mkdtempSync(`${tmpdir()}/vial-list-`);
    try {
      const folders = [`${folder}/a`, `${folder}/b`];
      for (const path of folders) mkdirSync(path);
      expect(readGpuList("nvidia", folders)).toMatchObject({
        file: undefined,
        libraries: expect.arrayContaining(["libcuda.so", "libnvidia-ml.so"]),
        programs: expect.arrayContaining(["nvidia-smi"]),
      });
      expect(readGpuList("amd", folders).libraries).toContain("libhsa-runtime64.so");
      for (const [name, library] of [
        ["b", "libb.so"],
        ["a", "liba.so"],
      ]) {
        writeFileSync(`${folder}/${name}/nvliblist.conf`, `${library}\n`);
        expect(readGpuList("nvidia", folders).libraries).toEqual([library ?? ""]);
      }
      mkdirSync(`${folder}/a/rocmliblist.conf`);
      expect(() => readGpuList("amd", folders)).toThrow("EISDIR");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
