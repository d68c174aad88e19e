import { readdirSync, readFileSync } from "node:fs";
import type { LayerBlob } from "#image";
import type { Digest } from "#spec";

/** What a step made: a layer, or nothing but what was there before. */
export interface StepResult {
  readonly layer: LayerBlob | null;
  /** What it left for the step behind it. */
  readonly carried?: string;
  /** How long it took, in milliseconds: what the cache saves. */
  readonly took: number;
  /** What a person calls it. */
  readonly title: string;
}

export function stepsFolder(folder: string): string {
  return `${folder}/steps`;
}

/** What the remembered steps have made: the collector leaves it where it is. */
export function heldByBuilds(folder: string): { readonly layers: Digest[]; readonly blobs: Digest[] } {
  const held = { layers: [] as Digest[], blobs: [] as Digest[] };
  for (const name of namesOfSteps(folder)) {
    try {
      const { layer } = JSON.parse(readFileSync(`${stepsFolder(folder)}/${name}`, "utf8")) as StepResult;
      if (layer === null) continue;
      held.layers.push(layer.diffId);
      held.blobs.push(layer.descriptor.digest);
    } catch {
      // Forgotten meanwhile, or cut short.
    }
  }
  return held;
}

/** The files of the steps in the cache of a build folder. */
export function namesOfSteps(folder: string): readonly string[] {
  try {
    return readdirSync(stepsFolder(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
  } catch {
    return [];
  }
}
