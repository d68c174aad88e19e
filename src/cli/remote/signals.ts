import type { RemoteEngine } from "./engine.ts";

/** Signals that reach us go on to the container. Gives the function that puts everything back. */
export function passSignalsOn(engine: RemoteEngine, path: string): () => void {
  const undo = (["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const).map((signal) => {
    const handler = () => {
      // A container that has ended meanwhile needs no signal.
      engine.ask("POST", `${path}/kill`, { query: { signal } }).catch(() => {});
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const step of undo) step();
  };
}
