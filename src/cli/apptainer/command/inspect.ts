import { type Attributes, type ImageAttributes, inspectImageFile, type Part } from "#engine";
import { showControls } from "#kit";
import type { Command } from "../../command.ts";
import { boolFlag, textFlag } from "../../flag.ts";
import type { Flags } from "../../parse.ts";
import { isTerminal, out } from "../../print.ts";
import { appNotInImage } from "../error.ts";

// `apptainer inspect`: the same sections in the same order as Apptainer prints them (cmd/internal/cli/inspect.go).

/** In the order of Apptainer's JSON. */
const parts = [
  "apps",
  "environment",
  "labels",
  "runscript",
  "test",
  "helpfile",
  "deffile",
  "startscript",
] as const satisfies readonly Part[];

/** In the order of the text. */
const texts = ["deffile", "runscript", "startscript", "test", "helpfile"] as const;

export const command: Command = {
  name: "inspect",
  usage: "[OPTIONS] IMAGE",
  summary: "Show what an image says of itself",
  flags: [
    boolFlag("all", "All of it, as JSON"),
    textFlag("app", "name", "Of this app"),
    boolFlag("deffile", "The definition", "d"),
    boolFlag("environment", "The scripts that set variables", "e"),
    boolFlag("helpfile", "The help text", "H"),
    boolFlag("json", "Print JSON", "j"),
    boolFlag("labels", "The labels", "l"),
    boolFlag("list-apps", "The names of the apps"),
    boolFlag("runscript", "The runscript", "r"),
    boolFlag("startscript", "The startscript", "s"),
    boolFlag("test", "The test", "t"),
  ],
  args: [1, 1],
  run(flags, [path = ""]) {
    const all = flags.bool("all");
    const app = all ? undefined : flags.filled("app");
    const wanted = wantedParts(flags, app);
    const found = inspectImageFile(path, process.cwd(), wanted);
    if (app !== undefined && found.apps?.[app] === undefined)
      throw appNotInImage(app, path, Object.keys(found.apps ?? {}));
    const shown = app === undefined ? found : { apps: { [app]: partsOfApp(found.apps?.[app] ?? {}, flags) } };
    if (all || flags.bool("json")) print(`${JSON.stringify(documentOf(shown), undefined, "\t")}\n`);
    else print(printText(app === undefined ? shown : (shown.apps?.[app] ?? {}), flags));
    return 0;
  },
};

function isAsked(flags: Flags, part: Part): boolean {
  if (flags.bool("all")) return true;
  if (part === "apps") return flags.bool("list-apps");
  return flags.bool(part) || (part === "labels" && isDefault(flags));
}

/** Without another choice the labels are shown. */
function isDefault(flags: Flags): boolean {
  return ![...texts, "environment", "list-apps"].some((name) => flags.bool(name));
}

function wantedParts(flags: Flags, app: string | undefined): ReadonlySet<Part> {
  return app === undefined ? new Set(parts.filter((part) => isAsked(flags, part))) : new Set<Part>(["apps"]);
}

function partsOfApp(attributes: Attributes, flags: Flags): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([part]) => isAsked(flags, part as Part)));
}

function documentOf(attributes: ImageAttributes): object {
  const ordered = Object.fromEntries(
    parts.flatMap((part) => (attributes[part] === undefined ? [] : [[part, attributes[part]] as const])),
  );
  return { data: { attributes: ordered }, type: "container" };
}

function printText(attributes: ImageAttributes, flags: Flags): string {
  const names = flags.bool("list-apps") ? Object.keys(attributes.apps ?? {}).sort() : [];
  const sections = texts.flatMap((part) => {
    const text = attributes[part];
    return text === undefined || text === "" ? [] : [`${text.replace(/\n+$/, "")}\n`];
  });
  const scripts = sorted(attributes.environment).map(
    ([path, text]) => `=== ${path} ===\n${text.replace(/\n+$/, "")}\n\n`,
  );
  const labels = sorted(attributes.labels).map(([name, value]) => `${name}: ${value}\n`);
  return [...names.map((name) => `${name}\n`), ...sections, ...scripts, ...labels].join("");
}

function sorted(texts: Readonly<Record<string, string>> | undefined): readonly (readonly [string, string])[] {
  return Object.entries(texts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What an image says may hold sequences that write over a terminal; a file gets the bytes as they are. */
function print(text: string): void {
  out(isTerminal(1) ? showControls(text, "\n\t") : text);
}
