import { expect, test } from "bun:test";
import { parseSquashfsList } from "./unsquashfs.ts";

test("parseSquashfsList() keeps files and links, with their sizes", () => {
  const text = [
    "drwxr-xr-x 0/0                      55 2026-11-25 17:39 squashfs-root/.singularity.d",
    "-rw-r--r-- 0/0                       2 2026-11-25 17:39 squashfs-root/.singularity.d/a b",
    "lrwxrwxrwx 1000/1000                16 2026-11-25 17:39 squashfs-root/.singularity.d/test -> ../../etc/passwd",
    "crw-rw-rw- 0/0                  1,  3 2026-11-25 17:39 squashfs-root/dev/null",
    "",
  ].join("\n");
  expect(parseSquashfsList(text)).toEqual([
    { path: "/.singularity.d/a b", size: 2 },
    { path: "/.singularity.d/test", size: 16 },
  ]);
});
