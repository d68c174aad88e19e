import { allOf, type LintRule } from "./rule.ts";

export const stageNameCasing: LintRule = {
  name: "StageNameCasing",
  sentence: "Write the names of stages in lower case",
  check: ({ stages }) =>
    stages.flatMap(({ from: { range, writtenName, name } }) =>
      writtenName === undefined || writtenName === name
        ? []
        : [{ where: range, text: `The name of the stage "${writtenName}" is not in lower case` }],
    ),
};

export const fromAsCasing: LintRule = {
  name: "FromAsCasing",
  sentence: 'Write "AS" in the same case as "FROM"',
  check: ({ stages }) =>
    stages.flatMap(({ from: { range, keyword, asKeyword } }) => {
      const wanted = caseOf(keyword) === "lower" ? "as" : "AS";
      // A FROM that is neither is what ConsistentInstructionCasing finds.
      if (asKeyword === undefined || caseOf(keyword) === "mixed" || asKeyword === wanted) return [];
      return [{ where: range, text: `"${asKeyword}" and "${keyword}" are not in the same case` }];
    }),
};

export const consistentInstructionCasing: LintRule = {
  name: "ConsistentInstructionCasing",
  sentence: "Write all instructions in the same case",
  check: ({ dockerfile: { instructions } }) => {
    const cases = instructions.map((one) => caseOf(one.keyword));
    const count = (wanted: string) => cases.filter((one) => one === wanted).length;
    const most = count("lower") > count("upper") ? "lower" : "upper";
    return instructions
      .filter((_, index) => cases[index] !== most)
      .map((one) => ({
        where: one.range,
        text: `"${one.keyword}" is not in ${most} case, as most instructions here`,
      }));
  },
};

export const exposeProtoCasing: LintRule = {
  name: "ExposeProtoCasing",
  sentence: "Write the protocol of an EXPOSE in lower case",
  check: (input) =>
    allOf(input, "expose").flatMap(({ ports, range }) =>
      ports
        .filter((port) => !port.includes("$") && /\/.*[A-Z]/.test(port))
        .map((port) => ({ where: range, text: `The protocol of "${port}" is not in lower case` })),
    ),
};

function caseOf(word: string): "lower" | "upper" | "mixed" {
  if (word === word.toUpperCase()) return "upper";
  return word === word.toLowerCase() ? "lower" : "mixed";
}
