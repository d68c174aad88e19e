import type { VialError } from "#spec";

// Docker's own sentences for Vial's errors: scripts grep for them. Found by the code of the error; what is in quotes in
// Vial's text is what it is about. Part of the quick verbs, so it imports nothing.

/** Errors of the command line itself, which Docker's client reports without asking its engine: no prefix. */
const ofClient: ReadonlySet<string> = new Set([
  "all-tags-of-one",
  "archive-from-terminal",
  "archive-to-terminal",
  "cidfile-refused",
  "copy-between-containers",
  "copy-without-container",
  "credentials-missing",
  "docker-option-not-here",
  "docker-command-not-here",
  "export-to-terminal",
  "file-unreadable",
  "file-unwritable",
  "filter-invalid",
  "flag-absent",
  "input-no-terminal",
  "mount-invalid",
  "nothing-to-inspect",
  "nothing-to-update",
  "option-invalid",
  "option-unsupported",
  "options-conflict",
  "password-without-user",
  "question-canceled",
  "reference-invalid",
  "endpoint-invalid",
  "endpoint-twice",
  "endpoint-file-unreadable",
  "remote-garbled",
  "remote-not-yet",
  "remote-unreachable",
  "template-unfit",
]);

interface Sentence {
  /** The first line. */
  readonly text: string;
  /** Docker's own words, to the letter; else they are Vial's. */
  readonly isDockers: boolean;
}

/** The first line of an error, as docker prints it, `docker: ` of `docker run` left out. `verb`: "kill". */
export function dockerSentence(error: VialError, verb: string): Sentence {
  if (error.code === "remote-refused")
    return {
      text: `Error response from daemon: ${error.message.replace(/^Cannot go on: /, "")}`,
      isDockers: true,
    };
  const own = sentences[error.code]?.(quoted(error.message), verb, error);
  const text = own ?? (error.why === undefined ? error.message : `${error.message}: ${error.why}`);
  const isClients = ofClient.has(error.code) || error.code.startsWith("context-");
  return { text: isClients ? text : `Error response from daemon: ${text}`, isDockers: own !== undefined };
}

/** What stands in double quotes, in order, unquoted. */
function quoted(message: string): readonly string[] {
  return [...message.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner.replace(/\\(.)/g, "$1"));
}

const sentences: Readonly<
  Record<string, (names: readonly string[], verb: string, error: VialError) => string | undefined>
> = {
  "container-unknown": ([name = ""], verb) =>
    verb === "kill"
      ? `Cannot kill container: ${name}: No such container: ${name}`
      : `No such container: ${name}`,
  "image-unknown": ([name = ""], verb) =>
    verb === "push"
      ? `An image does not exist locally with the tag: ${name.replace(/:latest$/, "")}`
      : verb.endsWith("inspect")
        ? `No such image: ${name}`
        : `No such image: ${verb === "save" ? name : withTag(name)}`,
  "nothing-to-inspect": ([name = ""]) => `Error: No such object: ${name}`,
  "name-taken": ([name = ""], _verb, { message }) =>
    `Conflict. The container name "/${name}" is already in use by container "${/container (\S+) has it/.exec(message)?.[1] ?? ""}". You have to remove (or rename) that container to be able to reuse that name.`,
  "name-invalid": ([name = ""]) =>
    `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  "container-not-running": ([name = ""], verb) =>
    verb === "kill"
      ? `Cannot kill container: ${name}: container ${name} is not running`
      : `container ${name} is not running`,
  "container-paused": ([name = ""], verb) =>
    verb === "exec"
      ? `Container ${name} is paused, unpause the container before exec`
      : `Container ${name} is paused`,
  "pause-unchanged": ([name = ""], verb) =>
    verb === "pause" ? `Container ${name} is already paused` : `Container ${name} is not paused`,
  "container-running": ([name = ""], verb) =>
    verb === "rm"
      ? `cannot remove container "/${name}": container is running: stop the container before removing or force remove`
      : undefined,
  "image-in-use": ([name = "", container = ""]) =>
    `conflict: unable to remove repository reference "${name}" (must force) - container ${container} is using its referenced image`,
  "image-held": ([name = "", container = ""]) =>
    `conflict: unable to delete ${name} (cannot be forced) - image is being used by running container ${container}`,
  "image-many-names": ([name = ""]) =>
    `conflict: unable to delete ${name} (must be forced) - image is referenced in multiple repositories`,
  "tag-unknown": ([name = ""]) => `manifest for ${name} not found: manifest unknown: manifest unknown`,
  "manifest-unknown": ([name = ""]) => `manifest for ${name} not found: manifest unknown: manifest unknown`,
  "repository-unknown": ([name = ""]) => denied(name),
  "registry-login-needed": ([name = ""], verb) => (verb === "login" ? undefined : denied(name)),
  "registry-access-denied": ([name = ""], verb) => (verb === "pull" ? denied(name) : undefined),
  "filter-unknown": ([name = ""]) => `invalid filter '${name}'`,
  "input-no-terminal": () => "the input device is not a TTY",
  "nothing-to-update": () => "you must provide one or more flags when using this command",
  "archive-to-terminal": () => "cowardly refusing to save to a terminal. Use the -o flag or redirect",
  "export-to-terminal": () => "cowardly refusing to save to a terminal. Use the -o flag or redirect",
  "archive-from-terminal": () => "requested load from stdin, but stdin is empty",
  "credentials-missing": () => "Error: Cannot perform an interactive login from a non TTY device",
  "password-without-user": () => "Must provide --username with --password-stdin",
  "option-invalid": ([value = "", flag = ""], _verb, { why = "" }) =>
    `invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${why}`,
  "template-unfit": (_names, _verb, { why = "" }) => `template parsing error: template: ${why}`,
  "remote-unreachable": (_names, _verb, { message }) => message,
  "context-unknown": ([name = ""]) =>
    `Failed to initialize: unable to resolve docker endpoint: context "${name}": context not found`,
  "context-taken": ([name = ""]) => `context "${name}" already exists`,
  "context-in-use": ([name = ""]) => `context "${name}" is in use, set -f flag to force remove`,
  "endpoint-twice": () => "conflicting options: cannot specify both --host and --context",
  "reference-invalid": () => "invalid reference format",
  "volume-unknown": ([name = ""]) => `get ${name}: no such volume`,
  "volume-in-use": ([name = "", ...containers]) =>
    `remove ${name}: volume is in use - [${containers.join(", ")}]`,
  "volume-name-invalid": ([name = ""]) =>
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  "volume-driver-unknown": ([name = ""]) =>
    `error looking up volume plugin ${name}: plugin "${name}" not found`,
  "volume-option-invalid": (_names, _verb, { why = "" }) => why,
  "mount-target-twice": ([target = ""]) => `Duplicate mount point: ${target}`,
  "command-not-found": ([name = ""], verb) =>
    `${failed(verb)}exec: ${JSON.stringify(name)}: executable file not found in $PATH: unknown`,
  "command-not-executable": ([name = ""], verb) =>
    `${failed(verb)}exec: ${JSON.stringify(name)}: permission denied: unknown`,
};

/** What stands before it in Docker, whatever the runtime's name. */
function failed(verb: string): string {
  const what =
    verb === "exec"
      ? "OCI runtime exec failed: exec failed"
      : "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed";
  return `${what}: unable to start container process: `;
}

function denied(name: string): string {
  const repository = name.replace(/[:@][^/]*$/, "");
  return `pull access denied for ${repository}, repository does not exist or may require 'docker login'`;
}

/** Docker names an image that it looked for with its tag. */
export function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return /[:@]/.test(last) || /^[0-9a-f]{64}$/.test(name) ? name : `${name}:latest`;
}
