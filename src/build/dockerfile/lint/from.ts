import { nearest } from "#kit";
import { hostPlatform, isVialError, parseNamed, parsePlatform } from "#spec";
import { platformArgs } from "../arguments.ts";
import { type Expansion, expand, type Variables } from "../expand.ts";
import type { FromInstruction } from "../instruction.ts";
import { startScope, variablesOf, withArg } from "../scope.ts";
import { type LintInput, type LintRule, type Remark, stageNamed } from "./rule.ts";

export const undefinedArgInFrom: LintRule = {
  name: "UndefinedArgInFrom",
  sentence: "Declare what a FROM uses by an ARG above the first FROM",
  check: (input) => {
    // An ARG without a value is declared, too: it gets one by --build-arg.
    const declared = input.globals.flatMap((one) => one.args.map((arg): [string, string] => [arg.name, ""]));
    const variables = new Map([...declared, ...globalDefaults(input)]);
    return input.stages.flatMap(({ from }) =>
      [from.image, from.platform ?? ""].flatMap((text) => {
        const missing = [...(tryExpand(text, variables, input)?.unguarded ?? [])];
        return missing.map((name) => ({
          where: from.range,
          text: `No ARG above the first FROM declares "${name}"${guess(name, [...variables.keys()])}`,
        }));
      }),
    );
  },
};

export const invalidDefaultArgInFrom: LintRule = {
  name: "InvalidDefaultArgInFrom",
  sentence: "Give the ARGs of a FROM defaults that make a good name of an image",
  check: (input) => {
    const variables = globalDefaults(input);
    return input.stages.flatMap(({ from }, index): Remark[] => {
      const expansion = tryExpand(from.image, variables, input);
      if (expansion === undefined || expansion.used.size + expansion.missing.size === 0) return [];
      const image = expansion.text;
      if (image === "scratch" || stageNamed(input, image, index) >= 0 || isReference(image)) return [];
      const text = `With the defaults alone "${from.image}" is ${image === "" ? "empty" : `"${image}", which is no name of an image`}`;
      return [{ where: from.range, text }];
    });
  },
};

export const fromPlatformFlagConstDisallowed: LintRule = {
  name: "FromPlatformFlagConstDisallowed",
  sentence: "Do not fix the platform of a FROM to one",
  check: ({ stages }) =>
    stages.flatMap(({ from: { platform, name, range } }) =>
      platform === undefined || platform.includes("$") || namesPlatform(name ?? "", platform)
        ? []
        : [{ where: range, text: `The platform is fixed to "${platform}"` }],
    ),
};

export const redundantTargetPlatform: LintRule = {
  name: "RedundantTargetPlatform",
  sentence: "Leave out --platform=$TARGETPLATFORM: it is the default",
  check: ({ stages }) =>
    stages.flatMap(({ from: { platform, range } }) =>
      /^\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform ?? "")
        ? [{ where: range, text: `--platform=${platform} is the default` }]
        : [],
    ),
};

export const unpinnedBaseImage: LintRule = {
  name: "UnpinnedBaseImage",
  sentence: "Name the version of the image that a stage begins with",
  check: (input) =>
    input.stages.flatMap(({ from }, index) => {
      if (from.image === "scratch" || from.image.includes("$")) return [];
      if (stageNamed(input, from.image, index) >= 0 || isPinned(from)) return [];
      return [
        { where: from.range, text: `"${from.image}" is another image tomorrow: it has no tag, or "latest"` },
      ];
    }),
};

function isPinned(from: FromInstruction): boolean {
  try {
    const { tag, digest } = parseNamed(from.image);
    return digest !== undefined || (tag !== undefined && tag !== "latest");
  } catch (error) {
    if (isVialError(error)) return true;
    throw error;
  }
}

function isReference(text: string): boolean {
  try {
    parseNamed(text);
    return true;
  } catch (error) {
    if (isVialError(error)) return false;
    throw error;
  }
}

/** A stage that says in its name for which platform it is may fix it: "FROM --platform=linux/arm64 x AS build-arm64". */
function namesPlatform(stage: string, platform: string): boolean {
  try {
    const { os, architecture } = parsePlatform(platform);
    return stage.includes(os) || stage.includes(architecture);
  } catch (error) {
    if (isVialError(error)) return false;
    throw error;
  }
}

/** The values above the first FROM when nobody gives any. */
function globalDefaults(input: LintInput): Variables {
  const automatic = platformArgs(hostPlatform(), hostPlatform(), "default");
  const sources = { given: new Map(), global: automatic, escape: input.dockerfile.directives.escape };
  try {
    const start = { ...startScope(new Map()), args: automatic };
    return variablesOf(input.globals.reduce((scope, arg) => withArg(scope, arg, sources), start));
  } catch (error) {
    // A default that cannot be worked out stops the build with a better text than a rule has.
    if (isVialError(error)) return automatic;
    throw error;
  }
}

function tryExpand(text: string, variables: Variables, input: LintInput): Expansion | undefined {
  try {
    return expand(text, variables, { escape: input.dockerfile.directives.escape });
  } catch (error) {
    if (isVialError(error)) return undefined;
    throw error;
  }
}

function guess(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}
