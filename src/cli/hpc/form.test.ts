import { describe, expect, test } from "bun:test";
import { command as webExec } from "../command/exec.ts";
import { command as webRun } from "../command/run.ts";
import { command as shell } from "../command/shell.ts";
import { hpcForm, valued, valuedShort } from "./form.ts";

const profile = (line: string) => {
  const [verb = "", ...words] = line.split(" ");
  return hpcForm(verb, words) === undefined ? "web" : "hpc";
};

describe("hpcForm()", () => {
  test.each([
    "exec ./box true",
    "exec /images/x.sif true",
    "exec x.sif true",
    "run ../box",
    "run --bind /a:/b --env A=1 ./box x",
    "run -B /a ./box",
    "exec --pid ./box true",
    "exec --env=A=1 ./box true",
    "run -e A=1 -C ./box",
    "run --profile hpc busybox true",
    "run --profile=hpc busybox true",
    "shell box",
    "test x",
    "run-help x",
    "exec -- ./box true",
  ])("takes %p for the profile hpc", (line) => expect(profile(line)).toBe("hpc"));

  test.each([
    "run busybox",
    "run -v /a:/b busybox ./x",
    "run --rm -w /src busybox",
    "run --pid host busybox ./x",
    "exec name /bin/true",
    "exec -w /src name ls",
    "run library/busybox",
    "run --profile web ./box",
    "exec",
    "ps ./x",
  ])("takes %p for the profile web", (line) => expect(profile(line)).toBe("web"));

  test("sees which namespaces Vial has to be started anew for", () => {
    expect(hpcForm("run", ["-C", "./x"])).toMatchObject({ pid: true, init: true, startsAnew: true });
    expect(hpcForm("run", ["-C", "--no-init", "./x"])).toMatchObject({ pid: true, init: false });
    expect(hpcForm("run", ["--compat", "./x"])).toMatchObject({ pid: true, init: false });
    expect(hpcForm("run", ["--fakeroot", "./x"])).toMatchObject({ fakeroot: true, pid: false });
    expect(hpcForm("run", ["--pid=false", "./x", "--pid"])).toMatchObject({ pid: false });
  });

  test("knows the flags of both profiles that take a value", () => {
    const flags = [...webExec.flags, ...webRun.flags, ...shell.flags].filter(({ kind }) => kind !== "bool");
    const bools = new Set(shell.flags.filter(({ kind }) => kind === "bool").map(({ name }) => name));
    const names = new Set(flags.map(({ name }) => name).filter((name) => !bools.has(name)));
    expect([...valued].sort()).toEqual([...names].sort());
    const shorts = new Set(flags.flatMap(({ short }) => short ?? []));
    expect([...valuedShort].sort()).toEqual([...shorts].sort());
  });
});
