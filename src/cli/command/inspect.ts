import {
  describeContainer,
  describeVolume,
  type Engine,
  entryOf,
  findContainer,
  findVolume,
  openEngine,
  volumeNames,
  writableBytes,
} from "#engine";
import { findImage } from "#image";
import { isVialError } from "#spec";
import type { Command } from "../command.ts";
import { inspectTypeInvalid, nothingToInspect } from "../error.ts";
import { reportError } from "../errors-out.ts";
import { boolFlag, inspectFormatFlag, textFlag } from "../flag.ts";
import { isPath } from "../hpc/form.ts";
import { printInspection } from "../format.ts";
import { describeImage } from "../image-document.ts";
import type { Flags } from "../parse.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "inspect",
  usage: "[OPTIONS] NAME|ID|PATH [NAME|ID|PATH...]",
  summary: "Show containers, images, volumes, SIF files and sandboxes in full",
  flags: [
    inspectFormatFlag,
    boolFlag("size", "Add the sizes of containers", "s"),
    textFlag("type", "type", "container, image or volume"),
  ],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const type = flags.text("type");
    if (type !== undefined && !isType(type)) throw inspectTypeInvalid(type);
    if (type !== "container" && type !== "volume" && names.some(isPath)) {
      const { describeImageFile } = await import("../image-file-document.ts");
      return inspect(flags, names, type, (name) => (isPath(name) ? describeImageFile(name) : undefined));
    }
    return inspect(flags, names, type);
  },
};

const types = ["container", "image", "volume"] as const;
type Type = (typeof types)[number];

function isType(text: string): text is Type {
  return (types as readonly string[]).includes(text);
}

/** Prints what is there, and an error for what is not. */
export function inspect(
  flags: Flags,
  names: readonly string[],
  type: Type | undefined,
  describeFile: (name: string) => object | undefined = () => undefined,
): number {
  const documents: object[] = [];
  let code = 0;
  for (const name of names) {
    try {
      documents.push(describeFile(name) ?? describe(name, type, flags.bool("size")));
    } catch (error) {
      reportError(error, { debug: false });
      code = 1;
    }
  }
  out(printInspection(documents, flags.text("format")));
  return code;
}

function describe(name: string, type: Type | undefined, size: boolean): object {
  const engine = openEngine();
  if (type === "volume") return describeVolume(engine, findVolume(engine, name));
  if (type !== "image") {
    try {
      const entry = entryOf(engine, findContainer(engine, name).id);
      const document = describeContainer(engine, entry);
      if (!size) return document;
      const { written, image } = writableBytes(engine, entry.spec);
      return { ...document, SizeRw: written, SizeRootFs: written + image };
    } catch (error) {
      if (type === "container" || !isVialError(error) || error.code !== "container-unknown") throw error;
    }
  }
  try {
    return describeImage(engine.store, findImage(engine.store, name));
  } catch (error) {
    if (
      type === undefined &&
      isVialError(error) &&
      (error.code === "image-unknown" || error.code === "reference-invalid")
    ) {
      if (isVolume(engine, name)) return describeVolume(engine, findVolume(engine, name));
      throw nothingToInspect(name);
    }
    throw error;
  }
}

function isVolume(engine: Engine, name: string): boolean {
  return volumeNames(engine).includes(name);
}
