/** A number from 0 to below `below`. */
export type Random = (below: number) => number;

/** A small generator with a seed: the same run every time. */
export function makeRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The text with a few places cut out, doubled, or replaced by snippets. */
export function mutate(text: string, snippets: readonly string[], random: Random): string {
  let changed = text;
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(changed.length + 1);
    const length = random(4) === 0 ? random(40) : random(2);
    const added = random(3) === 0 ? "" : snippets[random(snippets.length)]!;
    changed = changed.slice(0, at) + added.repeat(1 + random(2)) + changed.slice(at + length);
  }
  return changed;
}
