import { describe, expect, test } from "bun:test";
import { defaultLimits, LayerApplier } from "./apply.ts";
import { LayerPacker, PackAgain, type PackOptions } from "./pack.ts";
import { type TarEntry, TarReader } from "./tar-read.ts";
import { tarEnd, tarHeader, type TarMember, tarPadding } from "./tar-write.ts";

type Member = string | readonly [name: string, content: string] | Partial<TarMember>;

/** "dir/": a folder; "a -> b": a hard link; "a => b": a symlink; a pair: a file. */
function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap((member) => {
    if (typeof member === "string") {
      const [, name = "", arrow, linkName = ""] = /^(\S+?)(?: (->|=>) (\S+))?$/.exec(member) ?? [];
      const type = arrow === "->" ? "hard-link" : arrow === "=>" ? "symlink" : "directory";
      return [tarHeader({ type, name: name.replace(/\/$/, ""), linkName, mode: 0o755, mtime: 5 })];
    }
    if (!Array.isArray(member)) return [tarHeader({ mtime: 5, mode: 0o644, ...member } as TarMember)];
    const [name, text] = member;
    const bytes = Buffer.from(text);
    const header = tarHeader({ type: "file", name, size: bytes.length, mode: 0o644, mtime: 5 });
    return [header, bytes, tarPadding(bytes.length)];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

const plain: PackOptions = {
  addedTime: 9,
  limits: defaultLimits,
  added: [],
  addedUnless: undefined,
  devices: true,
  texts: [],
};

function feed(packer: LayerPacker, layers: readonly Buffer[]): void {
  for (const layer of layers.toReversed()) {
    const applier = new LayerApplier(packer, defaultLimits);
    const reader = new TarReader(applier, { subject: "a layer" });
    reader.push(layer);
    reader.finish();
    applier.finish();
  }
}

/** What is in a tar: "name: what". */
function listed(tar: Buffer): readonly string[] {
  const found: string[] = [];
  let entry: TarEntry | undefined;
  let text = "";
  const reader = new TarReader(
    {
      entry: (next) => {
        entry = next;
        text = "";
      },
      data: (bytes) => {
        text += bytes.toString();
      },
      end: () => {
        const { name, type, linkName } = entry!;
        found.push(
          `${name.replace(/\/$/, "")}: ${type === "file" ? `"${text}"` : `${type} ${linkName}`.trim()}`,
        );
      },
    },
    { subject: "the result" },
  );
  reader.push(tar);
  reader.finish();
  return found.sort();
}

function pack(layers: readonly Buffer[], options: PackOptions, way: "at-once" | "twice") {
  const out: Buffer[] = [];
  const write = (bytes: Buffer) => void out.push(Buffer.from(bytes));
  const look = way === "twice" ? new LayerPacker(options, write, "look") : undefined;
  if (look !== undefined) feed(look, layers);
  const packer = new LayerPacker(options, write, look === undefined ? "at-once" : { plan: look.plan() });
  feed(packer, layers);
  const texts = packer.close(look);
  return { files: listed(Buffer.concat(out)), texts };
}

const cases: Readonly<Record<string, { layers: readonly (readonly Member[])[]; files: readonly string[] }>> =
  {
    "the upper file wins": {
      layers: [["a/", ["a/x", "old"], ["a/y", "kept"]], [["a/x", "new"]]],
      files: [".: directory", 'a/x: "new"', 'a/y: "kept"', "a: directory"],
    },
    "a whiteout takes a file and a folder": {
      layers: [
        [["x", "1"], "d/", ["d/y", "2"]],
        [
          ["only", "3"],
          [".wh.x", ""],
          [".wh.d", ""],
        ],
      ],
      files: [".: directory", 'only: "3"'],
    },
    "an opaque folder hides what was in it": {
      layers: [
        ["d/", ["d/old", "1"]],
        ["d/", ["d/.wh..wh..opq", ""], ["d/new", "2"]],
      ],
      files: [".: directory", 'd/new: "2"', "d: directory"],
    },
    "what comes after a removal is seen, and what was below it is not": {
      layers: [["d/", ["d/one", "1"]], [[".wh.d", ""]], ["d/", ["d/three", "3"]]],
      files: [".: directory", 'd/three: "3"', "d: directory"],
    },
    "a file in place of a folder, and a folder in place of a file": {
      layers: [
        ["d/", ["d/x", "1"], ["f", "2"]],
        [["d", "file"], "f/", ["f/y", "3"]],
      ],
      files: [".: directory", 'd: "file"', 'f/y: "3"', "f: directory"],
    },
    "links stay links": {
      layers: [[["x", "1"], "y -> x", "z => x"]],
      files: [".: directory", 'x: "1"', "y: hard-link x", "z: symlink x"],
    },
  };

/** These cannot be done in one go. */
const odd: typeof cases = {
  "a file that comes twice in a layer": {
    layers: [
      [
        ["x", "first"],
        ["x", "last"],
      ],
    ],
    files: [".: directory", 'x: "last"'],
  },
  "a hard link whose other name an upper layer has replaced": {
    layers: [[["x", "shared"], "y -> x", "z -> x"], [["x", "new"]]],
    files: [".: directory", 'x: "new"', 'y: "shared"', "z: hard-link y"],
  },
  "a file whose first name is replaced in the same layer": {
    layers: [[["x", "one"], "y -> x", ["x", "two"]]],
    files: [".: directory", 'x: "two"', 'y: "one"'],
  },
};

describe("LayerPacker", () => {
  for (const [name, { layers, files }] of Object.entries(cases))
    for (const way of ["at-once", "twice"] as const)
      test(`${way}: ${name}`, () => {
        expect(pack(layers.map(tarOf), plain, way).files).toEqual([...files].sort());
      });

  for (const [name, { layers, files }] of Object.entries(odd)) {
    test(`at once: sees ${name}`, () => {
      expect(() => pack(layers.map(tarOf), plain, "at-once")).toThrow(PackAgain);
    });
    test(`twice: ${name}`, () => {
      expect(pack(layers.map(tarOf), plain, "twice").files).toEqual([...files].sort());
    });
  }

  test("puts files of ours in, inside of the image's links, and gives texts out", () => {
    const layers = [tarOf(["usr/", "usr/lib/", "etc => usr", ["usr/hosts", "theirs"]])];
    const options: PackOptions = {
      ...plain,
      added: [
        { kind: "folder", path: "/.singularity.d", mode: 0o755 },
        { kind: "file", path: "/.singularity.d/Singularity", mode: 0o644, content: "text" },
        { kind: "file", path: "/etc/hosts", mode: 0o644, content: "ours", existing: "keep" },
        { kind: "file", path: "/etc/new", mode: 0o644, content: "new" },
      ],
      texts: ["/.singularity.d/Singularity", "/absent"],
    };
    const { files, texts } = pack(layers, options, "at-once");
    expect(files).toEqual(
      [
        ".: directory",
        ".singularity.d: directory",
        '.singularity.d/Singularity: "text"',
        "etc: symlink usr",
        "usr: directory",
        'usr/hosts: "theirs"',
        "usr/lib: directory",
        'usr/new: "new"',
      ].sort(),
    );
    expect([...texts]).toEqual([["/.singularity.d/Singularity", "text"]]);
    const there = [tarOf([".singularity.d/", [".singularity.d/Singularity", "own"]])];
    const kept = pack(there, { ...options, addedUnless: "/.singularity.d/Singularity" }, "at-once");
    expect([...kept.texts]).toEqual([["/.singularity.d/Singularity", "own"]]);
    // It replaces one of the image's, which was written by then.
    expect(() => pack(there, options, "at-once")).toThrow(PackAgain);
    expect([...pack(there, options, "twice").texts]).toEqual([["/.singularity.d/Singularity", "text"]]);
  });

  test("devices are left out when asked", () => {
    const device: Partial<TarMember> = {
      type: "character-device",
      name: "null",
      deviceMajor: 1,
      deviceMinor: 3,
    };
    const layers = [tarOf([device, ["x", "1"]])];
    expect(pack(layers, plain, "at-once").files).toContain("null: character-device");
    expect(pack(layers, { ...plain, devices: false }, "at-once").files).not.toContain(
      "null: character-device",
    );
  });

  test("a layer of strangers is refused as when it is unpacked", () => {
    expect(() => pack([tarOf([["../x", "1"]])], plain, "at-once")).toThrow(/steps out/);
    expect(() => pack([tarOf(["y -> /etc/passwd"])], plain, "at-once")).toThrow(/leads to nothing/);
    expect(() =>
      pack(
        [
          tarOf([
            ["x", "1"],
            ["x/y", "2"],
          ]),
        ],
        plain,
        "at-once",
      ),
    ).toThrow(/not a folder/);
  });
});
