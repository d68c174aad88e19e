// Rules about what stands in a RUN. They look at words, and say nothing where they are not sure.

import type { RunInstruction } from "../instruction.ts";
import { allOf, type LintInput, type LintRule, type Remark } from "./rule.ts";

export const cdWithoutEffect: LintRule = {
  name: "CdWithoutEffect",
  sentence: "Use WORKDIR to change the folder: a cd ends with its RUN",
  check: (input) =>
    remarks(input, (run) =>
      isOneCommand(run) && wordsOf(run)[0] === "cd"
        ? "The next instruction is in the old folder again"
        : undefined,
    ),
};

export const exportWithoutEffect: LintRule = {
  name: "ExportWithoutEffect",
  sentence: "Use ENV to set a variable: an export ends with its RUN",
  check: (input) =>
    remarks(input, (run) =>
      isOneCommand(run) && wordsOf(run)[0] === "export"
        ? "The next instruction does not see the variable"
        : undefined,
    ),
};

export const aptUpdateAlone: LintRule = {
  name: "AptUpdateAlone",
  sentence:
    "Run apt-get update and apt-get install in one RUN: alone, its result stays in the cache for ever",
  check: (input) =>
    remarks(input, (run) =>
      isOneCommand(run) && isApt(wordsOf(run), "update")
        ? "The lists of packages in this layer grow old, and later installs fail"
        : undefined,
    ),
};

export const aptListsLeft: LintRule = {
  name: "AptListsLeft",
  sentence: "Remove /var/lib/apt/lists in the RUN that installs, or mount a cache there",
  check: (input) =>
    remarks(input, (run) => {
      const installs = textOf(run)
        .split(/[;&|\n]+/)
        .some((command) => isApt(command.trim().split(/\s+/), "install"));
      const clean =
        textOf(run).includes("/var/lib/apt/lists") ||
        run.mounts.some((one) => one.text.includes("/var/lib/apt"));
      return installs && !clean ? "The lists of packages stay in this layer" : undefined;
    }),
};

function remarks(input: LintInput, textFor: (run: RunInstruction) => string | undefined): readonly Remark[] {
  return allOf(input, "run").flatMap((run) => {
    const text = textFor(run);
    return text === undefined ? [] : [{ where: run.range, text }];
  });
}

function textOf(run: RunInstruction): string {
  const command = run.command.kind === "shell" ? run.command.text : "";
  return [command, ...run.heredocs.map((heredoc) => heredoc.content)].join("\n");
}

function wordsOf(run: RunInstruction): readonly string[] {
  return textOf(run).trim().split(/\s+/);
}

function isOneCommand(run: RunInstruction): boolean {
  return run.heredocs.length === 0 && !/[;&|\n<>]/.test(textOf(run).trim());
}

function isApt(words: readonly string[], verb: string): boolean {
  const bare = words.filter((word) => word !== "sudo" && !word.startsWith("-") && !/^\w+=/.test(word));
  return (bare[0] === "apt-get" || bare[0] === "apt") && bare[1] === verb;
}
