// By which name this process was called. Imported at the very start: it must cost nothing.

/** `run-singularity` is named in the first line of a SIF file that is executable. */
export type PersonaName = "apptainer" | "singularity" | "run-singularity";

/** The name in `argv0`, a path or a name, where it is one of Apptainer's. */
export function personaOf(argv0: string): PersonaName | undefined {
  const name = argv0.slice(argv0.lastIndexOf("/") + 1);
  return isPersonaName(name) ? name : undefined;
}

export function isPersonaName(name: string): name is PersonaName {
  return name === "apptainer" || name === "singularity" || name === "run-singularity";
}

/** The word by which Vial calls itself again as Apptainer: `vial internal-apptainer NAME WORDS...`. */
export const anewWord = "internal-apptainer";
