import type { SquashfsCompression } from "#host";
import { sifValueUnfit } from "./error.ts";

/** How the root file system is packed. */
export type SquashfsPacking = SquashfsCompression;

const wanted = "zstd, gzip (each with a level, as in zstd:3), lz4, lz4:hc or xz";

/**
 * Parses "zstd", "zstd:19", "gzip:9", "lz4", "lz4:hc", "xz". Without a level the quick one is meant: the programs' own
 * levels take 20 times as long for a fifth of the size. The file system must be read by kernels that lack zstd only
 * before Linux 4.14.
 */
export function parseSquashfsPacking(text: string): SquashfsPacking {
  const [name, level, ...more] = text.split(":");
  const unfit = () => sifValueUnfit("compression", text, wanted);
  if (more.length > 0) throw unfit();
  switch (name) {
    case "zstd":
      return { kind: "zstd", level: parseLevel(level, 22, unfit) };
    case "gzip":
      return { kind: "gzip", level: parseLevel(level, 9, unfit) };
    case "lz4":
      if (level !== undefined && level !== "hc") throw unfit();
      return { kind: "lz4", high: level === "hc" };
    case "xz":
      if (level !== undefined) throw unfit();
      return { kind: "xz" };
    default:
      throw unfit();
  }
}

function parseLevel(text: string | undefined, most: number, unfit: () => Error): number {
  if (text === undefined) return 1;
  const level = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (level < 1 || level > most) throw unfit();
  return level;
}
