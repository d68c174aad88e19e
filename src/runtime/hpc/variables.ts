import { isVariableName } from "./environment.ts";
import { variableNameInvalid, variableNotYours } from "./error.ts";

// The variables by which Singularity's users set others inside: APPTAINERENV_X=v, and SINGULARITYENV_X=v of older scripts.

export interface EnvironmentVariables {
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly prependPath: string | undefined;
  readonly appendPath: string | undefined;
  /** Sentences about what was left out. */
  readonly warnings: readonly string[];
}

const notYours = /^(HOME|(APPTAINER|SINGULARITY)_(SHELL|APPNAME))$/;

export function readEnvironmentVariables(
  host: Readonly<Record<string, string | undefined>>,
): EnvironmentVariables {
  const set = new Map<string, string>();
  const warnings: string[] = [];
  // The newer prefix wins.
  for (const prefix of ["SINGULARITYENV_", "APPTAINERENV_"]) {
    for (const [key, value] of Object.entries(host)) {
      if (!key.startsWith(prefix) || value === undefined) continue;
      const name = key.slice(prefix.length);
      if (!isVariableName(name)) continue;
      if (notYours.test(name))
        warnings.push(`${key} is left out: ${name} follows from how the container is started`);
      else set.set(name, value);
    }
  }
  const take = (name: string): string | undefined => {
    const value = set.get(name);
    set.delete(name);
    return value === undefined || value === "" ? undefined : value;
  };
  const [prependPath, appendPath] = [take("PREPEND_PATH"), take("APPEND_PATH")];
  return { set: [...set], prependPath, appendPath, warnings };
}

/**
 * Parses the value of --env: NAME=VALUE, and more behind commas. A comma that no NAME= follows belongs to the value.
 * Throws variable-name-invalid, variable-not-yours.
 */
export function splitSettings(text: string): readonly (readonly [name: string, value: string])[] {
  return text.split(/,(?=[A-Za-z_][A-Za-z0-9_]*=)/).map((piece) => {
    const equals = piece.indexOf("=");
    const name = piece.slice(0, Math.max(equals, 0));
    if (equals < 0 || !isVariableName(name)) throw variableNameInvalid("--env", piece);
    if (notYours.test(name)) throw variableNotYours(name);
    return [name, piece.slice(equals + 1)] as const;
  });
}
