import type { Option } from "./option.ts";

// Every option of Apptainer can be given by a variable, with the prefix APPTAINER_ or, for older scripts, SINGULARITY_.

type Env = Readonly<Record<string, string | undefined>>;

export interface FoundVariable {
  readonly name: string;
  readonly value: string;
}

const prefixes = ["APPTAINER_", "SINGULARITY_"] as const;

/** Those of an environment that may stand for options: to ask process.env for each of hundreds of names takes a while. */
export function ownVariables(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))),
  );
}

/**
 * The variable that stands for an option that was not given, or undefined. The newer prefix wins; an empty one is none. What
 * adds to the option is not told here, for its command reads that.
 */
export function variableFor(option: Option, env: Env): FoundVariable | undefined {
  if (option.addsVariables === true) return undefined;
  for (const prefix of prefixes)
    for (const key of option.variables) {
      const value = env[prefix + key];
      if (value !== undefined && value !== "") return { name: prefix + key, value };
    }
  return undefined;
}

export interface OldVariables {
  readonly warnings: readonly string[];
  /** Old ones that no newer one stands in for. */
  readonly hints: readonly { readonly key: string; readonly sentence: string }[];
  /** Names of old variables that a newer one stands in for. */
  readonly overruled: readonly string[];
}

/** What is to be said of SINGULARITY_ variables of these options, as Apptainer says it. */
export function oldVariables(options: readonly Option[], env: Env): OldVariables {
  const warnings: string[] = [];
  const hints: { key: string; sentence: string }[] = [];
  const overruled: string[] = [];
  if (!Object.keys(env).some((name) => name.startsWith("SINGULARITY_")))
    return { warnings, hints, overruled };
  for (const key of new Set(options.flatMap(({ variables }) => variables))) {
    const [fresh, old] = [env[`APPTAINER_${key}`], env[`SINGULARITY_${key}`]];
    if (old === undefined || old === "") continue;
    if (fresh === undefined || fresh === "")
      hints.push({
        key,
        sentence: `Environment variable SINGULARITY_${key} is set, but APPTAINER_${key} is preferred`,
      });
    else {
      overruled.push(`SINGULARITY_${key}`);
      if (fresh !== old)
        warnings.push(`SINGULARITY_${key} and APPTAINER_${key} have different values, using the latter`);
    }
  }
  return { warnings, hints, overruled };
}
