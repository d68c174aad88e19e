import { statSync } from "node:fs";

/** Bytes of an unpacked layer that is one file; undefined for a folder, whose size only a walk would tell. */
export function layerBytes(path: string): number | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  return info?.isFile() ? info.size : undefined;
}
