import * as casing from "./casing.ts";
import * as command from "./command.ts";
import * as files from "./files.ts";
import * as from from "./from.ts";
import type { LintRule } from "./rule.ts";
import * as shell from "./shell.ts";
import * as stage from "./stage.ts";
import * as text from "./text.ts";
import * as variable from "./variable.ts";

/** All rules, by name. */
export const lintRules: readonly LintRule[] = [casing, command, files, from, shell, stage, text, variable]
  .flatMap((group): LintRule[] => Object.values(group))
  .sort((one, other) => (one.name < other.name ? -1 : 1));
