import { nearest } from "#kit";
import { VialError } from "#spec";

export function capabilityUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(
    name.toUpperCase().replace(/^CAP_/, ""),
    known.map((entry) => entry.slice(4)),
  );
  return new VialError({
    kind: "invalid-argument",
    code: "capability-unknown",
    what: `Cannot use the capability ${JSON.stringify(name)}: Linux has none of that name`,
    next: near === undefined ? "see capabilities(7)" : `did you mean "${near}"?`,
  });
}

export function userInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "user-invalid",
    what: `Cannot run as the user ${JSON.stringify(text)}`,
    why: "a user is a name or a number from 0 to 2147483647, with an optional group after a colon",
    next: 'write it like "--user 1000:1000"',
  });
}

export function userUnknown(text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "user-unknown",
    what: `Cannot run as the user ${JSON.stringify(text)}: the image does not know it`,
    why,
    next: "give a number, or a name of the image's /etc/passwd",
  });
}

export function commandMissing(image: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "command-missing",
    what: `Cannot run ${JSON.stringify(image)}: the image names no command, and none was given`,
    next: `vial run ${image} COMMAND`,
  });
}

export function zeroByte(where: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "zero-byte",
    what: `Cannot run a program with a zero byte in its ${where}`,
    why: "the kernel ends a text there, so the program would get less than the image or the command line says",
    next: "build the image again without it, or give another by `--env`, `--workdir`, `--user` or as COMMAND",
  });
}

export function runtimeUnknown(name: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "runtime-unknown",
    what: `Cannot use the runtime ${JSON.stringify(name)}`,
    why: `Vial knows ${known.map((entry) => `"${entry}"`).join(" and ")}`,
    next: `--runtime ${nearest(name, known) ?? known[0]}`,
  });
}

export function runtimeMissing(name: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "runtime-missing",
    what: `Cannot find the runtime "${name}"`,
    why: `it starts the containers, and ${name.includes("/") ? "there is no such program file" : "it is not on this machine's PATH"}`,
    next: `apt-get install ${name.slice(name.lastIndexOf("/") + 1)}`,
  });
}

/** `said` is the runtime's own sentence. */
export function startFailed(name: string, said: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "start-failed",
    what: `Cannot start the container ${JSON.stringify(name)}`,
    why: said,
    next: "vial doctor",
  });
}

export function mountTargetMissing(container: string, path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "mount-target-missing",
    what: `Cannot mount at "${path}" of the container ${JSON.stringify(container)}`,
    why: "it is a link of the image to something that the image does not have",
    next: "mount at another path, by `-v SOURCE:/other/path`",
  });
}

export function commandNotFound(command: string, where: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "command-not-found",
    what: `Cannot run ${JSON.stringify(command)}: ${where} has no such program`,
    why: "it is neither a path in the container nor in a folder of its PATH",
    next: "look with `vial run --rm IMAGE ls /usr/bin`, or give the full path",
  });
}

export function commandNotExecutable(command: string, where: string, said: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "command-not-executable",
    what: `Cannot run ${JSON.stringify(command)}: in ${where} it cannot be executed`,
    why: said,
    next: "give a program file, or make it executable in the image by `chmod +x`",
  });
}
