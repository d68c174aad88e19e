import { VialError } from "#spec";

export function contextUnknown(name: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "context-unknown",
    what: `Cannot find the context ${JSON.stringify(name)}: context ${JSON.stringify(name)}: context not found`,
    next:
      known.length === 0
        ? "make one by `vial context create NAME --docker host=ssh://USER@HOST`"
        : `choose one of ${known.join(", ")}, or see \`vial context ls\``,
  });
}

export function contextTaken(name: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "context-taken",
    what: `Cannot make the context ${JSON.stringify(name)}: context ${JSON.stringify(name)} already exists`,
    next: `change it by \`vial context update ${name}\`, or remove it by \`vial context rm ${name}\``,
  });
}

export function contextNameInvalid(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "context-name-invalid",
    what: `Cannot use ${JSON.stringify(name)} as the name of a context`,
    why:
      name === "default"
        ? '"default" is the engine of this machine, and cannot be changed'
        : "a name begins with a letter or a digit, and has letters, digits, _, ., + and - behind it",
    next: "choose another name",
  });
}

export function contextInUse(name: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "context-in-use",
    what: `Cannot remove the context ${JSON.stringify(name)}: context ${JSON.stringify(name)} is in use, set -f flag to force remove`,
    next: `run \`vial context use default\` first, or \`vial context rm -f ${name}\``,
  });
}

export function contextFileInvalid(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "context-file-invalid",
    what: `Cannot read the context in ${JSON.stringify(path)}`,
    why,
    next: "make it anew by `vial context create`",
  });
}

export function contextPartInvalid(text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "context-part-invalid",
    what: `Cannot read ${JSON.stringify(text)} as the endpoint of a context`,
    why,
    next: "write --docker host=tcp://HOST:2376,ca=FILE,cert=FILE,key=FILE or --docker host=ssh://USER@HOST",
  });
}

export function endpointInvalid(text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "endpoint-invalid",
    what: `Cannot read ${JSON.stringify(text)} as the address of an engine`,
    why,
    next: "write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
  });
}

export function endpointTwice(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "endpoint-twice",
    what: "Cannot choose an engine: conflicting options: cannot specify both --host and --context",
    next: "leave one of them out",
  });
}

export function endpointFileUnreadable(path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "endpoint-file-unreadable",
    what: `Cannot read the file ${JSON.stringify(path)} for TLS`,
    why,
    next: "check the path; DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem",
  });
}

export function remoteNotYet(what: string, engine: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "remote-not-yet",
    what: `Cannot do "${what}" on ${engine}: not over a remote engine yet`,
    next: "run it on that machine, or leave DOCKER_HOST, DOCKER_CONTEXT and --context out to run it here",
  });
}
export function remoteUnreachable(engine: string, why: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "remote-unreachable",
    what: `Cannot connect to the Docker daemon at ${engine}. Is the docker daemon running?`,
    why,
    next: "start `vial serve` or dockerd there, or leave DOCKER_HOST, DOCKER_CONTEXT and --context out",
  });
}

/** What the engine itself answered. */
export function remoteRefused(message: string, status: number): VialError {
  return new VialError({
    kind:
      status === 404
        ? "not-found"
        : status === 409
          ? "conflict"
          : status === 501
            ? "not-implemented"
            : "failed-precondition",
    code: "remote-refused",
    what: `Cannot go on: ${message}`,
    next: "see the log of that engine",
  });
}

export function remoteGarbled(engine: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "remote-garbled",
    what: `Cannot understand the answer of the engine at ${engine}`,
    why,
    next: "check that the address is that of an engine, by `docker version`",
  });
}
