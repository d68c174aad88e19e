// One pattern of a .dockerignore: read, checked, and matched. The rules are those of moby/patternmatcher, not those of
// git: patterns count from the root, and `**file` also matches "myfile", while `**file*` does not.

/** Code points, both ends included. */
type Range = readonly [low: number, high: number];

/** One step of a pattern. */
type IgnoreStep =
  | { readonly kind: "char"; readonly char: string }
  /** `?`: anything but a slash. */
  | { readonly kind: "one" }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly Range[] }
  /** `*`: no slash. */
  | { readonly kind: "any" }
  /** `**` before something: nothing, or all up to a slash. */
  | { readonly kind: "folders" }
  /** `**` at the end, or at the start of a pattern without other wild cards: anything. */
  | { readonly kind: "all" };

/** A pattern, ready to be asked. */
export interface IgnorePattern {
  /** It began with "!": what it matches is not ignored after all. */
  readonly exception: boolean;
  /** Tells whether it matches a path as a whole. */
  readonly matches: (path: string) => boolean;
  /** Tells whether it can match anything below a folder, going by the folder's path. */
  readonly reachesInto: (folder: string) => boolean;
}

/** Makes a pattern of cleaned text, or says what is wrong with it. */
export function readIgnorePattern(text: string, exception: boolean): IgnorePattern | string {
  const steps = readSteps([...text]);
  if (typeof steps === "string") return steps;
  return {
    exception,
    matches: matcherOf(steps),
    reachesInto: (folder) => statesAfter(steps, `${folder}/`).length > 0,
  };
}

function readSteps(chars: readonly string[]): readonly IgnoreStep[] | string {
  const steps: IgnoreStep[] = [];
  let leading = false;
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at]!;
    if (char === "*" && chars[at + 1] === "*") {
      leading ||= at === 0;
      at += chars[at + 2] === "/" ? 2 : 1;
      steps.push({ kind: at === chars.length - 1 ? "all" : "folders" });
    } else if (char === "*") steps.push({ kind: "any" });
    else if (char === "?") steps.push({ kind: "one" });
    else if (char === "\\") {
      const escaped = chars[++at];
      if (escaped === undefined) return "it ends in a backslash";
      steps.push({ kind: "char", char: escaped });
    } else if (char === "[") {
      const set = readSet(chars, at + 1);
      if (set === undefined) return 'a "[" is not closed, or what stands in it is no range';
      steps.push(set.step);
      at = set.end;
    } else steps.push({ kind: "char", char });
  }
  return leading ? widenLeading(steps, chars) : steps;
}

/** patternmatcher compares the end of the path when `**` begins a pattern that has nothing else wild: `**file`. */
function widenLeading(steps: readonly IgnoreStep[], chars: readonly string[]): readonly IgnoreStep[] {
  const [first, ...rest] = steps;
  const plain = rest.every((step) => step.kind === "char") && !chars.includes("\\");
  return first?.kind === "folders" && plain && chars[2] !== "/" ? [{ kind: "all" }, ...rest] : steps;
}

function readSet(
  chars: readonly string[],
  from: number,
): { readonly step: IgnoreStep; readonly end: number } | undefined {
  let at = from;
  const negated = chars[at] === "^";
  if (negated) at++;
  const ranges: Range[] = [];
  const readOne = (): string | undefined => {
    const char = chars[at];
    if (char === undefined || char === "-" || char === "]") return undefined;
    at++;
    return char === "\\" ? chars[at++] : char;
  };
  for (;;) {
    if (chars[at] === "]" && ranges.length > 0) return { step: { kind: "set", negated, ranges }, end: at };
    const low = readOne();
    if (low === undefined) return undefined;
    let high: string | undefined = low;
    if (chars[at] === "-") {
      at++;
      high = readOne();
      if (high === undefined) return undefined;
    }
    ranges.push([low.codePointAt(0)!, high.codePointAt(0)!]);
  }
}

const wild: readonly IgnoreStep["kind"][] = ["any", "folders", "all"];

/** More wild cards than this make a regular expression slow on paths that nearly match. */
const mostWild = 2;

function matcherOf(steps: readonly IgnoreStep[]): (path: string) => boolean {
  const last = steps.at(-1);
  const before = textOf(steps.slice(0, -1));
  const whole = textOf(steps);
  if (whole !== undefined) return (path) => path === whole;
  if (last?.kind === "all" && before !== undefined) return (path) => path.startsWith(before);
  if (steps.filter((step) => wild.includes(step.kind)).length <= mostWild) {
    const expression = new RegExp(`^${steps.map(expressionOf).join("")}$`, "su");
    return (path) => expression.test(path);
  }
  return (path) => statesAfter(steps, path).includes(steps.length);
}

function textOf(steps: readonly IgnoreStep[]): string | undefined {
  const chars = steps.map((step) => (step.kind === "char" ? step.char : undefined));
  return chars.includes(undefined) ? undefined : chars.join("");
}

function expressionOf(step: IgnoreStep): string {
  const quoted = (code: number) => `\\u{${code.toString(16)}}`;
  switch (step.kind) {
    case "char":
      return quoted(step.char.codePointAt(0)!);
    case "one":
      return "[^/]";
    case "any":
      return "[^/]*";
    case "folders":
      return "(?:.*/)?";
    case "all":
      return ".*";
    case "set": {
      const ranges = step.ranges.filter(([low, high]) => low <= high);
      return `[${step.negated ? "^" : ""}${ranges.map(([low, high]) => `${quoted(low)}-${quoted(high)}`).join("")}]`;
    }
    default:
      return step satisfies never;
  }
}

/**
 * The steps that may come next after a path was read, without repeats; the number of steps stands for "matched". All
 * possibilities are followed at once, so no pattern takes longer than its length times that of the path.
 */
function statesAfter(steps: readonly IgnoreStep[], path: string): readonly number[] {
  let states = skipEmpty(steps, new Set([0]));
  // Inside of `folders`, on the way to the next slash.
  let inFolders = new Set<number>();
  for (const char of path) {
    const next = new Set<number>();
    const nextInFolders = new Set<number>();
    for (const state of states) {
      const step = steps[state];
      if (step === undefined) continue;
      if (step.kind === "folders") inFolders.add(state);
      else if (step.kind === "all" || (step.kind === "any" && char !== "/")) next.add(state);
      else if (step.kind !== "any" && takes(step, char)) next.add(state + 1);
    }
    for (const state of inFolders) {
      nextInFolders.add(state);
      if (char === "/") next.add(state + 1);
    }
    states = skipEmpty(steps, next);
    inFolders = nextInFolders;
    if (states.size === 0 && inFolders.size === 0) return [];
  }
  return [...new Set([...states, ...inFolders])];
}

/** Steps that may take nothing may be skipped. */
function skipEmpty(steps: readonly IgnoreStep[], states: Set<number>): Set<number> {
  for (const state of states) {
    const step = steps[state];
    if (step !== undefined && wild.includes(step.kind)) states.add(state + 1);
  }
  return states;
}

function takes(step: IgnoreStep, char: string): boolean {
  if (step.kind === "char") return step.char === char;
  if (step.kind === "one") return char !== "/";
  if (step.kind !== "set") return false;
  const code = char.codePointAt(0)!;
  return step.ranges.some(([low, high]) => low <= code && code <= high) !== step.negated;
}
