import { cutAtBlank, trimSpace } from "../dockerfile/white-space.ts";
import type { StageLine } from "./line.ts";

/** Key and value by the first blank of a line; of two lines with one key the last counts. */
export function readLabels(lines: readonly Pick<StageLine, "text">[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const line of lines) {
    const text = trimSpace(line.text);
    if (text === "" || text.startsWith("#")) continue;
    const [key, value] = cutAtBlank(text) ?? [text, ""];
    labels.set(key, trimSpace(value));
  }
  return labels;
}
