import { VialError } from "#spec";

/** `note`: the reason of the table, or another way. */
export function dockerOptionNotHere(command: string, option: string, note: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "docker-option-not-here",
    what: `Cannot do "docker ${command} ${option}"`,
    why: note,
    next: `leave out ${option}; docs/docker.md has all options`,
  });
}

export function dockerCommandNotHere(command: string, note: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "docker-command-not-here",
    what: `Cannot do "docker ${command}"`,
    why: note,
    next: "see docs/docker.md for what there is",
  });
}
