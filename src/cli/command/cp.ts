import { resolve } from "node:path";
import { findContainer, openEngine, openRootView } from "#engine";
import { copyIn, copyOut, type CopyPlace, copyTree, readDescriptor } from "#image";
import { showPath } from "#kit";
import type { Command } from "../command.ts";
import { copyBetweenContainers, copyToReadonly, copyWithoutContainer } from "../error.ts";
import { boolFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { errLine, isTerminal, out } from "../print.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "cp",
  usage: "[OPTIONS] CONTAINER:PATH HOST_PATH|-   or   HOST_PATH|- CONTAINER:PATH",
  summary: "Copy files out of or into a container",
  mapped: "range",
  meets: (_flags, places) =>
    places.map((text) => readPlace(text).container).find((name) => name !== undefined),
  flags: [
    boolFlag("archive", "Keep owners and extended attributes", "a"),
    boolFlag("follow-link", "Copy what a link at the source points at", "L"),
    boolFlag("quiet", "Print nothing", "q"),
  ],
  args: [2, 2],
  async run(flags, [from = "", to = ""]) {
    try {
      return await copy(flags, from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EROFS" && readPlace(to).container !== undefined)
        throw copyToReadonly(to);
      throw error;
    }
  },
};

async function copy(flags: Flags, from: string, to: string): Promise<number> {
  const engine = openEngine();
  const [source, target] = [readPlace(from), readPlace(to)];
  if (source.container !== undefined && target.container !== undefined) throw copyBetweenContainers();
  const name = source.container ?? target.container;
  if (name === undefined) throw copyWithoutContainer();
  using view = openRootView(engine, findContainer(engine, name));
  const options = { archive: flags.bool("archive"), followLink: flags.bool("follow-link") };
  if (target.path === "-" && target.container === undefined) {
    for (const bytes of copyOut({ root: view.path, path: source.path }, options)) out(bytes);
    return 0;
  }
  if (source.path === "-" && source.container === undefined) {
    await copyIn(readDescriptor(0), { root: view.path, path: target.path }, { ...options, from: "own" });
    return 0;
  }
  const place = ({ container, path }: Place): CopyPlace =>
    container === undefined ? { root: "/", path: hostPath(path) } : { root: view.path, path };
  const { bytes, skipped } = copyTree(place(source), place(target), {
    ...options,
    from: target.container === undefined ? "foreign" : "own",
  });
  for (const path of skipped) voice().warn(`the device "${showPath(path)}" was left out`);
  // Without a word where nobody looks, as Docker does.
  if (!flags.boolOr("quiet", !isTerminal(1))) errLine(`Successfully copied ${bytes}B to ${to}`);
  return 0;
}

interface Place {
  readonly container: string | undefined;
  readonly path: string;
}

/** `NAME:PATH` is in a container; a path that begins with "/" or "." is on the host, whatever colons it has. */
function readPlace(text: string): Place {
  const colon = text.indexOf(":");
  if (colon < 1 || text.startsWith("/") || text.startsWith(".")) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Absolute; a "/" or "/." at the end has a meaning and stays. */
function hostPath(path: string): string {
  const tail = /\/\.?$/.exec(path)?.[0] ?? "";
  const whole = resolve(path);
  return whole === "/" ? whole : `${whole}${tail}`;
}
