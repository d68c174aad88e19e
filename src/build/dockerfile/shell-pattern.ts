// The patterns of ${v#p}, ${v%p} and ${v/p/r}: `*`, `?` and characters. Matched by stepping through all possibilities at
// once, so that no pattern takes longer than its length times the length of the value. As in BuildKit neither `*` nor `?`
// goes over the end of a line.

/** One step of a pattern: a character, or one of the two wild ones. */
export type PatternStep = { readonly kind: "char"; readonly char: string } | { readonly kind: "one" | "any" };

/** Reads a pattern, or says what is wrong with it. */
export function readPattern(text: string): readonly PatternStep[] | string {
  const chars = [...text];
  const steps: PatternStep[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at]!;
    if (char === "*") steps.push({ kind: "any" });
    else if (char === "?") steps.push({ kind: "one" });
    else if (char !== "\\") steps.push({ kind: "char", char });
    else {
      const escaped = chars[++at];
      // "}" and "/" had to be escaped because of the ${} around the pattern.
      if (escaped === undefined || !"*?\\}/".includes(escaped))
        return `"\\${escaped ?? ""}" is no escape in a pattern`;
      steps.push({ kind: "char", char: escaped });
    }
  }
  return steps;
}

/** Where matches that begin at `start` may end: the nearest and the farthest place, or undefined when there is none. */
function endsFrom(
  value: readonly string[],
  steps: readonly PatternStep[],
  start: number,
): { readonly nearest: number; readonly farthest: number } | undefined {
  let states = new Uint8Array(steps.length + 1);
  let nearest = -1;
  let farthest = -1;
  states[0] = 1;
  for (let at = start; ; at++) {
    // An `any` may also take nothing.
    for (let state = 0; state < steps.length; state++)
      if (states[state] === 1 && steps[state]!.kind === "any") states[state + 1] = 1;
    if (states[steps.length] === 1) {
      if (nearest < 0) nearest = at;
      farthest = at;
    }
    const char = value[at];
    if (char === undefined) break;
    const next = new Uint8Array(steps.length + 1);
    let alive = false;
    for (let state = 0; state < steps.length; state++) {
      if (states[state] !== 1) continue;
      const step = steps[state]!;
      if (step.kind === "char" ? step.char !== char : char === "\n") continue;
      next[step.kind === "any" ? state : state + 1] = 1;
      alive = true;
    }
    if (!alive) break;
    states = next;
  }
  return nearest < 0 ? undefined : { nearest, farthest };
}

/** The value without the shortest or longest beginning that matches. */
export function cutPrefix(value: string, steps: readonly PatternStep[], how: "shortest" | "longest"): string {
  const chars = [...value];
  const ends = endsFrom(chars, steps, 0);
  if (ends === undefined) return value;
  return chars.slice(how === "longest" ? ends.farthest : ends.nearest).join("");
}

/** The value without the shortest or longest end that matches. */
export function cutSuffix(value: string, steps: readonly PatternStep[], how: "shortest" | "longest"): string {
  const backwards = cutPrefix([...value].reverse().join(""), [...steps].reverse(), how);
  return [...backwards].reverse().join("");
}

/** The value with the first match, or all of them, replaced. Of the matches at one place the longest counts. */
export function replaceMatches(
  value: string,
  steps: readonly PatternStep[],
  replacement: string,
  which: "first" | "all",
): string {
  const chars = [...value];
  const begins = beginnings(chars, steps);
  const parts: string[] = [];
  let at = 0;
  let lastEnd = -1;
  while (at <= chars.length) {
    const ends = begins[at] === 1 ? endsFrom(chars, steps, at) : undefined;
    // An empty match right after another one does not count (Go's regexp).
    if (ends !== undefined && (ends.farthest > at || at !== lastEnd)) {
      parts.push(replacement);
      lastEnd = ends.farthest;
      if (which === "first") return parts.join("") + chars.slice(lastEnd).join("");
      if (ends.farthest > at) {
        at = ends.farthest;
        continue;
      }
    }
    parts.push(chars[at] ?? "");
    at++;
  }
  return parts.join("");
}

/** The places where a match begins, found from the end backwards, so that no place is tried in vain. */
function beginnings(value: readonly string[], steps: readonly PatternStep[]): Uint8Array {
  let places = new Uint8Array(value.length + 1).fill(1);
  for (const step of [...steps].reverse()) {
    const before = new Uint8Array(value.length + 1);
    for (let at = value.length; at >= 0; at--) {
      const char = value[at];
      if (step.kind === "any") {
        if (places[at] === 1 || (char !== undefined && char !== "\n" && before[at + 1] === 1)) before[at] = 1;
      } else if (char !== undefined && places[at + 1] === 1) {
        if (step.kind === "char" ? step.char === char : char !== "\n") before[at] = 1;
      }
    }
    places = before;
  }
  return places;
}
