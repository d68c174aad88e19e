import type { Engine } from "../engine-handle.ts";

/** How this very program is called again: the compiled executable, or Bun with the source. */
export function ownProgram(): readonly [string, ...string[]] {
  // In a compiled program argv[1] lies in Bun's virtual folder.
  const script = process.argv[1] ?? "";
  if (script.startsWith("/$bunfs/") || script === "") return [process.execPath];
  return [process.execPath, script];
}

/** What conmon runs when the container has ended. */
export function exitCommand(engine: Engine, id: string): readonly [string, ...string[]] {
  return [...ownProgram(), "internal-exited", engine.place.root, engine.place.run, id] as [
    string,
    ...string[],
  ];
}
