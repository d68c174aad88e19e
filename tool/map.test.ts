import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "./docs.ts";
import {
  builtRooms,
  faultOfImport,
  importsOf,
  printRoomTable,
  projectFolder,
  readSource,
  rooms,
  sourceFiles,
} from "./map.ts";

const packages = Object.keys(
  (JSON.parse(readSource("package.json")) as { dependencies: Record<string, string> }).dependencies,
);
const files = sourceFiles();

describe("the house", () => {
  test("imports go down, and through doors only", () => {
    const faults = files.flatMap((file) =>
      importsOf(readSource(file)).map((name) => faultOfImport(file, name, packages)),
    );
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test("each room uses rooms below it", () => {
    for (const [index, room] of rooms.entries()) {
      const below = rooms.slice(0, index).map((entry) => entry.name);
      expect(room.uses.filter((name) => !below.includes(name))).toEqual([]);
    }
  });

  test("each folder below src is a room, and has its door", () => {
    const known = rooms.map((room) => room.name);
    expect(builtRooms().filter((name) => !known.includes(name))).toEqual([]);
    // cli is the top: nobody comes in there, and its main.ts is the entry of the executable.
    const withoutDoor = builtRooms().filter(
      (name) => name !== "cli" && !existsSync(join(projectFolder, `src/${name}/${name}.ts`)),
    );
    expect(withoutDoor).toEqual([]);
  });

  test("doors give their names one by one", () => {
    expect(files.filter((file) => /^export \*/m.test(readSource(file)))).toEqual([]);
  });

  test("processes are started in the room host alone", () => {
    const starting = /\bBun\.spawn(Sync)?\(|["']node:child_process["']|\bBun\.\$/;
    const faults = files.filter(
      (file) =>
        !file.startsWith("src/host/") &&
        !/\.test\.ts$|\/testing\//.test(file) &&
        starting.test(readSource(file)),
    );
    expect(faults).toEqual([]);
  });

  test("no file hides behind a name without a subject", () => {
    const hollow = /\/(utils?|helpers?|common|misc|managers?|services?|base|lib)(\/|\.(test\.)?ts$)/;
    expect(files.filter((file) => hollow.test(file))).toEqual([]);
  });

  test("docs/map.md shows the rooms of tool/map.ts", () => {
    expect(readTable("docs/map.md", "rooms")).toBe(printRoomTable());
  });

  test("knip.json knows every door", () => {
    const paths = Object.keys(
      (JSON.parse(readSource("knip.json")) as { paths: Record<string, unknown> }).paths,
    );
    expect(paths).toEqual(rooms.filter((room) => room.name !== "cli").map((room) => `#${room.name}`));
  });
});

describe("importsOf()", () => {
  test("finds every way to import", () => {
    const source = `
      import { a } from "#a"; import type { B } from "./b.ts";
      import {
        c, // a comment
      } from "node:c";
      export { d } from "./d.ts";
      import "./e.ts";
      const f = await import("./f.ts");
      // import { g } from "#g";
      /* import { h } from "#h"; */
      const text = "from here";
    `;
    expect(importsOf(source).sort()).toEqual(["#a", "./b.ts", "./d.ts", "./e.ts", "./f.ts", "node:c"]);
  });
});

describe("faultOfImport()", () => {
  test.each([
    ["src/spec/digest.ts", "#host", "src/spec/digest.ts imports #host: spec may use kit"],
    ["src/image/store.ts", "#engine", "src/image/store.ts imports #engine: image may use kit, spec, host"],
    [
      "src/image/store.ts",
      "../spec/digest.ts",
      'src/image/store.ts imports ../spec/digest.ts: other rooms are reached by their door "#room"',
    ],
    [
      "src/image/store.ts",
      "./content",
      "src/image/store.ts imports ./content: write the file's name with .ts",
    ],
    [
      "src/image/store.ts",
      "left-pad",
      "src/image/store.ts imports left-pad: package.json does not name that package",
    ],
    [
      "src/image/store.ts",
      "#image",
      "src/image/store.ts imports its own door #image: import the file, or the door turns in a circle",
    ],
    ["src/cellar/store.ts", "#kit", "src/cellar/store.ts is in no room of tool/map.ts"],
  ])("refuses %s importing %s", (file, name, fault) => {
    expect(faultOfImport(file, name, packages)).toBe(fault);
  });

  test.each([
    ["src/image/store.ts", "#host"],
    ["src/image/layer/apply.ts", "../store.ts"],
    ["src/image/store.ts", "node:fs"],
    ["src/image/store.test.ts", "bun:test"],
    ["src/spec/document.ts", "valibot"],
  ])("takes %s importing %s", (file, name) => {
    expect(faultOfImport(file, name, packages)).toBeUndefined();
  });
});
