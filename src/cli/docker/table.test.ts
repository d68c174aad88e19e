import { describe, expect, test } from "bun:test";
import { loaderOf } from "./commands.ts";
import { stateOf } from "./extend.ts";
import { dockerOptions } from "./options.ts";
import { optionTable } from "./table/options.ts";
import { absentNote, withoutCommand } from "./table/states.ts";

/** The real client, of the release that the table has; "/usr/local/bin" is where a machine's own programs are. */
const client = [Bun.which("docker"), "/usr/local/bin/docker"].find((path) => {
  if (path === null || path === undefined) return false;
  const { stdout } = Bun.spawnSync([path, "--version"], { stderr: "ignore" });
  return stdout.toString().startsWith("Docker version 28.2.2, build e6534b4");
});

const why = client === undefined ? "the docker command line 28.2.2 is not on this machine" : undefined;
if (why !== undefined) console.warn(`skipped: the table of Docker's options, because ${why}`);

/** "name/s:kind" of each option in a help text. */
function readHelp(text: string): readonly string[] {
  const lists = "list|map|ulimit|filter|mount|gpu-request|network|strings|stringToString";
  return [...text.matchAll(/^ +(?:-(\w), )?--(\S+)(?: (\S+))?(?: {2,}|$)/gm)]
    .map(([, short, name = "", kind]) => {
      const isList = kind !== undefined && new RegExp(`^(${lists})$`).test(kind);
      // A context's endpoint is one option for us: its parts are between commas.
      const shown = kind === undefined ? "" : isList && kind !== "stringToString" ? ":list" : ":text";
      return `${name}${short === undefined ? "" : `/${short}`}${shown}`;
    })
    .filter((word) => word !== "help");
}

describe.skipIf(why !== undefined)("the table of Docker's options is that of the real client:", () => {
  test.each(Object.entries(optionTable))("%s", (name, words) => {
    const { stdout } = Bun.spawnSync([client ?? "", ...name.split(" "), "--help"], {
      env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", DOCKER_API_VERSION: "1.50" },
    });
    const table = words.split(" ").filter((word) => word !== "");
    expect(table.sort()).toEqual([...readHelp(stdout.toString())].map((word) => word).sort());
  });
});

const working = Object.keys(optionTable).filter((name) => loaderOf(name) !== undefined);

describe("each option of Docker's", () => {
  test.each(working)("of %s has the same short form here, and takes a value here as there", async (name) => {
    const loaded = await loaderOf(name)?.();
    const own = new Map(loaded?.command.flags.map((flag) => [flag.name, flag]));
    const faults = (dockerOptions(name) ?? []).flatMap((option) => {
      const flag = own.get(option.name);
      if (flag === undefined) return [];
      const isBool = (kind: string) => kind === "bool";
      return flag.short === option.short && isBool(flag.kind) === isBool(option.kind) ? [] : [option.name];
    });
    expect(faults).toEqual([]);
  });

  test.each(working)("of %s acts, is taken, or is refused with a reason of its own", async (name) => {
    const loaded = await loaderOf(name)?.();
    if (loaded === undefined) throw new Error("it has no command");
    const idle = (dockerOptions(name) ?? []).filter((option) => {
      const state = stateOf(loaded.command, name, option.name);
      return state.is === "not here" && state.note === "this version of Vial does not have it";
    });
    expect(idle.map((option) => option.name)).toEqual([]);
  });

  test.each(working)("of %s that Vial does not have clashes with no short form of Vial's", async (name) => {
    const loaded = await loaderOf(name)?.();
    const flags = loaded?.command.flags ?? [];
    const clashes = (dockerOptions(name) ?? []).filter(
      (option) =>
        option.short !== undefined &&
        flags.some((flag) => flag.short === option.short && flag.name !== option.name),
    );
    expect(clashes.map((option) => option.name)).toEqual([]);
  });
});

test("reasons end without a full stop", () => {
  const notes = [...Object.values(withoutCommand).map(({ note }) => note), absentNote("rm", "link") ?? "."];
  expect(notes.filter((note) => note.endsWith("."))).toEqual([]);
});
