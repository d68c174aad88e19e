import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, existsSync } from "node:fs";
import { aliases, findVerb, groups, sections, table, topNames } from "./commands.ts";
import { printCommand } from "./help.ts";
import { divertOutput } from "./print.ts";
import { readGlobals, start } from "./start.ts";
import { version } from "./version.ts";

async function vial(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { 1: "", 2: "" };
  using _diverted = divertOutput((fd, part) => {
    texts[fd] += Buffer.from(part).toString();
  });
  const code = await start(words);
  return { code, out: texts[1], err: texts[2] };
}

const root = process.env.VIAL_ROOT;
afterEach(() => {
  if (root === undefined) delete process.env.VIAL_ROOT;
  else process.env.VIAL_ROOT = root;
});

describe("the table of commands", () => {
  for (const [name, load] of Object.entries(table))
    test(`${name}: its command is named so, and its texts keep the rules`, async () => {
      const { command } = await load();
      expect(command.name).toBe(name);
      expect(command.summary).toMatch(/^[A-Z].*[^.]$/);
      const names = command.flags.map((flag) => flag.name);
      expect(new Set(names).size).toBe(names.length);
      const letters = command.flags.flatMap((flag) => flag.short ?? []);
      expect(new Set(letters).size).toBe(letters.length);
      for (const flag of command.flags) expect(flag.help).toMatch(/^[A-Za-z].*[^.]$/s);
      expect(printCommand(command)).toStartWith(`Usage:  vial ${name}`);
    });

  test("every verb of one word is in the overview, once", () => {
    const shown = sections.flatMap((section) => section.names);
    expect(new Set(shown).size).toBe(shown.length);
    const verbs = topNames().filter((name) => name !== "help" && !Object.hasOwn(groups, name));
    expect(verbs.filter((name) => !shown.includes(name))).toEqual([]);
  });

  test("every second name begins with a group and belongs to no verb of its own", () => {
    for (const pair of Object.keys(aliases)) {
      expect(Object.keys(groups)).toContain(pair.split(" ")[0] ?? "");
      expect(Object.keys(table)).not.toContain(pair);
    }
  });
});

test("findVerb() knows verbs, groups and second names, and nothing of Object", () => {
  expect(findVerb(["images", "x"])).toMatchObject({ name: "images", words: 1 });
  expect(findVerb(["image", "ls"])).toMatchObject({ name: "images", words: 2 });
  expect(findVerb(["image", "inspect"])).toMatchObject({ name: "image inspect", words: 2 });
  expect(findVerb(["image"])).toEqual({ group: "image" });
  expect(findVerb(["image", "x"])).toEqual({ group: "image" });
  expect(findVerb(["toString"])).toBeUndefined();
  expect(findVerb(["nothing"])).toBeUndefined();
});

describe("readGlobals()", () => {
  test("takes flags before the verb alone", () => {
    expect(readGlobals(["--debug", "--root", "/x", "run", "--debug", "-v"])).toEqual({
      debug: true,
      root: "/x",
      host: undefined,
      context: undefined,
      wants: "command",
      words: ["run", "--debug", "-v"],
    });
    expect(readGlobals(["--root=/y", "images"]).root).toBe("/y");
    expect(readGlobals(["-D", "-h"])).toMatchObject({ debug: true, wants: "help" });
  });

  test("takes the engine that is meant", () => {
    expect(readGlobals(["-H", "tcp://a", "ps"])).toMatchObject({ host: "tcp://a", words: ["ps"] });
    expect(readGlobals(["--context=b", "ps", "--host"])).toMatchObject({
      context: "b",
      words: ["ps", "--host"],
    });
  });

  test("makes a relative root absolute, because a command may change its folder", () => {
    expect(readGlobals(["--root", "x", "images"]).root).toBe(`${process.cwd()}/x`);
  });
});

describe("start()", () => {
  test("--version, -v, and the constant is package.json's", async () => {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    expect(version).toBe(JSON.parse(text).version);
    expect((await vial("--debug", "--version")).out).toBe(`vial ${version}\n`);
    expect((await vial("-D", "-v")).out).toBe(`vial ${version}\n`);
  });

  test("help in all its ways is the same text", async () => {
    const { out, code } = await vial("help");
    expect(code).toBe(0);
    expect(out).toContain("Usage:  vial [OPTIONS] COMMAND");
    expect(out).toContain("  images ");
    expect(out).not.toContain("internal-");
    for (const words of [[], ["--help"], ["-h"]]) expect((await vial(...words)).out).toBe(out);
    const images = (await vial("images", "--help")).out;
    for (const words of [
      ["help", "images"],
      ["image", "ls", "-h"],
      ["images", "x", "y", "--help"],
    ])
      expect((await vial(...words)).out).toBe(images);
    const group = (await vial("image", "--help")).out;
    for (const words of [["image"], ["help", "image"]]) expect((await vial(...words)).out).toBe(group);
  });

  test("help aligns flags as Docker does", async () => {
    const { out } = await vial("rmi", "--help");
    expect(out).toContain("\n  -f, --force      Also an image");
    expect(out).toContain("\n      --no-prune   Taken");
  });

  test("offers what was meant", async () => {
    expect(await vial("histroy")).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean `vial history`?"),
    });
    expect((await vial("image", "prunee")).err).toContain("did you mean `vial image prune`?");
    expect((await vial("help", "histroy")).code).toBe(2);
    expect((await vial("help", "image", "x")).code).toBe(2);
    expect((await vial("images", "--quie")).err).toContain('did you mean "--quiet"?');
    expect((await vial("--rot", "images")).err).toContain('Vial has no flag "--rot"');
    expect((await vial("--root")).err).toContain('"--root" needs a value');
  });

  test("--root keeps everything in that folder", async () => {
    const folder = `${process.env.TMPDIR ?? "/tmp"}/vial-root-${process.pid}-${Date.now()}`;
    const { code } = await vial("--root", folder, "images", "-q");
    expect(code).toBe(0);
    expect(existsSync(`${folder}/version`)).toBe(true);
    Bun.spawnSync(["rm", "-rf", folder]);
  });

  test("--debug shows the stack of an error", async () => {
    expect((await vial("--debug", "image", "inspect")).err).toContain("stack:");
    expect((await vial("image", "inspect")).err).not.toContain("stack:");
  });

  test("a command may set its own code for failures", async () => {
    // Docker's table: 125 is "the engine failed", because any other code belongs to the program inside.
    expect((await table.run?.())?.command.failureCode).toBeDefined();
    expect((await vial("run", "--no-such-flag", "x")).code).toBe(125);
  });

  test("a flag of Docker's that is not here is refused with the reason", async () => {
    const rows: readonly (readonly [words: readonly string[], reason: string])[] = [
      [["run", "--attach", "stdout", "x"], "in the foreground"],
      [["run", "--gpus", "all", "x"], "by their path"],
      [["update", "--blkio-weight", "5", "x"], "limits memory"],
      [["exec", "--detach-keys", "ctrl-x", "x", "y"], "watch for the keys"],
    ];
    for (const [words, reason] of rows) {
      const { code, err } = await vial(...words);
      expect([words, code, err]).toEqual([
        words,
        words[0] === "update" ? 1 : 125,
        expect.stringContaining(reason),
      ]);
      expect(err).not.toContain("did you mean");
    }
  });
});
