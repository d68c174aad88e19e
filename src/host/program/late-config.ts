import { closeSync, renameSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { checked, libc, pointer } from "../kernel/libc.ts";

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const pipeSize = 65536;

/** What a runtime has begun to do for a bundle whose config.json is still to come. */
export interface Beginning<Answer> {
  /** Gives it the runtime config as JSON, which from then on also lies in the bundle. */
  provide(config: string): Answer;
  /** Ends it. Nothing stays behind but the bundle. */
  abandon(): void;
}

/**
 * The config.json of a bundle that is not whole yet. A runtime takes half of its time to load its libraries; started now,
 * it does so while the bundle is being made, and waits where it reads this file: a pipe, reached by a link to our
 * descriptor. When this process dies, the runtime finds the link dead or the pipe empty, and gives up.
 */
export class LateConfig {
  readonly #path: string;
  readonly #readEnd: number;
  #writeEnd: number | undefined;

  constructor(bundle: string) {
    const pipe = new Int32Array(2);
    checked("pipe2", libc().pipe2(pointer(pipe), O_CLOEXEC));
    [this.#readEnd = -1, this.#writeEnd] = pipe;
    this.#path = `${bundle}/config.json`;
    symlinkSync(`/proc/${process.pid}/fd/${this.#readEnd}`, this.#path);
  }

  /** Lets the runtime go on, and leaves the file there for those who come later. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    const fd = this.#writeEnd ?? -1;
    // All of it must fit: whoever is to read it may have died, and then a write would wait for ever.
    if (bytes.length > pipeSize)
      checked("enlarge a pipe for config.json", libc().fcntl(fd, F_SETPIPE_SZ, BigInt(bytes.length)));
    // The file first: crun reads it a second time, to keep a copy, as soon as it has the first bytes.
    writeFileSync(`${this.#path}.new`, bytes, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    this.end();
  }

  /** Nobody needs the pipe any more. */
  close(): void {
    this.end();
    closeSync(this.#readEnd);
  }

  /** A runtime that still waits finds the file empty. */
  end(): void {
    if (this.#writeEnd !== undefined) closeSync(this.#writeEnd);
    this.#writeEnd = undefined;
  }
}
