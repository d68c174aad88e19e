import { fstatSync, readdirSync } from "node:fs";
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

  #kind(path: string): "folder" | "other" | undefined {
    try {
      using file = openInside(this.#root, path, openFlag.path);
      return fstatSync(file.fd).isDirectory() ? "folder" : "other";
    } catch {
      return undefined;
    }
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
