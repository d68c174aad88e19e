import type { SourceRange } from "#spec";
import type { IgnoreMatcher } from "../ignore.ts";
import type { ArgInstruction, StageInstruction } from "../instruction.ts";
import type { Dockerfile } from "../parse.ts";
import type { StageText } from "../split-stages.ts";

/** What rules look at. */
export interface LintInput {
  readonly dockerfile: Dockerfile;
  /** The ARGs above the first FROM. */
  readonly globals: readonly ArgInstruction[];
  readonly stages: readonly StageText[];
  /** The .dockerignore of the context, if there is one. */
  readonly ignore?: IgnoreMatcher;
}

/** Something that goes against a rule. */
export interface Remark {
  readonly where: SourceRange;
  readonly text: string;
}

/** A rule is data: each has its page, docs/lint/NAME.md, with an example that it finds and one that it does not. */
export interface LintRule {
  /** BuildKit's name where BuildKit has the rule. */
  readonly name: string;
  /** What to do, in one sentence. */
  readonly sentence: string;
  /** Runs only when `# check=experimental=NAME` asks for it: it is too often wrong. */
  readonly optional?: true;
  readonly check: (input: LintInput) => readonly Remark[];
}

/** The instructions of one kind, in all stages. */
export function allOf<Kind extends StageInstruction["kind"]>(
  input: LintInput,
  ...kinds: readonly Kind[]
): readonly Extract<StageInstruction, { readonly kind: Kind }>[] {
  const isWanted = (one: StageInstruction): one is Extract<StageInstruction, { readonly kind: Kind }> =>
    kinds.some((kind) => kind === one.kind);
  return input.stages.flatMap((stage) => stage.instructions.filter(isWanted));
}

/** The stage that an image name stands for, among those above. */
export function stageNamed(input: LintInput, name: string, before: number): number {
  const names = input.stages.slice(0, before).map((stage) => stage.from.name as string | undefined);
  return names.lastIndexOf(name.toLowerCase());
}
