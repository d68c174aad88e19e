import type { SourceRange } from "#spec";
import { lintFailed } from "./error.ts";
import type { IgnoreMatcher } from "./ignore.ts";
import { type CheckOptions, parseCheckOptions } from "./lint/options.ts";
import type { LintRule } from "./lint/rule.ts";
import { lintRules } from "./lint/rules.ts";
import type { Dockerfile } from "./parse.ts";
import { splitStages } from "./split-stages.ts";

/** Something in a recipe that goes against a rule. */
export interface LintFinding {
  /** The rule's name; docs/lint/NAME.md tells more. */
  readonly rule: string;
  /** What the rule wants. */
  readonly sentence: string;
  /** What was found. */
  readonly text: string;
  readonly where: SourceRange;
}

export interface LintReport {
  readonly findings: readonly LintFinding[];
  /** `check=error=true`: findings stop the build, see refuseFindings(). */
  readonly strict: boolean;
}

export interface LintOptions {
  /** The context's .dockerignore. */
  readonly ignore?: IgnoreMatcher;
  /** In place of the directive `check` of the file. */
  readonly check?: string;
}

/** Looks for what can be read and will run, and still is not what anybody wants. */
export function lint(dockerfile: Dockerfile, options: LintOptions = {}): LintReport {
  const wanted = parseCheckOptions(options.check ?? dockerfile.directives.check);
  const { ignore } = options;
  const input = { dockerfile, ...splitStages(dockerfile), ...(ignore === undefined ? {} : { ignore }) };
  const findings = lintRules
    .filter((rule) => isWanted(rule, wanted))
    .flatMap((rule) =>
      rule.check(input).map((remark) => ({ rule: rule.name, sentence: rule.sentence, ...remark })),
    );
  return { findings: findings.sort((one, other) => one.where.from - other.where.from), strict: wanted.error };
}

/** Names are compared as BuildKit does: as written. */
function isWanted(rule: LintRule, { skip, experimental }: CheckOptions): boolean {
  if (skip === "all" || skip.includes(rule.name)) return false;
  return rule.optional !== true || experimental === "all" || experimental.includes(rule.name);
}

/** Throws when the recipe itself asks that findings stop the build. */
export function refuseFindings(dockerfile: Dockerfile, report: LintReport): void {
  if (report.strict && report.findings.length > 0) throw lintFailed(dockerfile.file, report.findings.length);
}
