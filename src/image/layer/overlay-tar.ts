import type { ByteSource } from "../archive/stream.ts";
import { type TarEntry, type TarHandler, TarReader } from "./tar-read.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-write.ts";

const opaque = /^(?:trusted|user)\.overlay\.opaque$/;
const overlayPrivate = /^(?:trusted|user)\.overlay\./;

/**
 * The tar of a layer in overlayfs's form (kernel, overlayfs.rst) as that of a layer in the OCI's (image-spec, layer.md):
 * a character device 0:0 becomes `.wh.NAME`, an opaque folder gets `.wh..wh..opq`. Throws tar-invalid.
 */
export async function* whiteoutsOf(tar: ByteSource): AsyncGenerator<Buffer, void> {
  const translator = new Translator();
  const reader = new TarReader(translator, { subject: "the layer" });
  for await (const bytes of tar) {
    reader.push(bytes);
    yield* translator.take();
  }
  reader.finish();
  yield* translator.take();
  yield tarEnd();
}

class Translator implements TarHandler {
  #out: Buffer[] = [];
  #size = 0;
  #offset = 0;

  take(): readonly Buffer[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  entry(entry: TarEntry): void {
    this.#offset = 0;
    this.#size = 0;
    const name = entry.name.replace(/\/+$/, "");
    if (entry.type === "character-device" && entry.deviceMajor === 0 && entry.deviceMinor === 0) {
      const slash = name.lastIndexOf("/") + 1;
      this.#marker(`${name.slice(0, slash)}.wh.${name.slice(slash)}`, entry);
      return;
    }
    this.#size = entry.type === "file" ? entry.size : 0;
    const xattrs = new Map([...(entry.xattrs ?? [])].filter(([key]) => !overlayPrivate.test(key)));
    this.#out.push(tarHeader({ ...entry, name, size: this.#size, xattrs }));
    const isOpaque = [...(entry.xattrs ?? [])].some(
      ([key, value]) => opaque.test(key) && value.toString("latin1") === "y",
    );
    if (entry.type === "directory" && isOpaque) this.#marker(`${name}/.wh..wh..opq`, entry);
  }

  data(bytes: Buffer, offset: number): void {
    this.#fill(offset);
    // The reader's own bytes are good for this call alone.
    this.#out.push(Buffer.from(bytes));
    this.#offset += bytes.length;
  }

  end(): void {
    this.#fill(this.#size);
    this.#out.push(tarPadding(this.#size));
  }

  #fill(offset: number): void {
    for (; this.#offset < offset; this.#offset += zeros.length)
      this.#out.push(zeros.subarray(0, Math.min(zeros.length, offset - this.#offset)));
    this.#offset = offset;
  }

  #marker(name: string, entry: TarEntry): void {
    this.#out.push(tarHeader({ type: "file", name, mode: 0o600, mtime: entry.mtime }));
  }
}

const zeros = Buffer.alloc(1 << 16);
