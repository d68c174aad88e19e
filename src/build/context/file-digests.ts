import { mkdirSync, readFileSync } from "node:fs";
import { writeAtomic } from "#host";
import type { FileDigests, FileIdentity } from "../copy/source-tree.ts";

/** A file that was changed as lately as this may be changed again without a look of its times telling so. */
const settledAfter = 2_000_000_000n;

/**
 * The digests of a folder's files, kept between builds under what lstat(2) says of each: with 20,000 files and one
 * changed, one is read. Git does the same, with the same caution about files that were just written.
 */
export class StoredDigests implements FileDigests {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, string>;
  readonly #now = new Map<string, string>();
  readonly #began = BigInt(Date.now()) * 1_000_000n;
  #changed = false;

  constructor(folder: string, root: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = `${folder}/${new Bun.CryptoHasher("sha256").update(root).digest("hex").slice(0, 32)}`;
    this.#known = read(this.#path);
  }

  find(path: string, info: FileIdentity): string | undefined {
    const line = this.#known.get(path);
    const identity = identityOf(info);
    if (line === undefined || !line.startsWith(identity)) return undefined;
    this.#now.set(path, line);
    return line.slice(identity.length);
  }

  put(path: string, info: FileIdentity, digest: string): void {
    if (info.ctimeNs > this.#began - settledAfter || info.mtimeNs > this.#began - settledAfter) return;
    this.#now.set(path, identityOf(info) + digest);
    this.#changed = true;
  }

  /** Keeps what was found for the next build. */
  save(): void {
    if (!this.#changed && this.#now.size === this.#known.size) return;
    const lines = [...new Map([...this.#known, ...this.#now])].map(([path, line]) => `${line} ${path}\0`);
    try {
      writeAtomic(this.#path, Buffer.from(lines.join(""), "latin1"), 0o600);
    } catch {
      // It only saves time; on a full disk, the build's own error is the one to tell.
    }
  }
}

function identityOf(info: FileIdentity): string {
  return `${info.ino}-${info.size}-${info.mtimeNs}-${info.ctimeNs}=`;
}

function read(path: string): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch {
    return new Map();
  }
  const known = new Map<string, string>();
  for (const entry of text.split("\0")) {
    const blank = entry.indexOf(" ");
    if (blank > 0) known.set(entry.slice(blank + 1), entry.slice(0, blank));
  }
  return known;
}
