import { type FilePair, readFilePairs } from "./file-pair.ts";
import { readLabels } from "./label.ts";
import { readScript, type Script } from "./script.ts";
import type { Section } from "./section.ts";

/** An app of the Scientific Filesystem: programs of their own in one image. */
export interface App {
  readonly name: string;
  readonly files: readonly FilePair[];
  readonly labels: ReadonlyMap<string, string>;
  readonly install?: Script;
  readonly environment?: Script;
  readonly run?: Script;
  readonly start?: Script;
  readonly test?: Script;
  readonly help?: Script;
}

const scripts = {
  appinstall: "install",
  appenv: "environment",
  apprun: "run",
  appstart: "start",
  apptest: "test",
  apphelp: "help",
} as const satisfies Record<string, keyof App>;

/** The apps in the order in which they are first mentioned: their installs run in it. */
export function readApps(sections: readonly Section[], file: string): readonly App[] {
  const apps = new Map<string, App>();
  for (const section of sections) {
    if (section.app === undefined) continue;
    const app = apps.get(section.app) ?? { name: section.app, files: [], labels: new Map<string, string>() };
    apps.set(section.app, { ...app, ...readPart(section, file) });
  }
  return [...apps.values()];
}

function readPart(section: Section, file: string): Partial<App> {
  const { name } = section;
  if (name === "appfiles") return { files: readFilePairs(section.lines, file) };
  if (name === "applabels") return { labels: readLabels(section.lines) };
  return name in scripts ? { [scripts[name as keyof typeof scripts]]: readScript(section) } : {};
}
