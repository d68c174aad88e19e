import { fstatSync, readSync, writeSync } from "node:fs";
import { checked, errno, moreOfLibc, libc, pointer, SystemError } from "./libc.ts";

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

/**
 * Copies what is left of one open file, or all that a pipe gives, to a place in another. Inside the kernel where it can
 * (copy_file_range(2), which shares the blocks on file systems that can), else through 1 MiB of memory. Gives the bytes.
 * A file that grows meanwhile, as one does that is copied into itself, is copied up to the length it had.
 */
export function copyFileAt(from: number, to: number, position: number): number {
  const info = fstatSync(from);
  // The size that files of /proc claim is 0.
  const most = info.isFile() && info.size > 0 ? info.size : Number.POSITIVE_INFINITY;
  const place = new BigInt64Array([BigInt(position)]);
  const done = () => Number(place[0]!) - position;
  while (done() < most) {
    const wanted = most - done() < Number(piece) ? BigInt(most - done()) : piece;
    const count = Number(moreOfLibc().copy_file_range(from, null, to, pointer(place), wanted, 0));
    if (count > 0) continue;
    if (count < 0) {
      const code = errno();
      if (![EXDEV, EINVAL, EOPNOTSUPP].includes(code)) throw new SystemError("copy_file_range", code);
    }
    break;
  }
  return done() + pumpAt(from, to, Number(place[0]!), most - done());
}

function pumpAt(from: number, to: number, position: number, most: number): number {
  const buffer = Buffer.alloc(Math.min(1 << 20, most));
  let total = 0;
  while (total < most) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, most - total), null);
    if (count === 0) break;
    for (let done = 0; done < count; )
      done += writeSync(to, buffer, done, count - done, position + total + done);
    total += count;
  }
  return total;
}
