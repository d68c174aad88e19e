// By which name this process was called. Imported at the very start: it must cost nothing.

/** The word by which Vial calls itself again as docker: `vial internal-docker WORDS...`. */
export const anewWord = "internal-docker";

/** Whether `argv0`, a path or a name, is docker's. */
export function isDocker(argv0: string): boolean {
  return argv0.slice(argv0.lastIndexOf("/") + 1) === "docker";
}

/** Whether the environment names another engine than the one in this process; a file of contexts may still do so. */
export function namesEngine(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.DOCKER_HOST ?? "") !== "" || (env.DOCKER_CONTEXT ?? "") !== "";
}
