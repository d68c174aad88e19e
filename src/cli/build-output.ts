import { mkdirSync } from "node:fs";
import type { BuiltImage, Engine } from "#engine";
import { copyIn, saveDockerArchive, saveOciArchive, selectImages } from "#image";
import { writeFileWhole } from "./command/save.ts";
import { reasonOf } from "#spec";
import { fileUnwritable, flagValueInvalid } from "./error.ts";
import { out } from "./print.ts";

/** Where the result of a build goes beside the store. */
export interface BuildOutput {
  readonly type: "oci" | "docker" | "tar" | "local" | "image";
  /** "-": standard output. */
  readonly destination: string;
}

const types = ["oci", "docker", "tar", "local", "image"] as const;

/** `type=oci,dest=FILE`; a path alone is a folder, `-` a tar stream. */
export function parseOutput(text: string): BuildOutput {
  if (!text.includes("="))
    return text === "-" ? { type: "tar", destination: "-" } : { type: "local", destination: text };
  const fields = new Map(text.split(",").map((field) => field.split("=", 2) as [string, string]));
  const given = fields.get("type") ?? "";
  const type = types.find((name) => name === given);
  if (type === undefined) throw flagValueInvalid("--output", text, `type=${types.join("|")},dest=PATH`);
  const destination = fields.get("dest") ?? (type === "image" || type === "docker" ? "" : "-");
  if (type === "local" && destination === "-")
    throw flagValueInvalid("--output", text, "type=local,dest=FOLDER");
  return { type, destination };
}

export async function writeOutput(
  engine: Engine,
  image: BuiltImage,
  output: BuildOutput,
  names: readonly string[],
): Promise<void> {
  // Already in the store.
  if (output.destination === "") return;
  const write = (chunks: Iterable<Uint8Array>) => {
    if (output.destination === "-") for (const chunk of chunks) out(chunk);
    else
      try {
        writeFileWhole(output.destination, chunks);
      } catch (error) {
        throw fileUnwritable("--output", output.destination, reasonOf(error));
      }
  };
  if (output.type === "oci" || output.type === "docker") {
    const images = selectImages(engine.store, names.length > 0 ? names : [image.id]);
    write(
      output.type === "oci" ? saveOciArchive(engine.store, images) : saveDockerArchive(engine.store, images),
    );
    return;
  }
  const files = await image.files();
  try {
    if (output.type === "local") {
      mkdirSync(output.destination, { recursive: true });
      await copyIn(files.chunks, { root: output.destination, path: "/" }, { archive: true, from: "foreign" });
    } else write(files.chunks);
  } finally {
    files.close();
  }
}
