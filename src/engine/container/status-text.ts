import { printHumanDuration } from "#spec";
import { exitCodeOf, statusWord } from "./describe.ts";
import type { ContainerEntry } from "./list.ts";

/** Docker's column STATUS: "Up 3 minutes (healthy)", "Exited (0) 2 hours ago", "Created". */
export function describeStatus(
  entry: ContainerEntry,
  now = Date.now(),
): { readonly word: string; readonly text: string } {
  const { state } = entry;
  const word = statusWord(entry);
  if (state.status === "running" || state.status === "paused") {
    const health = {
      none: "",
      starting: " (health: starting)",
      healthy: " (healthy)",
      unhealthy: " (unhealthy)",
    }[entry.health];
    const paused = state.status === "paused" ? " (Paused)" : "";
    return {
      word,
      text: `Up ${printHumanDuration(now - Date.parse(state.startedAt))}${paused === "" ? health : paused}`,
    };
  }
  if (state.status === "exited")
    return {
      word,
      text: `${entry.isRestarting ? "Restarting" : "Exited"} (${state.exitCode}) ${printHumanDuration(now - Date.parse(state.finishedAt))} ago`,
    };
  if (state.status === "dead") return { word, text: `Exited (${exitCodeOf(entry)})` };
  return { word, text: "Created" };
}
