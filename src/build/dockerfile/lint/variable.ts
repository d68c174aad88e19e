import { nearest } from "#kit";
import { isVialError } from "#spec";
import { automaticArgs, proxyArgs } from "../arguments.ts";
import { expand } from "../expand.ts";
import type { StageInstruction } from "../instruction.ts";
import { allOf, type LintInput, type LintRule, type Remark, stageNamed } from "./rule.ts";

export const undefinedVar: LintRule = {
  name: "UndefinedVar",
  sentence: "Declare a variable by ARG or ENV before it is used",
  check: (input) => {
    const globals = input.globals.flatMap((one) => one.args.map((arg) => arg.name));
    const ends: Known[] = [];
    return input.stages.flatMap((stage, index) => {
      const base = stageNamed(input, stage.from.image, index);
      const start = ends[base] ?? { names: new Set<string>(), complete: stage.from.image === "scratch" };
      // Declared ARGs end with their stage; what ENV set goes on.
      const known = { names: new Set(start.names), complete: start.complete };
      const args = new Set<string>(proxyArgs);
      const remarks = stage.instructions.flatMap((one) => {
        const found = remarksOn(one, known, args, globals, input);
        if (one.kind === "env") for (const pair of one.pairs) known.names.add(pair.name);
        if (one.kind === "arg") for (const arg of one.args) args.add(arg.name);
        return found;
      });
      ends[index] = known;
      return remarks;
    });
  },
};

/** The names of an environment. That of an image is not known here, so a name may be missing without being wrong. */
interface Known {
  readonly names: Set<string>;
  readonly complete: boolean;
}

function remarksOn(
  one: StageInstruction,
  known: Known,
  args: ReadonlySet<string>,
  globals: readonly string[],
  input: LintInput,
): Remark[] {
  const present = [...known.names, ...args];
  const variables = new Map(present.map((name): [string, string] => [name, "x"]));
  const options = { escape: input.dockerfile.directives.escape };
  const missing = new Set<string>();
  for (const text of textsOf(one)) {
    try {
      for (const name of expand(text, variables, options).unguarded) missing.add(name);
    } catch (error) {
      if (!isVialError(error)) throw error;
    }
  }
  return [...missing].flatMap((name) => {
    const why = whyMissing(name, present, known.complete, globals);
    return why === undefined ? [] : [{ where: one.range, text: `"$${name}" is not set here${why}` }];
  });
}

function whyMissing(
  name: string,
  present: readonly string[],
  complete: boolean,
  globals: readonly string[],
): string | undefined {
  if (globals.includes(name) || automaticArgs.includes(name))
    return `; a stage takes it over by \`ARG ${name}\``;
  const near = nearest(name, present);
  if (near !== undefined && near !== name) return `; did you mean "$${near}"?`;
  return complete ? "" : undefined;
}

/** The texts of an instruction into which Docker puts variables. */
function textsOf(one: StageInstruction): readonly string[] {
  switch (one.kind) {
    case "env":
    case "label":
      return one.pairs.map((pair) => pair.value);
    case "arg":
      return one.args.flatMap((arg) => arg.value ?? []);
    case "copy":
    case "add":
      return [...one.sources, one.destination, one.chown ?? "", one.chmod ?? ""];
    case "workdir":
      return [one.path];
    case "user":
      return [one.user];
    case "expose":
      return one.ports;
    case "volume":
      return one.paths;
    case "stopsignal":
      return [one.signal];
    default:
      return [];
  }
}

const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i;

export const secretsUsedInArgOrEnv: LintRule = {
  name: "SecretsUsedInArgOrEnv",
  sentence: "Keep secrets out of ARG and ENV: they stay in the image and its history",
  check: (input) =>
    [...input.globals, ...allOf(input, "arg", "env")].flatMap((one) => {
      const names = one.kind === "arg" ? one.args : one.pairs;
      return names
        .filter(({ name }) => secret.test(name) && !harmless.test(name))
        .map(({ name }) => ({
          where: one.range,
          text: `"${name}" sounds like a secret; use RUN --mount=type=secret`,
        }));
    }),
};

export const legacyKeyValueFormat: LintRule = {
  name: "LegacyKeyValueFormat",
  sentence: 'Write ENV and LABEL with "="',
  check: (input) =>
    allOf(input, "env", "label").flatMap((one) =>
      one.pairs
        .filter((pair) => pair.separator === "")
        .map((pair) => ({
          where: one.range,
          text: `"${one.keyword} ${pair.name}=..." is the form to use; this one has a blank`,
        })),
    ),
};
