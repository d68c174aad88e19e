import { mkdirSync } from "node:fs";
import { type BuiltImage, type Engine, writeSif } from "#engine";
import { copyIn, saveDockerArchive, saveOciArchive } from "#image";
import { writeFileWhole } from "./command/save.ts";
import { parseSquashfsPacking } from "#sif";
import { reasonOf } from "#spec";
import { archiveToTerminal, fileUnwritable, flagValueInvalid } from "./error.ts";
import { isTerminal, out } from "./print.ts";

/** Where the result of a build goes beside the store. */
export interface BuildOutput {
  readonly type: "oci" | "docker" | "tar" | "local" | "image" | "sif";
  /** "-": standard output; "": the store. */
  readonly destination: string;
  /** How the root file system of a SIF file is packed, as parseSquashfsPacking() has it. */
  readonly packing?: string | undefined;
}

const types = ["oci", "docker", "tar", "local", "image", "sif"] as const;

/** `type=oci,dest=FILE`; a path alone is a folder, `-` a tar stream. */
export function parseOutput(text: string): BuildOutput {
  if (!text.includes("="))
    return text === "-" ? { type: "tar", destination: "-" } : { type: "local", destination: text };
  const fields = new Map(text.split(",").map((field) => field.split("=", 2) as [string, string]));
  const given = fields.get("type") ?? "";
  const type = types.find((name) => name === given);
  if (type === undefined) throw flagValueInvalid("--output", text, `type=${types.join("|")},dest=PATH`);
  const own = type === "sif" ? ["type", "dest", "compression"] : ["type", "dest"];
  const alien = [...fields.keys()].find((key) => !own.includes(key));
  if (alien !== undefined)
    throw flagValueInvalid("--output", text, `type=${type},dest=PATH, without "${alien}"; -t gives a name`);
  const destination = fields.get("dest") ?? (type === "image" || type === "docker" ? "" : "-");
  if (type === "local" && destination === "-")
    throw flagValueInvalid("--output", text, "type=local,dest=FOLDER");
  if (type === "sif" && destination === "-")
    throw flagValueInvalid("--output", text, "type=sif,dest=FILE: what packs it has to go back in the file");
  const packing = fields.get("compression");
  if (packing !== undefined) parseSquashfsPacking(packing);
  return { type, destination, packing };
}

/** Before the build: an archive is nothing for a terminal. */
export function refuseTerminal(outputs: readonly BuildOutput[]): void {
  if (isTerminal(1) && outputs.some(({ destination }) => destination === "-"))
    throw archiveToTerminal("build", "vial build -o type=tar,dest=FILE");
}

/** Whether the image itself is wanted, and not only something that is made of it. */
export function wantsImage(outputs: readonly BuildOutput[]): boolean {
  return outputs.length === 0 || outputs.some(({ destination }) => destination === "");
}

/** Where an output went, for people. */
export function describeOutput({ destination }: BuildOutput): string {
  return destination === "-" ? "standard output" : destination;
}

/** Writes the result of a build to where a flag wants it. */
export async function writeOutput(engine: Engine, image: BuiltImage, output: BuildOutput): Promise<void> {
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
    const images = [image.archived()];
    write(
      output.type === "oci" ? saveOciArchive(engine.store, images) : saveDockerArchive(engine.store, images),
    );
    return;
  }
  if (output.type === "sif") {
    const packing = parseSquashfsPacking(output.packing ?? "zstd");
    await writeSif(engine, image, { path: output.destination, packing, force: true });
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
