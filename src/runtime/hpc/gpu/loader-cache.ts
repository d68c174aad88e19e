// /etc/ld.so.cache: where the loader finds a library by its name. Read as it is, without ldconfig(8): a start asks it once,
// and an image's own is read without running anything of the image.
// Source: sysdeps/generic/dl-cache.h of glibc; the format "glibc-ld.so.cache1.1" is written since 2.2 (2000), behind one of
// the older format until 2.31.

export interface CachedLibrary {
  /** As programs ask for it, such as libcuda.so.1. */
  readonly name: string;
  readonly path: string;
}

const magic = "glibc-ld.so.cache1.1";
const oldMagic = "ld.so-1.7.0";
const headerBytes = 48;
const entryBytes = 24;
const oldHeaderBytes = 16;
const oldEntryBytes = 12;
const longestText = 4096;
/** Of all names and paths together: entries of a hostile cache may all point at one long text. */
const mostText = 16 * 1024 * 1024;

/**
 * The libraries of a cache in its order, without those that only some processors can run (glibc-hwcaps). Undefined when it
 * is no such cache, or one of another byte order, or not whole.
 */
export function parseLoaderCache(bytes: Uint8Array): readonly CachedLibrary[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = findStart(bytes, view);
  if (start === undefined || start + headerBytes > bytes.length) return undefined;
  // 0: not said, by older ones; 2: little-endian.
  const order = view.getUint8(start + 28) & 3;
  if (order !== 0 && order !== 2) return undefined;
  const count = view.getUint32(start + 20, true);
  if (start + headerBytes + count * entryBytes > bytes.length) return undefined;
  const libraries: CachedLibrary[] = [];
  let left = mostText;
  for (let index = 0; index < count; index++) {
    const at = start + headerBytes + index * entryBytes;
    if (view.getBigUint64(at + 16, true) !== 0n) continue;
    const name = textAt(bytes, start + view.getUint32(at + 4, true));
    const path = textAt(bytes, start + view.getUint32(at + 8, true));
    if (name === undefined || path === undefined) return undefined;
    left -= name.length + path.length;
    if (left < 0) return undefined;
    if (path.startsWith("/") && !name.includes("/")) libraries.push({ name, path });
  }
  return libraries;
}

/** The newer format begins the file, or follows the older one, at the next multiple of 8. */
function findStart(bytes: Uint8Array, view: DataView): number | undefined {
  if (startsWith(bytes, 0, magic)) return 0;
  if (!startsWith(bytes, 0, oldMagic) || bytes.length < oldHeaderBytes) return undefined;
  const end = oldHeaderBytes + view.getUint32(12, true) * oldEntryBytes;
  const start = Math.ceil(end / 8) * 8;
  return startsWith(bytes, start, magic) ? start : undefined;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return Buffer.from(bytes.subarray(at, at + text.length)).toString("latin1") === text;
}

function textAt(bytes: Uint8Array, at: number): string | undefined {
  const end = bytes.indexOf(0, at);
  return at >= bytes.length || end < 0 || end - at > longestText
    ? undefined
    : Buffer.from(bytes.subarray(at, end)).toString();
}
