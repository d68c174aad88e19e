import { ContextStore } from "./context-store.ts";

/** The context that commands use, by Docker's order: "default" is the engine of this machine, or that of DOCKER_HOST. */
export function currentContext(store = new ContextStore()): string {
  if ((process.env.DOCKER_HOST ?? "") !== "") return "default";
  return process.env.DOCKER_CONTEXT || store.current();
}
