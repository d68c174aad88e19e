import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { commands } from "./commands.ts";
import { actionForm, valued, valuedShort } from "./form.ts";
import { links } from "./links.ts";
import { actions } from "./table/action.ts";

const data = readFileSync(new URL("testdata/options.txt", import.meta.url), "utf8");

/** The options of Apptainer by command: "name" or "name/s"; undefined for one that is refused whole. */
function readLists(): ReadonlyMap<string, readonly string[] | undefined> {
  const lists = new Map<string, readonly string[]>();
  const whole = data
    .replace(/^#.*$/gm, "")
    .replace(/\n {2}/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const result = new Map<string, readonly string[] | undefined>();
  for (const line of whole) {
    const [head = "", tail = ""] = line.split(/:(?: |$)/, 2);
    const words = tail
      .split(" ")
      .filter((word) => word !== "")
      .flatMap((word) => (word.startsWith("+") ? (lists.get(`[${word.slice(1)}]`) ?? []) : [word]));
    if (head.startsWith("[")) lists.set(head, words);
    else result.set(head, words[0] === "*" ? undefined : words.sort());
  }
  return result;
}

const lists = readLists();

describe("the table of Apptainer's commands", () => {
  test("has each command of Apptainer, and no other", () => {
    expect(commands.map(({ name }) => name).sort()).toEqual([...lists.keys()].sort());
  });

  test.each(commands.map((command) => [command.name, command] as const))(
    "has each option of %s",
    (name, command) => {
      const wanted = lists.get(name);
      if (wanted === undefined) expect(command.state.is).toBe("refused");
      else
        expect(
          command.options
            .map((option) => (option.short === undefined ? option.name : `${option.name}/${option.short}`))
            .sort(),
        ).toEqual([...wanted]);
    },
  );

  test("says why what does not act does not, without a full stop", () => {
    const faults = commands.flatMap((command) =>
      [command, ...command.options]
        .filter(
          ({ state }) =>
            (state.is !== "works" && (state.note ?? "") === "") || /(^|[^.])\.$/.test(state.note ?? ""),
        )
        .map(({ name }) => `${command.name} ${name}`),
    );
    expect(faults).toEqual([]);
  });

  test("has a command of Vial for each that works, and for no other", () => {
    const working = commands.filter(({ state }) => state.is === "works").map(({ name }) => name);
    expect(Object.keys(links).sort()).toEqual(working.sort());
  });

  test.each(Object.keys(links))("each option of %s that works is a flag of Vial's command", async (name) => {
    const vial = await links[name]?.load();
    const flags = vial?.command.flags.map((flag) => flag.name) ?? [];
    const options = commands.find((command) => command.name === name)?.options ?? [];
    const wanted = options
      .filter(({ state }) => state.is === "works")
      .map((option) => option.becomes ?? option.name);
    expect(wanted.filter((flag) => !flags.includes(flag))).toEqual([]);
  });
});

describe("actionForm()", () => {
  const all = actions.flatMap(({ options }) => options);

  test("knows the options with a value", () => {
    const names = all.filter(({ kind }) => kind !== "bool").map(({ name }) => name);
    expect([...valued].sort()).toEqual([...new Set(names)].sort());
    const shorts = all.flatMap(({ kind, short }) => (kind === "bool" || short === undefined ? [] : [short]));
    expect([...valuedShort].sort()).toEqual([...new Set(shorts)].sort());
  });

  test.each([
    ["exec x.sif true", { pid: false, fakeroot: false, userns: false }],
    ["--quiet exec -p x.sif true", { pid: true }],
    ["-d -c /f exec -cfu x.sif true", { fakeroot: true, userns: true }],
    ["exec -eC x.sif true", { pid: true }],
    ["exec -C --no-pid x.sif true", { pid: false }],
    ["exec -C x.sif true", { pid: true, init: true }],
    ["exec -C --no-init x.sif true", { pid: true, init: false }],
    ["exec -B /p:/u x.sif sh -p", { pid: false }],
    ["exec -B/p:/u x.sif sh -p", { pid: false }],
    ["exec --bind -p x.sif", { pid: false }],
    ["exec --pid=false x.sif true", { pid: false }],
    ["run -- x.sif -p", { pid: false }],
  ])("reads %p", (line, wanted) => expect(actionForm(line.split(" "), {})).toMatchObject(wanted));

  test.each([
    [{ APPTAINER_CONTAINALL: "1" }, true],
    [{ SINGULARITY_UNSHARE_PID: "true" }, true],
    [{ APPTAINER_PID: "0", SINGULARITY_PID: "1" }, false],
    [{ APPTAINER_COMPAT: "T", APPTAINER_NO_PID: "1" }, false],
  ])("reads the variables %p", (env, pid) =>
    expect(actionForm(["exec", "x", "y"], env)).toMatchObject({ pid }),
  );

  test.each(["build x y", "exec --help", "run -h", "sif list x", ""])("leaves %p to others", (line) =>
    expect(actionForm(line.split(" "), {})).toBeUndefined(),
  );
});
