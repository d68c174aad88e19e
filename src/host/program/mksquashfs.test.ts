import { describe, expect, test } from "bun:test";
import { mksquashfsArgs, mksquashfsCommand, mksquashfsEnv, type SquashfsWish } from "./mksquashfs.ts";

const folder = { kind: "folder", path: "/root-of-it", allRoot: false, fileTimes: "kept" } as const;
const wish: SquashfsWish = {
  source: folder,
  target: "/x.sif",
  offset: 36864,
  compression: { kind: "zstd", level: 1 },
  time: 7,
};
const text = (part: Partial<SquashfsWish>) => mksquashfsArgs({ ...wish, ...part }).join(" ");
const common = "-noappend -no-recovery -no-progress -quiet -reproducible";

describe("mksquashfsArgs()", () => {
  test("of a folder", () => {
    expect(text({})).toBe(
      `/root-of-it /x.sif ${common} -offset 36864 -comp zstd -Xcompression-level 1 -mkfs-time 7`,
    );
    expect(text({ source: { ...folder, allRoot: true, fileTimes: "all" }, offset: 0, processors: 2 })).toBe(
      `/root-of-it /x.sif ${common} -comp zstd -Xcompression-level 1 -mkfs-time 7 -all-time 7 -all-root -processors 2`,
    );
  });

  test("of a tar sets the mode of its root folder, and leaves the times to the environment", () => {
    const source = { kind: "tar", fileTimes: "clamped" } as const;
    expect(text({ source, offset: 0 })).toBe(
      `- /x.sif -tar -root-mode 0755 ${common} -comp zstd -Xcompression-level 1`,
    );
    const env = { PATH: "/bin", SOURCE_DATE_EPOCH: "99" };
    expect(mksquashfsEnv({ ...wish, source }, env)).toEqual({ PATH: "/bin", SOURCE_DATE_EPOCH: "7" });
    expect(mksquashfsEnv(wish, env)).toEqual({ PATH: "/bin" });
  });

  test("an ordinary user packs a tar as root of a namespace, for the owner of the root folder", () => {
    const source = { kind: "tar", fileTimes: "all" } as const;
    const start = (part: Partial<SquashfsWish>, isRoot: boolean) =>
      mksquashfsCommand({ ...wish, ...part }, isRoot).slice(0, 4);
    expect(start({ source }, false)).toEqual(["unshare", "--map-root-user", "--", "mksquashfs"]);
    expect(start({ source }, true)[0]).toBe("mksquashfs");
    expect(start({}, false)[0]).toBe("mksquashfs");
  });

  test.each([
    [{ kind: "gzip", level: 9 }, "-comp gzip -Xcompression-level 9 "],
    [{ kind: "lz4", high: false }, "-comp lz4 -mkfs-time"],
    [{ kind: "lz4", high: true }, "-comp lz4 -Xhc "],
    [{ kind: "xz" }, "-comp xz -mkfs-time"],
  ] as const)("%o", (compression, part) => {
    expect(text({ compression })).toContain(part);
  });
});
