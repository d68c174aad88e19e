import { readSync } from "node:fs";

/** The first bytes of an open file, which tell its compression: the bytes decide, not the media type. Archives lie about it. */
export function readHead(fd: number): Buffer {
  const head = Buffer.alloc(6);
  return head.subarray(0, readSync(fd, head, 0, head.length, 0));
}
