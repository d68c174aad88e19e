import type { VialError } from "#spec";
import { networkVolumePhrase } from "./network-volume-phrases.ts";

// Docker's own sentences, kept to the letter where clients match on them.

/** An answer that is one of Docker's sentences. */
export class DockerAnswer extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "DockerAnswer";
    this.status = status;
  }
}

export function pageNotFound(): DockerAnswer {
  return new DockerAnswer(404, "page not found");
}

export function clientTooOld(asked: string, oldest: string): DockerAnswer {
  return new DockerAnswer(
    400,
    `client version ${asked} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
  );
}

export function clientTooNew(asked: string, newest: string): DockerAnswer {
  return new DockerAnswer(
    400,
    `client version ${asked} is too new. Maximum supported API version is ${newest}`,
  );
}

export function badParameter(sentence: string): DockerAnswer {
  return new DockerAnswer(400, sentence);
}

export function noSuchContainer(name: string): DockerAnswer {
  return new DockerAnswer(404, `No such container: ${name}`);
}

export function platformMismatch(image: string, platform: string): DockerAnswer {
  return new DockerAnswer(
    404,
    `image with reference ${image} was found but does not match the specified platform: wanted ${platform}`,
  );
}

/** What Vial does not have, in a sentence of its own: Docker has none for it. */
export function notServed(sentence: string): DockerAnswer {
  return new DockerAnswer(501, sentence);
}

/** What dockerd answers outside of a swarm, to the letter: compose and the docker command line look for it. */
export function noSwarm(): DockerAnswer {
  return new DockerAnswer(
    503,
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
}

export function notPartOfSwarm(): DockerAnswer {
  return new DockerAnswer(503, "This node is not part of a swarm");
}

/** The same sentence as dockerd's for an error of the engine, by its code. The first quoted word of ours is the name. */
export function phraseOf(
  error: VialError,
): { readonly status: number; readonly message: string } | undefined {
  const name = quoted(error.message);
  const say = (status: number, message: string) => ({ status, message });
  switch (error.code) {
    case "container-unknown":
      return say(404, `No such container: ${name}`);
    case "container-ambiguous":
      return say(400, `multiple IDs found with provided prefix: ${name}`);
    case "image-unknown":
      return say(404, `No such image: ${withTag(name)}`);
    case "name-taken":
      return say(
        409,
        `Conflict. The container name "/${name}" is already in use by container "${/\b[0-9a-f]{64}\b/.exec(`${error.why} ${error.message}`)?.[0] ?? ""}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    case "name-invalid":
      return say(400, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    case "container-not-running":
      return say(409, `container ${name} is not running`);
    case "command-missing":
      return say(400, "no command specified");
    // The docker command line takes its exit codes 127 and 126 from these words.
    case "command-not-found":
      return say(
        400,
        `failed to create task for container: exec: ${JSON.stringify(name)}: executable file not found in $PATH: unknown`,
      );
    case "command-not-executable":
      return say(
        400,
        `failed to create task for container: exec: ${JSON.stringify(name)}: permission denied: unknown`,
      );
    case "container-paused":
      return say(409, `Container ${name} is paused, unpause the container before exec`);
    case "exec-unknown":
      return say(404, `No such exec instance: ${name}`);
    case "exec-running":
      return say(409, `Error: Exec command ${name} is already running`);
    case "exec-already-run":
      return say(409, `Error: Exec command ${name} has already run`);
    default:
      return networkVolumePhrase(error, name);
  }
}

/** The first text in quotes. */
function quoted(sentence: string): string {
  const found = /"(?:[^"\\]|\\.)*"/.exec(sentence)?.[0];
  try {
    return found === undefined ? "" : String(JSON.parse(found));
  } catch {
    return (found ?? "").slice(1, -1);
  }
}

/** Docker names an image that it does not find with its tag. */
function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? name : `${name}:latest`;
}
