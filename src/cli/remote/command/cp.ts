import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { copyIn, copyOut, copyTree, readDescriptor } from "#image";
import { isVialError } from "#spec";
import { copyBetweenContainers, copyWithoutContainer } from "../../error.ts";
import { errLine, isTerminal, out } from "../../print.ts";
import type { RemoteEngine } from "../engine.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, numberOf } from "../row.ts";

interface Place {
  readonly container: string | undefined;
  readonly path: string;
}

/** `NAME:PATH` is in a container; a path that begins with "/" or "." is here, whatever colons it has. */
function readPlace(text: string): Place {
  const colon = text.indexOf(":");
  if (colon < 1 || text.startsWith("/") || text.startsWith(".")) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

export const cp: RemoteCommand = {
  flags: ["archive", "follow-link", "quiet"],
  async run(engine, flags, [from = "", to = ""]) {
    const [source, target] = [readPlace(from), readPlace(to)];
    if (source.container !== undefined && target.container !== undefined) throw copyBetweenContainers();
    const options = { archive: flags.bool("archive"), followLink: flags.bool("follow-link") };
    if (source.container !== undefined)
      await fetchFiles(engine, source.container, source.path, target.path, options);
    else if (target.container !== undefined)
      await sendFiles(engine, source.path, target.container, target.path, options);
    else throw copyWithoutContainer();
    if (target.path !== "-" && !flags.boolOr("quiet", !isTerminal(1)))
      errLine(`Successfully copied to ${to}`);
    return 0;
  },
};

interface CopyWish {
  readonly archive: boolean;
  readonly followLink: boolean;
}

async function fetchFiles(
  engine: RemoteEngine,
  container: string,
  path: string,
  target: string,
  options: CopyWish,
) {
  const { reply, wire } = await engine.open("GET", archivePath(container), { query: { path } });
  try {
    if (target === "-") {
      for await (const bytes of reply.body) out(bytes);
      return;
    }
    // What the archive is to be called here is settled by the rules of a copy on this machine.
    using folder = temporaryFolder();
    await copyIn(reply.body, { root: folder.path, path: "/" }, { ...options, from: "foreign" });
    const name = basename(resolve("/", path));
    const isContent = /(^|\/)\.$/.test(path);
    const source = name === "" ? "/." : `/${name}${isContent ? "/." : ""}`;
    copyTree(
      { root: folder.path, path: source },
      { root: "/", path: hostPath(target) },
      { ...options, from: "foreign" },
    );
  } finally {
    wire.close();
  }
}

async function sendFiles(
  engine: RemoteEngine,
  source: string,
  container: string,
  path: string,
  options: CopyWish,
) {
  if (source === "-") return await put(engine, container, path, readDescriptor(0), options);
  const isFolder = path.endsWith("/") || (await isFolderThere(engine, container, path));
  const whole = hostPath(source);
  if (isFolder || whole.endsWith("/."))
    return await put(engine, container, path, copyOut({ root: "/", path: whole }, options), options);
  using folder = temporaryFolder();
  const name = basename(path);
  copyTree({ root: "/", path: whole }, { root: folder.path, path: `/${name}` }, { ...options, from: "own" });
  await put(
    engine,
    container,
    dirname(path),
    copyOut({ root: folder.path, path: `/${name}` }, options),
    options,
  );
}

async function put(
  engine: RemoteEngine,
  container: string,
  path: string,
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { archive }: CopyWish,
): Promise<void> {
  await engine.ask("PUT", archivePath(container), {
    query: { path, noOverwriteDirNonDir: "true", copyUIDGID: archive },
    headers: { "Content-Type": "application/x-tar" },
    stream: (async function* () {
      yield* bytes;
    })(),
  });
}

/** The header X-Docker-Container-Path-Stat has Go's os.FileMode, whose highest bit is a folder's. */
async function isFolderThere(engine: RemoteEngine, container: string, path: string): Promise<boolean> {
  try {
    const { reply, wire } = await engine.open("HEAD", archivePath(container), { query: { path } });
    wire.close();
    const text = Buffer.from(reply.headers.get("x-docker-container-path-stat") ?? "", "base64").toString();
    return numberOf(documentOf(JSON.parse(text)).mode) >= 2 ** 31;
  } catch (error) {
    // A new file. That the container itself is not there, the copy will say.
    if (isVialError(error) && error.kind === "not-found") return false;
    throw error;
  }
}

function archivePath(container: string): string {
  return `/containers/${encodeURIComponent(container)}/archive`;
}

/** Absolute; a "/" or "/." at the end has a meaning and stays. */
function hostPath(path: string): string {
  const tail = /\/\.?$/.exec(path)?.[0] ?? "";
  const whole = resolve(path);
  return whole === "/" ? whole : `${whole}${tail}`;
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(`${tmpdir()}/vial-cp-`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
