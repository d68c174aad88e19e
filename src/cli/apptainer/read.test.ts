import { describe, expect, test } from "bun:test";
import { command as build } from "../command/build.ts";
import { hpcCommand } from "../hpc/verb.ts";
import { commands } from "./commands.ts";
import { readGlobals } from "./globals.ts";
import { links } from "./links.ts";
import { personaOf } from "./name.ts";
import { readGiven, refuseIdle, translate } from "./read.ts";
import { oldVariables } from "./variables.ts";

const find = (name: string) => commands.find((command) => command.name === name)!;
const read = (name: string, line: string, env = {}) => readGiven(find(name), line.split(" "), env);

describe("readGiven()", () => {
  test("reads short options, joined ones, and leaves the program's own alone", () => {
    const { values, args } = read("exec", "-cew -B /a:/b --env=A=1 -S/x x.sif prog -c -B y");
    expect(Object.fromEntries(values)).toEqual({
      contain: true,
      cleanenv: true,
      writable: true,
      bind: ["/a:/b"],
      env: ["A=1"],
      scratch: ["/x"],
    });
    expect(args).toEqual(["x.sif", "prog", "-c", "-B", "y"]);
  });

  test("takes options from variables: the newer prefix wins, the command line wins over both", () => {
    const env = {
      APPTAINER_HOSTNAME: "new",
      SINGULARITY_HOSTNAME: "old",
      SINGULARITY_NO_HOME: "1",
      APPTAINER_CWD: "",
    };
    expect(Object.fromEntries(read("exec", "x y", env).values)).toEqual({ hostname: "new", "no-home": true });
    expect(read("exec", "--hostname mine x y", env).values.get("hostname")).toBe("mine");
    expect(read("exec", "--no-home=false x y", env).values.get("no-home")).toBe(false);
  });

  test("refuses a variable that is no switch", () => {
    expect(() => read("exec", "x y", { APPTAINER_CLEANENV: "perhaps" })).toThrow("APPTAINER_CLEANENV");
  });

  test("leaves the variables that add to an option to the command that adds them", () => {
    expect(read("exec", "x y", { APPTAINER_BIND: "/a" }).values.has("bind")).toBe(false);
  });
});

describe("refuseIdle()", () => {
  test("warns of a variable that a site may set for everybody", () => {
    const said: string[] = [];
    const given = read("build", "x.sif x.def", { APPTAINER_TMPDIR: "/scratch" });
    refuseIdle(find("build"), given, (sentence) => said.push(sentence));
    expect(said).toHaveLength(1);
    expect(said[0]).toStartWith('APPTAINER_TMPDIR does not act on "build": ');
    expect(() => refuseIdle(find("build"), read("build", "--tmpdir /s x y"), () => {})).toThrow("--tmpdir");
  });

  test("ends a command with an option that does not act, by a variable too, and takes one that is turned off", () => {
    expect(() => refuseIdle(find("exec"), read("exec", "--security x a b"), () => {})).toThrow(
      '"exec --security"',
    );
    expect(() =>
      refuseIdle(find("exec"), read("exec", "a b", { SINGULARITY_NVCCLI: "1" }), () => {}),
    ).toThrow("--nvccli");
    refuseIdle(find("exec"), read("exec", "--nvccli=false --no-eval a b"), () => {});
  });
});

describe("translate()", () => {
  test("gives Vial's flags, under its own names", () => {
    const given = read("build", "-F --sandbox --disable-cache --build-arg A=1 --build-arg B=2 dir x.def");
    const flags = translate(find("build"), given, build);
    expect([flags.bool("force"), flags.bool("sandbox"), flags.bool("no-cache")]).toEqual([true, true, true]);
    expect(flags.list("build-arg")).toEqual(["A=1", "B=2"]);
    expect(flags.bool("notest")).toBe(false);
  });

  test("binds the libraries of --containlibs, beside other binds", () => {
    const given = read("exec", "--containlibs /usr/lib/a.so,/usr/lib/b.so -B /x x.sif y");
    expect(translate(find("exec"), given, hpcCommand("exec")).list("bind")).toEqual([
      "/x",
      "/usr/lib/a.so:/.singularity.d/libs/a.so,/usr/lib/b.so:/.singularity.d/libs/b.so",
    ]);
  });
});

test("a registry is named by its address, without Apptainer's scheme", () => {
  const named = (text: string) => links["registry login"]?.args?.([text]);
  expect([named("docker://localhost:5000"), named("oras://r.example"), named("r.example")]).toEqual([
    ["localhost:5000"],
    ["r.example"],
    ["r.example"],
  ]);
});

test("oldVariables() says which are old, and which two differ", () => {
  const env = { SINGULARITY_NV: "1", APPTAINER_BIND: "/a", SINGULARITY_BIND: "/b" };
  const { warnings, hints, overruled } = oldVariables(find("exec").options, env);
  expect(warnings).toEqual(["SINGULARITY_BIND and APPTAINER_BIND have different values, using the latter"]);
  expect(hints.map(({ key }) => key)).toEqual(["NV"]);
  expect(overruled).toEqual(["SINGULARITY_BIND"]);
});

describe("readGlobals()", () => {
  const quiet = (line: string, env = {}) => readGlobals("apptainer", line.split(" "), env).log.isQuiet;

  test("reads levels from options and variables", () => {
    expect([quiet("exec"), quiet("-q exec"), quiet("--silent exec"), quiet("-qd exec")]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(quiet("exec", { APPTAINER_QUIET: "1" })).toBe(true);
    expect(quiet("exec", { SINGULARITY_MESSAGELEVEL: "-1" })).toBe(true);
  });

  test("ends at the command, refuses what is unknown and a file of settings", () => {
    expect(readGlobals("apptainer", ["-s", "exec", "-q"], {}).words).toEqual(["exec", "-q"]);
    expect(readGlobals("run-singularity", ["./x.sif", "-q"], {}).words).toEqual(["run", "./x.sif", "-q"]);
    expect(() => readGlobals("apptainer", ["--bogus", "exec"], {})).toThrow("--bogus");
    expect(() => readGlobals("apptainer", ["-c", "/etc/my.conf", "exec"], {})).toThrow("/etc/my.conf");
  });
});

test("personaOf() goes by the last part of the name", () => {
  expect(personaOf("/usr/bin/singularity")).toBe("singularity");
  expect(personaOf("apptainer")).toBe("apptainer");
  expect(personaOf("/usr/apptainer/vial")).toBeUndefined();
});
