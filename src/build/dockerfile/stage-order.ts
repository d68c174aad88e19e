import { stageCycle } from "./error.ts";
import type { Stage } from "./stages.ts";

/**
 * The stages that have to be built for one, in an order in which each comes after those that it needs. Walks without
 * recursion: a recipe may have more stages than the call stack has room for.
 */
export function orderStages(stages: readonly Stage[], targets: readonly Stage[]): readonly Stage[] {
  const ordered = new Set<Stage>();
  const open: Stage[] = [];
  const next = new Map<Stage, number>();
  for (const target of targets) {
    if (!ordered.has(target)) open.push(target);
    for (let stage = open.at(-1); stage !== undefined; stage = open.at(-1)) {
      const step = next.get(stage) ?? 0;
      const need = stages[stage.needs[step] ?? -1];
      next.set(stage, step + 1);
      if (need === undefined) {
        ordered.add(stage);
        open.pop();
      } else if (!ordered.has(need)) {
        // Whoever was begun and is not ordered waits further down in `open`.
        if (next.has(need)) throw stageCycle(namesOfCycle(open, need), stage.from.range);
        open.push(need);
      }
    }
  }
  return [...ordered];
}

function namesOfCycle(open: readonly Stage[], again: Stage): readonly string[] {
  return [...open.slice(open.indexOf(again)), again].map((stage) => stage.name ?? `stage ${stage.index}`);
}
