import { nearest } from "#kit";
import { VialError } from "#spec";

export function instanceUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "not-found",
    code: "instance-unknown",
    what: `Cannot find the instance ${JSON.stringify(name)}`,
    why: known.length === 0 ? "you have none on this host" : "you have none of this name on this host",
    next: near === undefined ? "vial instance list" : `did you mean "${near}"?`,
  });
}

export function instanceNameTaken(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "instance-name-taken",
    what: `Cannot start an instance ${JSON.stringify(name)}: one of that name runs`,
    next: `stop it by \`vial instance stop ${name}\`, or choose another name`,
  });
}

export function instanceNameInvalid(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instance-name-invalid",
    what: `Cannot use ${JSON.stringify(name)} as the name of an instance`,
    why: 'a name is made of letters, digits, "_", "." and "-", begins with a letter or digit, and is at most 128 long',
    next: 'write it like "web-1"',
  });
}

export function instanceFailed(
  name: string,
  said: { readonly what: string; readonly why?: string; readonly next?: string },
): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "instance-failed",
    what: `Cannot start the instance ${JSON.stringify(name)}${said.what === "" ? "" : `: ${said.what}`}`,
    ...(said.why === undefined ? {} : { why: said.why }),
    next: said.next ?? "try its image by `vial shell`",
  });
}
