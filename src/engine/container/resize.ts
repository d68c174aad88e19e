import { resizeTerminal } from "#host";
import type { ContainerFolder } from "./folder.ts";
import { currentState } from "./state.ts";

/** Tells a container's terminal its size. False when it does not run. */
export function resizeContainer(
  place: ContainerFolder,
  size: { readonly rows: number; readonly columns: number },
): boolean {
  const { status } = currentState(place);
  if (status !== "running" && status !== "paused") return false;
  try {
    resizeTerminal(place.bundle, size.rows, size.columns);
    return true;
  } catch {
    // It has just ended, and its control pipe with it.
    return false;
  }
}
