import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { parseIgnoreFile } from "#engine";
import { tarEnd, tarHeader, tarPadding } from "#image";

type Matcher = ReturnType<typeof parseIgnoreFile>;
type State = ReturnType<Matcher["step"]>;

/**
 * A folder as the tar archive of a build's context: without what .dockerignore leaves out, but for the files of `always`,
 * which the other engine needs. Owners are root's, as docker's client sends them.
 */
export async function* contextTar(
  root: string,
  ignore: string | undefined,
  always: readonly string[],
): AsyncGenerator<Uint8Array> {
  const matcher = parseIgnoreFile(ignore ?? "");
  for (const { path, info } of walk(root, "", matcher, undefined, new Set(always)))
    yield* member(`${root}/${path}`, path, info);
  yield tarEnd();
}

function* walk(
  root: string,
  folder: string,
  matcher: Matcher,
  parent: State | undefined,
  always: ReadonlySet<string>,
): Generator<{ readonly path: string; readonly info: Stats }> {
  for (const name of readdirSync(`${root}/${folder}`).sort()) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const state = matcher.step(path, parent);
    const info = lstatSync(`${root}/${path}`);
    if (!state.ignored || always.has(path)) yield { path, info };
    const leadsToWanted = [...always].some((wanted) => wanted.startsWith(`${path}/`));
    if (info.isDirectory() && (!state.skippable || leadsToWanted))
      yield* walk(root, path, matcher, state, always);
  }
}

async function* member(place: string, path: string, info: Stats): AsyncGenerator<Uint8Array> {
  const about = {
    name: binary(path),
    mode: info.mode & 0o7777,
    uid: 0,
    gid: 0,
    mtime: Math.floor(info.mtimeMs / 1000),
  };
  if (info.isDirectory()) yield tarHeader({ ...about, type: "directory" });
  else if (info.isSymbolicLink())
    yield tarHeader({ ...about, type: "symlink", linkName: binary(readlinkSync(place)) });
  else if (info.isFile()) yield* file(place, about, info.size);
  // Sockets, pipes and devices are no part of a context.
}

async function* file(
  place: string,
  about: Omit<Parameters<typeof tarHeader>[0], "type">,
  size: number,
): AsyncGenerator<Uint8Array> {
  yield tarHeader({ ...about, type: "file", size });
  let left = size;
  if (size > 0)
    for await (const bytes of createReadStream(place, { end: size - 1 }) as AsyncIterable<Uint8Array>) {
      left -= bytes.length;
      yield bytes;
    }
  // A file that shrank meanwhile: the header has told its size.
  if (left > 0) yield Buffer.alloc(left);
  yield tarPadding(size);
}

/** Names in a tar are bytes, one character each. */
function binary(path: string): string {
  return Buffer.from(path).toString("latin1");
}
