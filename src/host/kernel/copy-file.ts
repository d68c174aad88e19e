import { checked, errno, moreOfLibc, libc, SystemError } from "./libc.ts";

const piece = 1n << 30n;
const EXDEV = 18;
const EINVAL = 22;
const EOPNOTSUPP = 95;

/**
 * Copies all of one open file to another inside the kernel (copy_file_range(2); sendfile(2) where file systems do not
 * agree): no byte of a large file passes through this process. Gives the bytes.
 */
export function copyFile(from: number, to: number): number {
  for (let total = 0; ; ) {
    const count = Number(moreOfLibc().copy_file_range(from, null, to, null, piece, 0));
    if (count > 0) total += count;
    else if (count === 0) return total + sendRest(from, to);
    else {
      const code = errno();
      if (total > 0 || ![EXDEV, EINVAL, EOPNOTSUPP].includes(code))
        throw new SystemError("copy_file_range", code);
      return sendRest(from, to);
    }
  }
}

/** Files of /proc and the like look empty to copy_file_range(2). */
function sendRest(from: number, to: number): number {
  for (let total = 0; ; ) {
    const count = checked("sendfile", Number(libc().sendfile(to, from, null, piece)));
    if (count === 0) return total;
    total += count;
  }
}
