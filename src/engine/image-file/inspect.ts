import { openSif, type SifFile, type SifObject, squashfsRoot } from "#sif";
import { isVialError } from "#spec";
import { seeImageFile } from "../hpc-image.ts";
import {
  type Attributes,
  type ImageAttributes,
  parseLabels,
  parseMetadata,
  type Part,
} from "./attributes.ts";
import { type InsideReader, openInsideReader, type PlainRoot } from "./inside.ts";

/** Of an object that is text. */
const maxBytes = 4 << 20;

/**
 * What the image at a path says of itself: a SIF file by its objects, and what they leave out from its root file system,
 * which is neither mounted nor run; a folder or a squashfs by its files. Nothing else than `wanted` is looked for.
 * Throws hpc-image-missing, image-file-unknown, image-folder-odd, program-missing, and the errors of reading a SIF file.
 */
export function inspectImageFile(name: string, cwd: string, wanted: ReadonlySet<Part>): ImageAttributes {
  const seen = seeImageFile(name, cwd);
  if (seen.kind !== "sif") return fromRoot(seen, wanted);
  const { path } = seen;
  using sif = openSif(path);
  const known = fromObjects(sif);
  const isWhole = known.runscript !== undefined || known.environment !== undefined;
  const missing = new Set([...wanted].filter((part) => known[part] === undefined));
  if (isWhole || missing.size === 0) return pick(known, wanted);
  const root = rootOf(sif, path);
  return pick({ ...(root === undefined ? {} : fromRoot(root, missing)), ...known }, wanted);
}

/** A file with nothing but data has no root file system. */
function rootOf(sif: SifFile, path: string): PlainRoot | undefined {
  try {
    const { offset } = squashfsRoot(sif);
    return { kind: "squashfs", path, offset };
  } catch (error) {
    if (isVialError(error) && (error.code === "sif-primary-doubtful" || error.code === "sif-root-unfit"))
      return undefined;
    throw error;
  }
}

function fromObjects(sif: SifFile): ImageAttributes {
  const find = (is: (object: SifObject) => boolean) => {
    const object = sif.objects.find(is);
    return object === undefined ? undefined : textOf(sif, object);
  };
  const metadata = find(({ type, name }) => type === "generic-json" && name === "inspect-metadata.json");
  const deffile = find(({ type }) => type === "deffile");
  // The type is from before inspect-metadata.json.
  const labels = find(({ type }) => type === "labels");
  return {
    ...(labels === undefined ? {} : { labels: parseLabels(labels) }),
    ...(deffile === undefined ? {} : { deffile }),
    ...(metadata === undefined ? {} : parseMetadata(metadata)),
  };
}

function textOf(sif: SifFile, object: SifObject): string | undefined {
  if (object.size > maxBytes) return undefined;
  const pieces: Buffer[] = [];
  for (const bytes of sif.read(object)) pieces.push(Buffer.from(bytes));
  return Buffer.concat(pieces).toString();
}

function pick(attributes: ImageAttributes, wanted: ReadonlySet<Part>): ImageAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([part]) => wanted.has(part as Part)));
}

function fromRoot(root: PlainRoot, wanted: ReadonlySet<Part>): ImageAttributes {
  using reader = openInsideReader(root);
  return {
    ...fromFolder(reader, "/.singularity.d", wanted),
    ...(wanted.has("apps") ? { apps: appsOf(reader) } : {}),
  };
}

function appsOf(reader: InsideReader): Record<string, Attributes> {
  const folder = "/scif/apps";
  const all = new Set<Part>(["labels", "runscript", "test", "helpfile", "environment"]);
  return Object.fromEntries(
    reader
      .names(folder)
      .filter((name) => reader.names(`${folder}/${name}/scif`).length > 0)
      .map((name) => [name, fromFolder(reader, `${folder}/${name}/scif`, all)]),
  );
}

const files: Readonly<Partial<Record<Part, string>>> = {
  runscript: "runscript",
  startscript: "startscript",
  test: "test",
  helpfile: "runscript.help",
  deffile: "Singularity",
};

/** The scripts that come from an OCI image, and those of the recipe (Apptainer: cmd/internal/cli/inspect.go). */
const environmentName = /^(10-docker.*|9.*-environment)\.sh$/;

function fromFolder(reader: InsideReader, folder: string, wanted: ReadonlySet<Part>): Attributes {
  const result: Record<string, unknown> = {};
  for (const [part, file] of Object.entries(files)) {
    const text = wanted.has(part as Part) ? reader.read(`${folder}/${file}`) : undefined;
    if (text !== undefined) result[part] = text;
  }
  const labels = wanted.has("labels") ? reader.read(`${folder}/labels.json`) : undefined;
  if (labels !== undefined) result.labels = parseLabels(labels);
  if (wanted.has("environment")) {
    const scripts = reader.names(`${folder}/env`).filter((name) => environmentName.test(name));
    const texts = scripts.flatMap((name) => {
      const path = `${folder}/env/${name}`;
      const text = reader.read(path);
      return text === undefined ? [] : [[path, text] as const];
    });
    if (texts.length > 0) result.environment = Object.fromEntries(texts);
  }
  return result;
}
