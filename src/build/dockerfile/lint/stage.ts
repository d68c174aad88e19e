import { type LintRule, stageNamed } from "./rule.ts";

export const duplicateStageName: LintRule = {
  name: "DuplicateStageName",
  sentence: "Give every stage a name of its own",
  check: (input) =>
    input.stages.flatMap(({ from: { name, range } }, index) =>
      name !== undefined && stageNamed(input, name, index) >= 0
        ? [{ where: range, text: `An earlier stage is named "${name}" as well` }]
        : [],
    ),
};

export const reservedStageName: LintRule = {
  name: "ReservedStageName",
  sentence: 'Name no stage "scratch" or "context"',
  check: ({ stages }) =>
    stages.flatMap(({ from: { name, range } }) =>
      name !== undefined && ["scratch", "context"].includes(name)
        ? [{ where: range, text: `"${name}" is a word of Docker's own and should name no stage` }]
        : [],
    ),
};

export const copyFromLaterStage: LintRule = {
  name: "CopyFromLaterStage",
  sentence: "Copy from stages above, so that a recipe can be read from top to bottom",
  check: (input) =>
    input.stages.flatMap((stage, index) =>
      stage.instructions.flatMap((one) => {
        if (one.kind !== "copy" || one.from === undefined) return [];
        const source = /^\d+$/.test(one.from)
          ? Number(one.from)
          : stageNamed(input, one.from, input.stages.length);
        return source > index && source < input.stages.length
          ? [{ where: one.range, text: `The stage "${one.from}" stands further down` }]
          : [];
      }),
    ),
};
