import { mkdirSync, readlinkSync, statSync } from "node:fs";
import { openFlag, openInside, openRoot } from "#host";
import { mountRoot } from "#image";
import type { SourceRange } from "#spec";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { openTree, RootWriter } from "../copy/write.ts";
import { copySourceMissing } from "../error.ts";
import type { Session } from "../session.ts";
import type { ProgramMount } from "../worker.ts";
import { boundFolder } from "../workspace.ts";
import type { RunMount } from "./instruction/mount.ts";

// RUN --mount=type=bind. A stage or an image is mounted as it is. Of a context a copy is mounted, with what COPY would
// give it: root as the owner, one time, nothing that the .dockerignore leaves out. The folder itself would show a program
// whose checkout it is and when it was made, and `cp -a` or a .pyc file would carry that into the image. (Hard links
// cannot be used: setting their times would set the host's.)

/** Where the files of a bind mount come from. */
export interface BindSource {
  readonly tree: SourceTree;
  /** The time that files of a context have: seconds since 1970. */
  readonly latest: number;
  /** A path of this mount's own, nothing there yet. */
  readonly place: string;
  readonly where: SourceRange;
}

/** Makes what is to be mounted. What the program writes there is forgotten with the step. */
export function bindMount(
  session: Session,
  mount: RunMount & { readonly kind: "bind" },
  given: BindSource,
): ProgramMount {
  const { tree, place, where } = given;
  const { target, readonly } = mount;
  const shared =
    tree.form === "plain" ? sharedCopy(session, mount.source, given) : inside(tree, mount.source, where);
  if (readonly) return { kind: "bind", source: shared, target, readonly };
  // A file cannot be the lower layer of an overlay.
  if (!statSync(shared).isDirectory())
    return { kind: "bind", source: copyOf(session, mount.source, given), target, readonly };
  for (const name of ["upper", "work", "root"])
    mkdirSync(`${place}.rw/${name}`, { recursive: true, mode: 0o755 });
  mountRoot({
    layers: [{ kind: "folder", path: shared }],
    writable: { upper: `${place}.rw/upper`, work: `${place}.rw/work` },
    target: `${place}.rw/root`,
    volatile: true,
  });
  return { kind: "bind", source: `${place}.rw/root`, target, readonly };
}

function inside(tree: SourceTree, path: string, where: SourceRange): string {
  try {
    using top = openRoot(tree.root);
    using found = openInside(top.fd, path, openFlag.path);
    return readlinkSync(found.path);
  } catch {
    throw copySourceMissing(path, tree.title, undefined, false, where);
  }
}

/** Copies that were made before, by what is in them: ten RUNs that bind the context need one. */
const copies = new WeakMap<Session, Map<string, string>>();

function sharedCopy(session: Session, path: string, given: BindSource): string {
  const made = copies.get(session) ?? new Map<string, string>();
  copies.set(session, made);
  const key = JSON.stringify([given.tree.root, path, given.latest]);
  const known = made.get(key) ?? copyOf(session, path, given);
  made.set(key, known);
  return known;
}

/** On the disk of the store, because the run folder may be in memory, and a context large. */
function copyOf(session: Session, path: string, { tree, latest, where }: BindSource): string {
  const place = `${boundFolder(session.worker)}/${crypto.randomUUID()}`;
  mkdirSync(place, { mode: 0o755 });
  using writer = new RootWriter(place, { time: latest }, where);
  using from = openTree(tree);
  for (const source of selectSources(tree, [path], { excludes: [], parents: false }, where))
    for (const entry of source.entries)
      writer.put(tree, from, entry, `/x${entry.path === "" ? "" : `/${entry.path}`}`, false);
  writer.finish();
  return `${place}/x`;
}
