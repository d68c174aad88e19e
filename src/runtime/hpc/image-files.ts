import { fstatSync, readdirSync } from "node:fs";
import { readInside } from "./read-inside.ts";
import { mayExecute, openFlag, openInside } from "#host";

/** Looks at files below an open folder as a program sees them that has it as its root: links stay inside. */
export class ImageFiles {
  readonly #root: number;

  constructor(root: number) {
    this.#root = root;
  }

  /** A file that this person may start. */
  isExecutable(path: string): boolean {
    try {
      using file = openInside(this.#root, path, openFlag.path);
      return fstatSync(file.fd).isFile() && mayExecute(file.fd);
    } catch {
      return false;
    }
  }

  exists(path: string): boolean {
    return this.#kind(path) !== undefined;
  }

  isFolder(path: string): boolean {
    return this.#kind(path) === "folder";
  }

  #kind(path: string): "folder" | "file" | "other" | undefined {
    try {
      using file = openInside(this.#root, path, openFlag.path);
      const info = fstatSync(file.fd);
      return info.isDirectory() ? "folder" : info.isFile() ? "file" : "other";
    } catch {
      return undefined;
    }
  }

  isFile(path: string): boolean {
    return this.#kind(path) === "file";
  }

  /** Undefined for what is no regular file, or longer than any script. */
  read(path: string): string | undefined {
    return readInside(this.#root, path);
  }

  /** The names in a folder; none where there is no folder. */
  namesIn(path: string): readonly string[] {
    try {
      using folder = openInside(this.#root, path, openFlag.directory);
      return readdirSync(folder.path);
    } catch {
      return [];
    }
  }
}
