import { chmodSync, mkdirSync, readlinkSync, rmSync } from "node:fs";
import { gitClone, openFlag, openInside, openRoot } from "#host";
import { saveDownload, startDownload } from "../download.ts";
import { buildCanceled } from "../error.ts";
import { checksumWrong, fetchFailed } from "./error.ts";
import type { AddInstruction } from "./instruction.ts";
import { withoutPassword } from "../short.ts";
import type { OpenTree } from "./open-source.ts";

/** Whether a source of ADD is fetched from elsewhere. */
export function isRemote(source: string): boolean {
  return isAddress(source) || isGit(source);
}

/** Whether it is a file on a server, unless isGit(). */
export function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Whether it is a git repository. As BuildKit has it: of http, an address that ends in .git alone. */
export function isGit(source: string): boolean {
  return /^(?:git:\/\/|git@|ssh:\/\/)/.test(source) || /^https?:\/\/[^#]+\.git(?:#|$)/.test(source);
}

/** What was fetched: a folder that gives its contents, or one with a single file. */
export interface RemoteTree extends OpenTree {
  readonly isFolder: boolean;
}

/** Fetches remote sources of ADD into a folder of the build. */
export class RemoteSources {
  readonly #folder: string;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** One tree for each remote source; undefined when there is none. */
  async fetch(add: AddInstruction, signal: AbortSignal): Promise<readonly RemoteTree[] | undefined> {
    const remote = add.sources.filter(isRemote);
    if (remote.length === 0) return undefined;
    const trees: RemoteTree[] = [];
    try {
      for (const source of remote) trees.push(await this.#fetchOne(source, add, signal));
      return trees;
    } catch (error) {
      for (const tree of trees) tree.close();
      if (signal.aborted) throw buildCanceled();
      throw error;
    }
  }

  async #fetchOne(source: string, add: AddInstruction, signal: AbortSignal): Promise<RemoteTree> {
    this.#count++;
    const folder = `${this.#folder}/${process.pid}-fetched-${this.#count}`;
    const close = () => rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      const root = isGit(source)
        ? await fetchGit(source, folder, add, signal)
        : await fetchFile(source, folder, add, signal);
      return {
        root,
        isFolder: isGit(source),
        form: "plain",
        title: `"${withoutPassword(source)}"`,
        key: undefined,
        close,
      };
    } catch (error) {
      close();
      throw error;
    }
  }
}

async function fetchFile(
  source: string,
  folder: string,
  add: AddInstruction,
  signal: AbortSignal,
): Promise<string> {
  const { range } = add;
  const fault = (why: string) => fetchFailed(source, why, range);
  const response = await startDownload(source, signal, fault);
  const name = nameOf(source, response);
  const hasher = new Bun.CryptoHasher("sha256");
  await saveDownload(response, `${folder}/${name}`, signal, fault, (bytes) => hasher.update(bytes));
  const found = `sha256:${hasher.digest("hex")}`;
  if (add.checksum !== undefined && add.checksum !== found)
    throw checksumWrong(source, add.checksum, found, range);
  // As Docker documents it.
  chmodSync(`${folder}/${name}`, 0o600);
  return folder;
}

/** The last part of the address; it must not lead anywhere. */
function nameOf(source: string, response: Response): string {
  const given = /filename="?([^";/]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const name = given ?? decodeURIComponent(new URL(source).pathname.split("/").at(-1) ?? "");
  return name === "" || name === "." || name === ".." || name.includes("/") ? "download" : name;
}

async function fetchGit(
  source: string,
  folder: string,
  { keepGitDir, range }: AddInstruction,
  signal: AbortSignal,
): Promise<string> {
  const hash = source.indexOf("#");
  const [ref = "", below = ""] = hash < 0 ? [] : source.slice(hash + 1).split(":");
  const failure = await gitClone({
    url: hash < 0 ? source : source.slice(0, hash),
    ref,
    folder: `${folder}/clone`,
    signal,
  });
  if (failure !== undefined) throw fetchFailed(source, failure, range);
  if (!keepGitDir) rmSync(`${folder}/clone/.git`, { recursive: true, force: true });
  try {
    using top = openRoot(`${folder}/clone`);
    using found = openInside(top.fd, below === "" ? "/" : below, openFlag.path | openFlag.directory);
    return readlinkSync(found.path);
  } catch {
    throw fetchFailed(source, `the repository has no folder "${below}"`, range);
  }
}
