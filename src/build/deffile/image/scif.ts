// The Scientific Filesystem: several apps in one image, each with folders, variables and programs of its own.

import type { App } from "../app.ts";
import { folder, type ImageEntry, script, text } from "./entry.ts";
import { printLabels } from "./label-file.ts";
import { printSectionScript } from "./section-script.ts";

export function scifFiles(apps: readonly App[]): readonly ImageEntry[] {
  if (apps.length === 0) return [];
  return [
    ...["/scif", "/scif/apps", "/scif/data"].map(folder),
    ...apps.flatMap(appFiles),
    script(
      "/.singularity.d/env/94-appsbase.sh",
      `#!/bin/sh\n# Where the apps of this image have their things.\n${apps.map(printGlobals).join("")}`,
    ),
  ];
}

function appFiles(app: App): readonly ImageEntry[] {
  const root = `/scif/apps/${app.name}`;
  const data = `/scif/data/${app.name}`;
  const { environment, run, start, test, help } = app;
  return [
    ...[root, `${root}/bin`, `${root}/lib`, `${root}/scif`, `${root}/scif/env`].map(folder),
    ...[data, `${data}/input`, `${data}/output`].map(folder),
    script(`${root}/scif/env/01-base.sh`, `#!/bin/sh\n\n${printOwn(app)}`),
    ...(environment === undefined ? [] : [script(`${root}/scif/env/90-environment.sh`, environment.text)]),
    ...(run === undefined ? [] : [script(`${root}/scif/runscript`, printSectionScript(run))]),
    ...(start === undefined ? [] : [script(`${root}/scif/startscript`, printSectionScript(start))]),
    ...(test === undefined ? [] : [script(`${root}/scif/test`, printSectionScript(test))]),
    ...(help === undefined ? [] : [text(`${root}/scif/runscript.help`, help.text)]),
    text(`${root}/scif/labels.json`, printLabels(new Map([["SCIF_APP_NAME", app.name], ...app.labels]))),
  ];
}

/** The variables of an app that runs or is installed. Its name has no character that a shell takes for another. */
function printOwn({ name }: App): string {
  return `export SCIF_APPNAME=${name}
export SCIF_APPROOT=/scif/apps/${name}
export SCIF_APPMETA=/scif/apps/${name}/scif
export SCIF_DATA=/scif/data
export SCIF_APPDATA=/scif/data/${name}
export SCIF_APPINPUT=/scif/data/${name}/input
export SCIF_APPOUTPUT=/scif/data/${name}/output
`;
}

/** In the names of variables, odd characters of an app's name are underscores; its paths have them as they are. */
function printGlobals(app: App): string {
  const root = `/scif/apps/${app.name}`;
  const places: readonly (readonly [kind: string, path: string])[] = [
    ["DATA", `/scif/data/${app.name}`],
    ["META", `${root}/scif`],
    ["ROOT", root],
    ["BIN", `${root}/bin`],
    ["LIB", `${root}/lib`],
    ...(app.environment === undefined ? [] : [["ENV", `${root}/scif/env/90-environment.sh`] as const]),
    ["LABELS", `${root}/scif/labels.json`],
    ...(app.run === undefined ? [] : [["RUN", `${root}/scif/runscript`] as const]),
    ...(app.start === undefined ? [] : [["START", `${root}/scif/startscript`] as const]),
  ];
  const name = app.name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return places.map(([kind, path]) => `export SCIF_APP${kind}_${name}=${path}\n`).join("");
}

/** The installs of all apps, to be run behind %post in the same shell: each in its folder, with its variables. */
export function printAppInstalls(apps: readonly App[]): string {
  return apps
    .filter((app) => app.install !== undefined)
    .map((app) => `cd /\n${printOwn(app)}cd /scif/apps/${app.name}\n${app.install?.text ?? ""}\ncd /\n`)
    .join("");
}
