import { closeSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { openInside, openRoot } from "#host";
import { copyIn, readDescriptor } from "#image";
import { openArchive } from "../copy/archive.ts";
import { saveDownload, startDownload } from "../download.ts";
import { fetchContextFailed } from "../error.ts";

// Contexts that are one file: an archive on standard input or at an address. It becomes `packed` in a folder of the build
// first, for what it is shows in its first bytes, and a pipe cannot be read twice; then it is unpacked to `files`.

/** Writes the rest of a stream behind what was read of it. */
export async function keepStream(folder: string, fd: number, head: Uint8Array): Promise<void> {
  const file = openSync(`${folder}/packed`, "wx", 0o600);
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  };
  try {
    write(head);
    for await (const bytes of readDescriptor(fd)) write(bytes);
  } finally {
    closeSync(file);
  }
}

/** Fetches what lies at an address. Throws context-fetch-failed. */
export async function keepDownload(folder: string, url: string, signal: AbortSignal): Promise<void> {
  const fault = (why: string) => fetchContextFailed(url, why);
  const response = await startDownload(url, signal, fault);
  // A page for people stands where a server has no file for programs.
  if (response.headers.get("content-type")?.startsWith("text/html") === true)
    throw fetchContextFailed(
      url,
      "the server answered with a web page; the address of a git repository ends in .git",
    );
  await saveDownload(response, `${folder}/packed`, signal, fault);
}

/** Unpacks what was kept. Gives the folder with the files; undefined: it is no archive. */
export async function unpackKept(folder: string): Promise<string | undefined> {
  using top = openRoot(folder);
  using opened = openInside(top.fd, "packed", 0);
  const head = Buffer.alloc(512);
  const length = readSync(opened.fd, head, 0, head.length, 0);
  const stream = await openArchive(opened, head.subarray(0, length));
  if (stream === undefined) return undefined;
  mkdirSync(`${folder}/files`);
  await copyIn(stream, { root: `${folder}/files`, path: "/" }, { archive: true, from: "foreign" });
  return `${folder}/files`;
}

/** What was kept, as the text of a recipe. Undefined: it is none, for it is too long or has zero bytes. */
export function recipeKept(folder: string): string | undefined {
  const path = `${folder}/packed`;
  if (statSync(path).size > longestRecipe) return undefined;
  const text = readFileSync(path, "utf8");
  return text.includes("\0") ? undefined : text;
}

const longestRecipe = 4 << 20;
