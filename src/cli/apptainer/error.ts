import { VialError } from "#spec";

/** `way`: the note of the table, a reason or another way. */
export function optionNotHere(
  command: string,
  option: string,
  state: "not-yet" | "refused",
  way: string,
): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "option-not-here",
    what: `Cannot do "${command} ${option}"${state === "not-yet" ? ": this version of Vial does not have it yet" : ""}`,
    why: way,
    next: `leave out ${option}; docs/apptainer.md has all options`,
  });
}

export function personaCommandNotHere(command: string, state: "not-yet" | "refused", way: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "persona-command-not-here",
    what: `Cannot do "${command}"${state === "not-yet" ? ": this version of Vial does not have it yet" : ""}`,
    why: way,
    next: "see docs/apptainer.md for what there is",
  });
}

export function variableUnreadable(name: string, value: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "variable-unreadable",
    what: `Cannot read the value ${JSON.stringify(value)} of the variable ${name}`,
    why: "it stands for a switch, which is true or false",
    next: `set it to 1, or take it away: unset ${name}`,
  });
}

export function configFileRefused(path: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "config-file-refused",
    what: `Cannot take the settings of ${JSON.stringify(path)}`,
    why: "Vial reads no apptainer.conf",
    next: "leave --config and APPTAINER_CONFIG_FILE out, and give the options themselves",
  });
}

export function appNotInImage(app: string, image: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "app-not-in-image",
    what: `Cannot find the app ${JSON.stringify(app)} in ${JSON.stringify(image)}`,
    why: known.length === 0 ? "it has no apps" : `it has ${known.join(", ")}`,
    next: "see `apptainer inspect --list-apps`",
  });
}

export function notAnUri(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "not-an-uri",
    what: `Cannot fetch ${JSON.stringify(text)}`,
    why: "a name alone is one of a library, whose protocol is not spoken",
    next: "say where it is: docker://NAME for Docker Hub, docker://HOST/NAME or oras://HOST/NAME for a registry",
  });
}

export function noInstanceFound(pattern: string | undefined): VialError {
  return new VialError({
    kind: "not-found",
    code: "no-instance-found",
    what: "Cannot stop an instance: no instance found",
    why:
      pattern === undefined
        ? "you have none on this host"
        : `none of yours on this host has the name ${JSON.stringify(pattern)}`,
    next: "apptainer instance list",
  });
}

export function shellWithoutCompletion(shell: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "shell-without-completion",
    what: `Cannot print the completion for ${JSON.stringify(shell)}`,
    why: "it is written for bash, zsh and fish",
    next: "apptainer completion bash",
  });
}
