import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { readXattr } from "#host";
import { type ForgedEntry, forgeArchive, forgeEntry, forgeLong, forgePax, octal } from "./tar-forge.ts";
import { type Shown, showTree, unpackHere } from "./layer-look.ts";

// Attacks by an archive (the security cases of layer extraction): each is tried in both forms, with links and names
// that lead to a folder outside, and that folder must stay as it was.

const isRoot = process.getuid?.() === 0;
let folder = "";
let outside = "";
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-layer-`);
  outside = `${folder}/outside`;
  mkdirSync(`${outside}/sub`, { recursive: true });
  writeFileSync(`${outside}/passwd`, "host\n");
  chmodSync(outside, 0o750);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly name: string;
  readonly tar: () => Buffer;
  /** Words of the error; undefined: it is taken. */
  readonly refused?: RegExp;
  /** Looks at what came out. */
  readonly check?: (shown: Shown, root: string) => void;
  /** Bytes that the result may take on the disk. */
  readonly most?: number;
  readonly limits?: { entries?: number; nameBytes?: number };
}

const file = (name: string | Buffer, more: Partial<ForgedEntry> = {}): ForgedEntry => ({
  name,
  data: "evil",
  ...more,
});
const dir = (name: string, more: Partial<ForgedEntry> = {}): ForgedEntry => ({
  name,
  type: "5",
  mode: 0o755,
  ...more,
});
const symlink = (name: string, link: string): ForgedEntry => ({ name, type: "2", link });
const hardLink = (name: string, link: string): ForgedEntry => ({ name, type: "1", link });
const has =
  (...names: string[]) =>
  (shown: Shown) => {
    for (const name of names) expect(Object.keys(shown)).toContain(name);
  };
/** The path of `outside` as it would lie in the layer. */
const inside = () => outside.slice(1);

const cases: readonly Case[] = [
  { name: "a name with parent steps", tar: () => forgeArchive(file("../../../x")), refused: /steps out/ },
  {
    name: "a name with parent steps in the middle",
    tar: () => forgeArchive(file("a/../../x")),
    refused: /steps out/,
  },
  {
    name: "parent steps in a pax path",
    tar: () => forgeArchive(file("a", { pax: { path: "../x" } })),
    refused: /steps out/,
  },
  {
    name: "a path in a global header",
    tar: () => forgeArchive(forgePax("g", { path: "../x" }), file("a")),
    refused: /global header/,
  },
  {
    name: "parent steps in a GNU long name",
    tar: () => forgeArchive(forgeLong("L", "../x"), file("a")),
    refused: /steps out/,
  },
  {
    name: "parent steps in a ustar prefix",
    tar: () => forgeArchive(file("x", { prefix: "../.." })),
    refused: /steps out/,
  },
  {
    name: "an absolute name lands inside",
    tar: () => forgeArchive(file(`${outside}/new`)),
    check: (shown) => has(`${inside()}/new`)(shown),
  },
  {
    name: "a write through a link lands inside",
    tar: () => forgeArchive(symlink("esc", outside), file("esc/new")),
    check: (shown) => {
      has(`${inside()}/new`)(shown);
      expect(shown.esc).toContain(`-> ${outside}`);
    },
  },
  {
    name: "a write through a link with parent steps lands inside",
    tar: () => forgeArchive(dir("a"), symlink("a/esc", `../../../../../..${outside}`), file("a/esc/new")),
    check: (shown) => has(`${inside()}/new`)(shown),
  },
  {
    name: "a write below a link of a lower layer stays in this layer",
    tar: () => forgeArchive(file("esc/etc/x")),
    check: has("esc/etc/x"),
  },
  {
    name: "a folder that was replaced by a link",
    tar: () => forgeArchive(dir("d"), symlink("d", outside), file("d/new")),
    check: (shown) => {
      expect(shown.d).toContain("-> ");
      has(`${inside()}/new`)(shown);
    },
  },
  {
    name: "a file over a link replaces the link",
    tar: () => forgeArchive(symlink("x", `${outside}/passwd`), file("x")),
    check: (shown) => expect(shown.x).toStartWith("100644"),
  },
  {
    name: "a folder entry on a link replaces the link",
    tar: () => forgeArchive(symlink("esc", outside), dir("esc/", { mode: 0o777, uid: 7, mtime: 5 })),
    check: (shown) => expect(shown.esc).toStartWith("40777 7:0"),
  },
  {
    name: "links in a circle",
    tar: () => forgeArchive(symlink("a", "b"), symlink("b", "a"), file("a/x")),
    refused: /too many links/,
  },
  {
    name: "links that multiply",
    tar: () =>
      forgeArchive(
        ...Array.from({ length: 30 }, (_, i) => symlink(`l${i}`, `/l${i + 1}/../l${i + 1}`)),
        file("l0/x"),
      ),
    refused: /too many links/,
  },
  {
    name: "a hard link to an absolute name",
    tar: () => forgeArchive(hardLink("h", "/etc/passwd")),
    refused: /nothing in this layer/,
  },
  {
    name: "a hard link with parent steps",
    tar: () => forgeArchive(dir("a"), hardLink("a/h", "../../../etc/passwd")),
    refused: /nothing in this layer/,
  },
  {
    name: "a hard link below a link",
    tar: () => forgeArchive(symlink("esc", outside), hardLink("h", "esc/passwd")),
    refused: /nothing in this layer/,
  },
  {
    name: "a hard link through a chain of links",
    tar: () =>
      forgeArchive(
        dir("a/b/c"),
        symlink("a/b/c/up", "../.."),
        symlink("a/b/escape", "c/up/../.."),
        hardLink("h", `a/b/escape${"/..".repeat(9)}${outside}/passwd`),
      ),
    refused: /nothing in this layer/,
  },
  {
    name: "a hard link to a link links the link",
    tar: () => forgeArchive(symlink("s", `${outside}/passwd`), hardLink("h", "s")),
    check: (shown) => {
      expect(shown.h).toContain(`-> ${outside}/passwd`);
      expect(shown.h).toContain("2 links");
    },
  },
  {
    name: "a hard link to a folder",
    tar: () => forgeArchive(dir("d"), hardLink("h", "d")),
    refused: /leads to a folder/,
  },
  {
    name: "a hard link to nothing",
    tar: () => forgeArchive(hardLink("h", "missing")),
    refused: /nothing in this layer/,
  },
  {
    name: "a whiteout with parent steps",
    tar: () => forgeArchive(file("../../etc/.wh.passwd")),
    refused: /steps out/,
  },
  {
    name: "a whiteout below a link acts inside",
    tar: () => forgeArchive(symlink("esc", outside), file("esc/.wh.passwd")),
    check: (shown) => expect(shown[`${inside()}/passwd`]).toContain("device 0"),
  },
  {
    name: "an opaque marker in a linked folder acts inside",
    tar: () => forgeArchive(symlink("esc", outside), file("esc/.wh..wh..opq")),
    check: (shown) => expect(shown[inside()]).toContain("trusted.overlay.opaque=79"),
  },
  { name: "the whiteout of no name", tar: () => forgeArchive(file(".wh.")), refused: /names no file/ },
  { name: "the whiteout of a dot", tar: () => forgeArchive(file("a/.wh..")), refused: /names no file/ },
  { name: "the whiteout of two dots", tar: () => forgeArchive(file("a/.wh...")), refused: /names no file/ },
  { name: "a file below a whiteout", tar: () => forgeArchive(file(".wh.a/b")), refused: /below a whiteout/ },
  {
    name: "the books of AUFS are ignored",
    tar: () => forgeArchive(dir(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs"), file("a")),
    check: (shown) => expect(Object.keys(shown)).toEqual(["", "a"]),
  },
  {
    name: "devices and fifos are kept",
    tar: () =>
      forgeArchive(
        { name: "c", type: "3", major: 1, minor: 3 },
        { name: "b", type: "4", major: 8, minor: 300 },
        { name: "f", type: "6" },
      ),
    check: (shown) => {
      expect(shown.c).toContain("device 259");
      expect(shown.c).toStartWith("20644");
      expect(shown.b).toStartWith("60644");
      expect(shown.f).toStartWith("10644");
    },
  },
  {
    name: "a device with an impossible number",
    tar: () => forgeArchive({ name: "c", type: "3", major: 5000 }),
    refused: /impossible number/,
  },
  { name: "a character device 0:0", tar: () => forgeArchive({ name: "c", type: "3" }), refused: /0:0/ },
  {
    name: "attributes of overlayfs are dropped",
    tar: () =>
      forgeArchive(
        dir("d", {
          pax: {
            "SCHILY.xattr.trusted.overlay.opaque": "y",
            "SCHILY.xattr.trusted.overlay.redirect": "/etc",
            "LIBARCHIVE.xattr.trusted.overlay.metacopy": "eQ==",
            "LIBARCHIVE.xattr.user%2eoverlay.origin": "eQ==",
            "SCHILY.xattr.user.kept": "yes",
            "SCHILY.xattr.unknown": "no",
          },
        }),
      ),
    check: (shown) => {
      expect(shown.d).not.toContain("overlay");
      expect(shown.d).toContain("user.kept=796573");
    },
  },
  {
    name: "capabilities and setuid are kept",
    tar: () =>
      forgeArchive(
        file("ping", { mode: 0o4755, uid: 5, pax: { "SCHILY.xattr.security.capability": capability } }),
      ),
    check: (shown, root) => {
      expect(shown.ping).toStartWith("104755 5:0");
      expect(readXattr(Buffer.from(`${root}/ping`), "security.capability")).toEqual(capability);
    },
  },
  {
    name: "the owner -1",
    tar: () => forgeArchive(file("a", { pax: { uid: "4294967295" } })),
    refused: /owner/,
  },
  {
    name: "a group beyond 2^32",
    tar: () => forgeArchive(file("a", { pax: { gid: "4294967296" } })),
    refused: /owner or group/,
  },
  {
    name: "a negative owner",
    tar: () => forgeArchive(file("a", { edit: (h) => h.fill(0xff, 108, 116) })),
    refused: /owner/,
  },
  {
    name: "the largest owner",
    tar: () => forgeArchive(file("a", { pax: { uid: "4294967294" } })),
    check: (shown) => expect(shown.a).toContain(" 4294967294:0 "),
  },
  {
    name: "a size of 2^62 in base 256",
    tar: () =>
      forgeArchive(file("a", { edit: (h) => Buffer.from("800000004000000000000000", "hex").copy(h, 124) })),
    refused: /beyond all limits/,
  },
  {
    name: "a size of 2^50",
    tar: () => forgeArchive(file("a", { pax: { size: String(2 ** 50) } })),
    refused: /longer than 8 TiB/,
  },
  {
    name: "a negative size",
    tar: () => forgeArchive(file("a", { edit: (h) => h.fill(0xff, 124, 136) })),
    refused: /negative/,
  },
  {
    name: "a pax size unlike the header's",
    tar: () => forgeArchive(file("a", { pax: { size: "100000" } })),
    refused: /ends too early/,
  },
  {
    name: "a pax size that is no number",
    tar: () => forgeArchive(file("a", { pax: { size: "-5" } })),
    refused: /sensible number/,
  },
  {
    name: "more entries than the limit",
    tar: () => forgeArchive(...Array.from({ length: 50 }, (_, i) => file(`f${i}`))),
    refused: /more than 40 entries/,
    limits: { entries: 40 },
  },
  {
    name: "more names than the limit",
    tar: () => forgeArchive(...Array.from({ length: 50 }, (_, i) => file(`${"f".repeat(90)}${i}`))),
    refused: /more than 4000 bytes/,
    limits: { nameBytes: 4000 },
  },
  {
    name: "implied folders count as entries",
    tar: () => forgeArchive(file(`${"a/".repeat(45)}x`)),
    refused: /more than 40 entries/,
    limits: { entries: 40 },
  },
  {
    name: "a pax header of 256 MiB",
    tar: () => forgeArchive({ name: "pax", type: "x", edit: (h) => h.write(octal(256 << 20, 11), 124) }),
    refused: /extended header is 268435456 bytes/,
  },
  {
    name: "a path of 5000 bytes",
    tar: () => forgeArchive(file("a", { pax: { path: "ab/".repeat(1700) } })),
    refused: /path is/,
  },
  {
    name: "a path that grows beyond 4096 bytes through links",
    tar: () => {
      const deep = "d".repeat(250);
      return forgeArchive(
        file("a", { pax: { path: `${`${deep}/`.repeat(16)}a` } }),
        {
          name: "s",
          type: "2",
          pax: { linkpath: `${deep}/`.repeat(16) },
        },
        file("a", { pax: { path: `s/${`${deep}/`.repeat(2)}a` } }),
      );
    },
    refused: /longer than 4095/,
  },
  {
    name: "a component of 256 bytes",
    tar: () => forgeArchive(file("a", { pax: { path: "n".repeat(256) } })),
    refused: /256 bytes long/,
  },
  {
    name: "a truncated archive",
    tar: () => forgeArchive(file("a", { data: Buffer.alloc(9000) })).subarray(0, 4000),
    refused: /too early/,
  },
  { name: "an archive without its end", tar: () => forgeEntry(file("a")), refused: /too early/ },
  {
    name: "a wrong checksum",
    tar: () => {
      const tar = forgeArchive(file("a"));
      tar[0] = 98;
      return tar;
    },
    refused: /checksum/,
  },
  {
    name: "garbage between members",
    tar: () => forgeArchive(file("a"), Buffer.alloc(512, "garbage"), file("b")),
    refused: /checksum|number/,
  },
  {
    name: "a lone zero block between members",
    tar: () => forgeArchive(file("a"), Buffer.alloc(512), file("b")),
    refused: /lone closing block/,
  },
  {
    name: "bytes after the end are ignored",
    tar: () => Buffer.concat([forgeArchive(file("a")), Buffer.alloc(9999, "junk")]),
    check: (shown) => expect(Object.keys(shown)).toEqual(["", "a"]),
  },
  { name: "an unknown type", tar: () => forgeArchive(file("a", { type: "Q" })), refused: /unknown type/ },
  {
    name: "a NUL in a pax path",
    tar: () => forgeArchive(file("a", { pax: { path: "a\0b" } })),
    refused: /NUL/,
  },
  {
    name: "a NUL in a pax link",
    tar: () => forgeArchive({ name: "a", type: "2", link: "x", pax: { linkpath: "a\0b" } }),
    refused: /NUL/,
  },
  {
    name: "a NUL in a GNU long name",
    tar: () => forgeArchive(forgeLong("L", "a\0b"), file("a")),
    refused: /NUL/,
  },
  {
    name: "odd names are kept byte for byte",
    tar: () =>
      forgeArchive(
        file("-rf"),
        file("a\nb"),
        file("back\\slash"),
        file(Buffer.from([0xff, 0xfe, 0x41])),
        file("$(x)"),
      ),
    check: (shown) =>
      expect(Object.keys(shown).sort()).toEqual(["", "$(x)", "-rf", "a\nb", "back\\slash", "\xff\xfeA"]),
  },
  {
    name: "the same file twice: the last counts",
    tar: () => forgeArchive(file("a", { data: "first" }), file("a", { data: "second!" })),
    check: (_, root) => expect(readFileSync(`${root}/a`, "utf8")).toBe("second!"),
  },
  {
    name: "a file over a folder takes the folder's place",
    tar: () => forgeArchive(file("d/x"), file("d")),
    check: (shown) => expect(Object.keys(shown)).toEqual(["", "d"]),
  },
  { name: "a file below a file", tar: () => forgeArchive(file("a"), file("a/b")), refused: /not a folder/ },
  { name: "a file without a name", tar: () => forgeArchive(file("./")), refused: /no name/ },
  {
    name: "pax keys that are names of JavaScript",
    tar: () => forgeArchive(file("a", { pax: { __proto__x: "1", constructor: "x", toString: "y" } })),
    check: has("a"),
  },
  {
    name: "sparse regions that overlap",
    tar: () => forgeArchive(file("a", { pax: { "GNU.sparse.map": "0,2,1,2", "GNU.sparse.size": "10" } })),
    refused: /overlap/,
  },
  {
    name: "sparse regions beyond the file",
    tar: () => forgeArchive(file("a", { pax: { "GNU.sparse.map": "8,4", "GNU.sparse.size": "10" } })),
    refused: /leave the file/,
  },
  {
    name: "a sparse map unlike the stored bytes",
    tar: () => forgeArchive(file("a", { pax: { "GNU.sparse.map": "0,3", "GNU.sparse.size": "10" } })),
    refused: /its map says 3/,
  },
  {
    name: "a sparse file of 1 TiB takes no room",
    tar: () =>
      forgeArchive(
        file("a", { pax: { "GNU.sparse.map": `${2 ** 39},4`, "GNU.sparse.size": String(2 ** 40) } }),
      ),
    most: 1 << 20,
  },
  {
    name: "64 MiB of zeros take no room",
    tar: () => forgeArchive(file("a", { data: Buffer.alloc(64 << 20) })),
    most: 4 << 20,
  },
];

/**
 * What an archive could do to a file of the host by a link. Not its times and its inode: a test beside this one may add a
 * user, which writes the file anew.
 */
function watchedOf(path: string) {
  const { mode, uid, gid, nlink } = statSync(path);
  return { mode, uid, gid, nlink, isOurs: readFileSync(path, "utf8").startsWith("root:") };
}

/** Version 2, permitted and effective cap_net_raw. */
const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");

describe.skipIf(!isRoot)("LayerTree (mounting erofs and keeping owners takes root)", () => {
  for (const form of ["erofs", "folder"] as const) {
    for (const { name, tar, refused, check, most, limits } of cases) {
      test(`${form}: ${name}`, () => {
        const place = `${folder}/${count++}`;
        const before = showTree(outside);
        const passwd = watchedOf("/etc/passwd");
        const look = (root: string) => {
          if (check !== undefined) check(showTree(root), root);
        };
        if (refused === undefined) unpackHere(tar(), form, place, look, limits);
        else expect(reasonFor(() => unpackHere(tar(), form, place, look, limits))).toMatch(refused);
        if (most !== undefined) {
          const result = statSync(form === "erofs" ? `${place}/image` : `${place}/fs/a`);
          expect(result.blocks * 512).toBeLessThan(most);
        }
        expect(showTree(outside)).toEqual(before);
        expect(watchedOf("/etc/passwd")).toEqual(passwd);
        expect(existsSync(`${outside}/new`)).toBe(false);
      });
    }
  }
});

/** The reason stands in `why`, or in the message of a fault that no door has dressed yet. */
function reasonFor(action: () => void): string {
  try {
    action();
  } catch (error) {
    return `${(error as Error).message} ${(error as { why?: string }).why ?? ""}`;
  }
  return "it was taken";
}
