import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { makeMount, readXattrs } from "#host";
import { defaultLimits, LayerApplier, type LayerLimits } from "./apply.ts";
import { ErofsWriter } from "./erofs.ts";
import { FolderWriter } from "./folder.ts";
import { TarReader } from "./tar-read.ts";
import type { LayerWriter } from "./writer.ts";

// For tests: unpacks an archive in this process, in either form, and shows what came out.

export type Shown = Record<string, string>;

/** Unpacks `tar` below `place` (a folder that does not exist yet) and gives the root of the result to `look`. */
export function unpackHere<T>(
  tar: Buffer,
  form: "erofs" | "folder",
  place: string,
  look: (root: string) => T,
  limits: Partial<LayerLimits> = {},
): T {
  mkdirSync(place);
  if (form === "folder") {
    const before = process.cwd();
    mkdirSync(`${place}/fs`);
    mkdirSync(`${place}/data`);
    process.chdir(`${place}/fs`);
    try {
      feed(tar, new FolderWriter({ marks: "trusted", owners: "keep", inUserNamespace: false }), limits);
    } finally {
      process.chdir(before);
    }
    return look(`${place}/fs`);
  }
  const fd = openSync(`${place}/image`, "wx");
  try {
    feed(tar, new ErofsWriter(fd, "trusted"), limits);
  } finally {
    closeSync(fd);
  }
  using mount = makeMount("erofs", [
    ["source", `${place}/image`],
    ["ro", null],
  ]);
  return look(mount.path);
}

function feed(tar: Buffer, writer: LayerWriter, limits: Partial<LayerLimits>): void {
  const applier = new LayerApplier(writer, { ...defaultLimits, ...limits });
  const reader = new TarReader(applier, { subject: "the test" });
  // An odd length, so that headers and data are cut everywhere.
  for (let at = 0; at < tar.length; at += 7001) reader.push(tar.subarray(at, at + 7001));
  reader.finish();
  applier.finish();
}

/** Every path (binary) with its type, mode, owner, time, links, attributes and content or target. */
export function showTree(root: string): Shown {
  const shown: Shown = {};
  const seen = new Map<bigint, string>();
  const visit = (path: Buffer, name: string): void => {
    const info = lstatSync(path, { bigint: true });
    const mode = Number(info.mode);
    const parts = [`${mode.toString(8)} ${info.uid}:${info.gid} ${info.mtimeNs}`];
    for (const [key, value] of readXattrs(path) ?? []) parts.push(`${key}=${value.toString("hex")}`);
    if (info.isSymbolicLink()) parts.push(`-> ${readlinkSync(path, "latin1")}`);
    if (info.isCharacterDevice() || info.isBlockDevice()) parts.push(`device ${info.rdev}`);
    if (info.isFile()) {
      parts.push(`${info.size} ${new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex")}`);
    }
    if (!info.isDirectory() && info.nlink > 1n) {
      const first = seen.get(info.ino);
      if (first === undefined) seen.set(info.ino, name);
      parts.push(`${info.nlink} links, as ${first ?? name}`);
    }
    shown[name] = parts.join(" ");
    if (!info.isDirectory()) return;
    const names = readdirSync(path, "buffer").map((entry) => entry.toString("latin1"));
    for (const entry of names.sort()) {
      visit(
        Buffer.concat([path, Buffer.from(`/${entry}`, "latin1")]),
        name === "" ? entry : `${name}/${entry}`,
      );
    }
  };
  // The path of a mount is a link of /proc.
  visit(Buffer.from(`${root}/.`), "");
  return shown;
}
