import { cString, errno, moreOfLibc, pointer, SystemError } from "./libc.ts";

// Extended attributes of a file itself, never of what a link points at. Names are binary strings.

const ENODATA = 61;
const EOPNOTSUPP = 95;
const ERANGE = 34;
const ENOENT = 2;

/** All extended attributes, sorted by name; none where the file system has none. */
export function readXattrs(path: Uint8Array): ReadonlyMap<string, Buffer> | undefined {
  const file = cString(path);
  const list = answer(`llistxattr`, (buffer) =>
    moreOfLibc().llistxattr(
      pointer(file),
      buffer === undefined ? null : pointer(buffer),
      BigInt(buffer?.length ?? 0),
    ),
  );
  if (list === undefined || list.length === 0) return undefined;
  const names = list.toString("latin1").split("\0").slice(0, -1).sort();
  const result = new Map<string, Buffer>();
  for (const name of names) {
    const key = cString(Buffer.from(name, "latin1"));
    const value = answer(`lgetxattr ${name}`, (buffer) =>
      moreOfLibc().lgetxattr(
        pointer(file),
        pointer(key),
        buffer === undefined ? null : pointer(buffer),
        BigInt(buffer?.length ?? 0),
      ),
    );
    if (value !== undefined) result.set(name, value);
  }
  return result;
}

/** One attribute, or undefined. */
export function readXattr(path: Uint8Array, name: string): Buffer | undefined {
  const [file, key] = [cString(path), cString(Buffer.from(name, "latin1"))];
  return answer(`lgetxattr ${name}`, (buffer) =>
    moreOfLibc().lgetxattr(
      pointer(file),
      pointer(key),
      buffer === undefined ? null : pointer(buffer),
      BigInt(buffer?.length ?? 0),
    ),
  );
}

/** Throws SystemError. */
export function writeXattr(path: Uint8Array, name: string, value: Uint8Array): void {
  const [file, key] = [cString(path), cString(Buffer.from(name, "latin1"))];
  // A pointer to no bytes is none; the size 0 says that nothing is read.
  const bytes = value.length === 0 ? Buffer.alloc(1) : value;
  const result = moreOfLibc().lsetxattr(pointer(file), pointer(key), pointer(bytes), BigInt(value.length), 0);
  if (result !== 0) throw new SystemError(`lsetxattr ${name}`, errno());
}

/** Asks for the size, then for the bytes, again when they grew in between. */
function answer(call: string, ask: (buffer: Buffer | undefined) => number | bigint): Buffer | undefined {
  for (;;) {
    const size = Number(ask(undefined));
    if (size < 0) {
      const code = errno();
      if (code === ENODATA || code === EOPNOTSUPP || code === ENOENT) return undefined;
      throw new SystemError(call, code);
    }
    if (size === 0) return Buffer.alloc(0);
    const buffer = Buffer.alloc(size);
    const got = Number(ask(buffer));
    if (got >= 0) return buffer.subarray(0, got);
    const code = errno();
    if (code === ENODATA) return undefined;
    if (code !== ERANGE) throw new SystemError(call, code);
  }
}
