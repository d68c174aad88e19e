import { readFileSync } from "node:fs";

/** The folder of Docker's configuration: contexts, and what `login` keeps. */
export function dockerConfigFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env.DOCKER_CONFIG || `${env.HOME ?? "/root"}/.docker`;
}

/** Whether `docker context use` may have chosen another engine. A quick look, for each `docker run` takes it. */
export function hasCurrentContext(env: Readonly<Record<string, string | undefined>>): boolean {
  try {
    return readFileSync(`${dockerConfigFolder(env)}/config.json`, "utf8").includes('"currentContext"');
  } catch {
    return false;
  }
}
