import type { BuildDefaults } from "./apply-config.ts";
import type { EscapeCharacter } from "./directive.ts";
import { expandWord, type Variables } from "./expand.ts";
import type { ArgInstruction, EnvInstruction } from "./instruction.ts";

/** What a stage knows at one place. ENV wins over ARG, whichever comes first. */
export interface Scope {
  readonly args: Variables;
  readonly env: Variables;
}

/** Where the values of ARGs come from. */
export interface ArgSources {
  /** `--build-arg`. */
  readonly given: Variables;
  /** ARGs above the first FROM, and the automatic ones: a stage takes them over by `ARG NAME`. */
  readonly global: Variables;
  readonly escape: EscapeCharacter;
}

/** A stage begins with the environment of its base image. */
export function startScope(env: Variables): Scope {
  return { args: new Map(), env };
}

export function variablesOf(scope: Scope): Variables {
  return new Map([...scope.args, ...scope.env]);
}

/** An ARG's value: given, else its default, else the global one. Without any it stays unset. */
export function withArg(scope: Scope, arg: ArgInstruction, sources: ArgSources): Scope {
  const args = new Map(scope.args);
  for (const { name, value } of arg.args) {
    const found =
      sources.given.get(name) ??
      (value === undefined
        ? sources.global.get(name)
        : expandWord(value, variablesOf({ ...scope, args }), sources.escape, arg.range));
    if (found !== undefined) args.set(name, found);
  }
  return { ...scope, args };
}

/** The pairs of one ENV do not see each other: all are made with what stood before the line. */
export function withEnv(scope: Scope, env: EnvInstruction, escapeCharacter: EscapeCharacter): Scope {
  const variables = variablesOf(scope);
  const word = (text: string) => expandWord(text, variables, escapeCharacter, env.range);
  const made = env.pairs.map((pair): [string, string] => [word(pair.name), word(pair.value)]);
  return { ...scope, env: new Map([...scope.env, ...made]) };
}

/** The environment in the config of an image. */
export function environmentOf(defaults: BuildDefaults): ReadonlyMap<string, string> {
  return new Map(
    (defaults.Env ?? []).map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** ENV wins over ARG. SOURCE_DATE_EPOCH keeps tools that know it from writing the time of day into what they make. */
export function runEnvironment(defaults: BuildDefaults, scope: Scope, latest: number): readonly string[] {
  const variables = new Map([
    ["SOURCE_DATE_EPOCH", String(latest)],
    ...scope.args,
    ...environmentOf(defaults),
  ]);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}
