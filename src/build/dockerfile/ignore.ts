import { ignorePatternInvalid } from "./error.ts";
import { type IgnorePattern, readIgnorePattern } from "./ignore-pattern.ts";
import { readSourceLines } from "./source-line.ts";
import { trimSpace } from "./white-space.ts";

/** What is known of one path on a walk; the walk hands it on to what lies below. */
export interface IgnoreState {
  readonly ignored: boolean;
  /** A folder that need not be entered: all below is ignored, whatever it is called. */
  readonly skippable: boolean;
  /** Which patterns matched the path or a folder above it. */
  readonly matched: readonly boolean[];
}

/** The patterns of a .dockerignore, in order: the last one that matches counts. */
export class IgnoreMatcher {
  readonly #patterns: readonly IgnorePattern[];

  constructor(patterns: readonly IgnorePattern[]) {
    this.#patterns = patterns;
  }

  /** Tells whether nothing is ever ignored. */
  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** One step of a walk: a path such as `src/main.c`, and what was found for its folder, if it lies in one. */
  step(path: string, parent?: IgnoreState): IgnoreState {
    const matched: boolean[] = [];
    let ignored = false;
    this.#patterns.forEach((pattern, index) => {
      // A pattern that could change nothing is not asked (patternmatcher); what it would say is not handed on either.
      const match =
        parent?.matched[index] === true || (pattern.exception === ignored && pattern.matches(path));
      matched.push(match);
      if (match) ignored = !pattern.exception;
    });
    return { ignored, skippable: ignored && !this.#mayExceptBelow(path, matched), matched };
  }

  /** What is known of a path, its folders considered. On a walk, step() asks less. */
  stateOf(path: string): IgnoreState {
    let state: IgnoreState | undefined;
    for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1))
      state = this.step(path.slice(0, slash), state);
    return this.step(path, state);
  }

  isIgnored(path: string): boolean {
    return this.stateOf(path).ignored;
  }

  #mayExceptBelow(folder: string, matched: readonly boolean[]): boolean {
    return this.#patterns.some(
      (pattern, index) => pattern.exception && matched[index] !== true && pattern.reachesInto(folder),
    );
  }
}

/**
 * Reads a .dockerignore: `#` at the start of a line makes a comment, blanks around a pattern fall away, slashes at its
 * start and end as well, and `.` and `..` are worked out.
 */
export function parseIgnoreFile(text: string, file = ".dockerignore"): IgnoreMatcher {
  const patterns: IgnorePattern[] = [];
  for (const line of readSourceLines(text)) {
    if (line.text.startsWith("#")) continue;
    const written = trimSpace(line.text);
    if (written === "") continue;
    const where = { file, from: line.number, to: line.number };
    const exception = written.startsWith("!");
    const bare = exception ? trimSpace(written.slice(1)) : written;
    if (bare === "") throw ignorePatternInvalid(written, 'nothing stands behind the "!"', where);
    const clean = cleanPath(bare);
    const pattern = readIgnorePattern(clean.length > 1 ? clean.replace(/^\//, "") : clean, exception);
    if (typeof pattern === "string") throw ignorePatternInvalid(written, pattern, where);
    patterns.push(pattern);
  }
  return new IgnoreMatcher(patterns);
}

/** As Go's filepath.Clean. */
function cleanPath(path: string): string {
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== ".." || (parts.length > 0 && parts.at(-1) !== "..")) {
      if (part === "..") parts.pop();
      else parts.push(part);
    } else if (!absolute) parts.push(part);
  }
  const joined = parts.join("/");
  return absolute ? `/${joined}` : joined === "" ? "." : joined;
}
