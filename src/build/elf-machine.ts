import { constants, readSync } from "node:fs";
import { openInside, openRoot } from "#host";

/** The architectures by their number in the header of a program (elf(5), e_machine). */
const machines: Readonly<Record<number, string>> = {
  3: "386",
  8: "mips",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};

/** The architecture that a program of a root is made for; undefined where it is no program, or not to be found there. */
export function machineOf(rootfs: string, path: string): string | undefined {
  const head = Buffer.alloc(20);
  try {
    using root = openRoot(rootfs);
    using file = openInside(root.fd, path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (readSync(file.fd, head, 0, head.length, 0) < head.length) return undefined;
  } catch {
    return undefined;
  }
  if (head.subarray(0, 4).toString("latin1") !== "\x7fELF") return undefined;
  const isBigEndian = head[5] === 2;
  return machines[isBigEndian ? head.readUInt16BE(18) : head.readUInt16LE(18)];
}
