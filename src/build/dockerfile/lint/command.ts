import type { StageInstruction } from "../instruction.ts";
import { allOf, type LintRule } from "./rule.ts";

export const jsonArgsRecommended: LintRule = {
  name: "JSONArgsRecommended",
  sentence: "Give CMD and ENTRYPOINT a JSON array: a shell between does not pass signals on",
  check: ({ stages }) =>
    stages.flatMap((stage) => {
      // Whoever chose a shell wants one.
      const shell = stage.instructions.findIndex((one) => one.kind === "shell");
      return stage.instructions.flatMap((one, index) => {
        if (one.kind !== "cmd" && one.kind !== "entrypoint") return [];
        if (one.command.kind === "exec" || one.command.text === "" || (shell >= 0 && shell < index))
          return [];
        return [{ where: one.range, text: `${one.keyword} starts a shell, which does not pass signals on` }];
      });
    }),
};

/** Begins like JSON, and not like the command `[`. */
const nearlyJson = /^\[\s*(?:'[^']*'|"[^"]*")\s*[,\]]/;

export const invalidJsonForm: LintRule = {
  name: "InvalidJsonForm",
  sentence: "Write JSON arrays with double quotes and commas: anything else runs in a shell",
  check: (input) =>
    allOf(input, "run", "cmd", "entrypoint").flatMap((one) =>
      one.command.kind === "shell" && nearlyJson.test(one.command.text)
        ? [
            {
              where: one.range,
              text: `${one.command.text.slice(0, 60)} is no JSON, so a shell gets it as it is`,
            },
          ]
        : [],
    ),
};

export const variableInExecForm: LintRule = {
  name: "VariableInExecForm",
  sentence: "Use the shell form for a command with variables: without a shell nobody puts them in",
  check: (input) =>
    allOf(input, "run", "cmd", "entrypoint").flatMap((one) => {
      if (one.command.kind !== "exec") return [];
      const { words } = one.command;
      // With a shell or another interpreter as the first word, the rest is its own affair.
      if (words.includes("-c")) return [];
      const word = words.find((each) => /\$(?:[A-Za-z_]|\{)/.test(each));
      return word === undefined ? [] : [{ where: one.range, text: `Nothing puts a value into "${word}"` }];
    }),
};

const onceEach: readonly StageInstruction["kind"][] = ["cmd", "entrypoint", "healthcheck"];

export const multipleInstructionsDisallowed: LintRule = {
  name: "MultipleInstructionsDisallowed",
  sentence: "Give a stage one CMD, one ENTRYPOINT and one HEALTHCHECK: only the last counts",
  check: ({ stages }) =>
    stages.flatMap(({ instructions }) =>
      onceEach.flatMap((kind) =>
        instructions
          .filter((one) => one.kind === kind)
          .slice(0, -1)
          .map((one) => ({
            where: one.range,
            text: `Another ${one.keyword} below takes the place of this one`,
          })),
      ),
    ),
};

export const emptyRun: LintRule = {
  name: "EmptyRun",
  sentence: "Give every RUN a command",
  check: (input) =>
    allOf(input, "run").flatMap((one) =>
      one.command.kind === "shell" && one.command.text === ""
        ? [{ where: one.range, text: "This RUN starts a shell that has nothing to do" }]
        : [],
    ),
};
