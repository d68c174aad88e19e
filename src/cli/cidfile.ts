import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { cidfileRefused } from "./error.ts";

/** The file of `--cidfile`, made empty before the container is, so that a file that is there already stops everything. */
export class IdFile implements Disposable {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, "wx");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw cidfileRefused(path, code === "EEXIST" ? "the file is there already" : message);
    }
  }

  write(id: string): void {
    if (this.#fd === undefined) return;
    writeSync(this.#fd, id);
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Takes the file away when no container came about. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }
}

export function openIdFile(path: string | undefined): IdFile | undefined {
  return path === undefined ? undefined : new IdFile(path);
}
