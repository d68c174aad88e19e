import { nearest } from "#kit";
import { type ErrorKind, VialError } from "#spec";
import type { Command } from "./command.ts";

export function flagUnknown(command: Command, flag: string, known: readonly string[]): VialError {
  const near = nearest(flag.replace(/^-+/, ""), known);
  return new VialError({
    kind: "invalid-argument",
    code: "flag-unknown",
    what: `Cannot read the command line: "${command.name}" has no flag "${flag}"`,
    next: near === undefined ? `see \`vial ${command.name} --help\`` : `did you mean "--${near}"?`,
  });
}

export function flagAbsent(command: string, flag: string, why: string, next: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "flag-absent",
    what: `Cannot do "${command} ${flag}"`,
    why,
    next,
  });
}

export function buildTargetTaken(path: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "build-target-taken",
    what: `Cannot build "${path}": it is there already`,
    next: "add --force to replace it, or give another name",
  });
}

export function flagValueMissing(flag: string, value: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-value-missing",
    what: `Cannot read the command line: "${flag}" needs a value`,
    next: `write ${flag.split(", ").at(-1)}=${value ?? "VALUE"}`,
  });
}

export function flagValueInvalid(flag: string, value: string, wanted: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-value-invalid",
    what: `Cannot read the value ${JSON.stringify(value)} of "${flag}"`,
    why: `it has to be ${wanted}`,
    next: `give "${flag}" ${wanted}`,
  });
}

export function debugShellWithoutTerminal(stream: "input" | "output"): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "debug-shell-without-terminal",
    what: "Cannot open a shell at a step that fails",
    why: `the standard ${stream} is no terminal`,
    next: "leave out --debug-shell, or build at a terminal",
  });
}

export function recipeInTheWay(path: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "recipe-in-the-way",
    what: `Cannot write a recipe to "${path}": a file is there`,
    next: "leave out --write-recipe, or move the file away",
  });
}

export function recipeNotProposed(place: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "recipe-not-proposed",
    what: `Cannot propose a recipe for "${place}"`,
    why: "a recipe is proposed for a folder of this machine, and not beside -f",
    next: "leave out --write-recipe",
  });
}

export function wrongArguments(command: Command, count: number): VialError {
  const [min, max] = command.args;
  const wanted =
    min === max
      ? `exactly ${min}`
      : max === Number.POSITIVE_INFINITY
        ? `at least ${min}`
        : `${min} to ${max}`;
  return new VialError({
    kind: "invalid-argument",
    code: "wrong-arguments",
    what: `Cannot read the command line: "${command.name}" takes ${wanted} argument${wanted.endsWith(" 1") ? "" : "s"}, and ${count} ${count === 1 ? "was" : "were"} given`,
    next: `vial ${command.name} ${command.usage}`,
  });
}

export function commandUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "invalid-argument",
    code: "command-unknown",
    what: `Cannot run ${JSON.stringify(name)}: Vial has no such command`,
    next: near === undefined ? "see `vial help`" : `did you mean \`vial ${near}\`?`,
  });
}

export function groupCommandUnknown(group: string, name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "invalid-argument",
    code: "group-command-unknown",
    what: `Cannot run ${JSON.stringify(`${group} ${name}`)}: "${group}" has no such command`,
    next: near === undefined ? `see \`vial ${group} --help\`` : `did you mean \`vial ${group} ${near}\`?`,
  });
}

export function globalFlagUnknown(flag: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "global-flag-unknown",
    what: `Cannot read the command line: Vial has no flag "${flag}" before the command`,
    next: "see `vial --help`, and put the flags of a command behind its name",
  });
}

export function sifIdInvalid(verb: string, text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-id-invalid",
    what: `Cannot read ${JSON.stringify(text)} as the id of an object`,
    why: "an id is a number from 1 on, and stands before the file",
    next: `write it like \`vial sif ${verb} 1 image.sif\``,
  });
}

export function sifFlagMissing(flag: string, subject: string, choices: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-flag-missing",
    what: `Cannot add to the SIF file: ${subject} needs "${flag}"`,
    next: choices.length === 0 ? "see `vial sif add --help`" : `give ${flag} as one of ${choices.join(", ")}`,
  });
}

export function sifFlagForeign(flag: string, owner: string, type: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-flag-foreign",
    what: `Cannot use "${flag}" with the data type "${type}"`,
    why: `it tells of the data type "${owner}"`,
    next: `leave out ${flag}, or give --datatype ${owner}`,
  });
}

interface Refusal {
  readonly kind: ErrorKind;
  readonly text: string;
  readonly next: string;
}

const refusals: Readonly<Record<string, Refusal>> = {
  ENOSPC: {
    kind: "resource-exhausted",
    text: "the disk is full",
    next: "free some space, for instance with `vial image prune --all`",
  },
  EDQUOT: {
    kind: "resource-exhausted",
    text: "your disk quota is used up",
    next: "free some space, for instance with `vial image prune --all`",
  },
  EMFILE: {
    kind: "resource-exhausted",
    text: "too many files are open in this process",
    next: "raise the limit with `ulimit -n 65536`",
  },
  ENFILE: {
    kind: "resource-exhausted",
    text: "too many files are open on this machine",
    next: "raise the limit with `sysctl fs.file-max=1000000`",
  },
  ENOMEM: {
    kind: "resource-exhausted",
    text: "the machine has no memory left",
    next: "stop something with `vial stop`, then try again",
  },
  EROFS: {
    kind: "failed-precondition",
    text: "the file system is read-only",
    next: "choose a writable folder with `vial --root DIR`",
  },
  EACCES: {
    kind: "permission-denied",
    text: "the permission is missing",
    next: "run it as the owner of that file, or choose a folder of your own with `vial --root DIR`",
  },
  EPERM: {
    kind: "permission-denied",
    text: "the operation is not permitted to this user",
    next: "run it as root, or see `vial doctor` for what is missing",
  },
  EIO: {
    kind: "data-loss",
    text: "the disk reported an input or output error",
    next: "look at `dmesg` for the disk that fails",
  },
};

/** What the host refused and no room put in words of its own; undefined when `error` is no such refusal. */
export function hostRefused(error: unknown): VialError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  const refusal = refusals[code ?? ""];
  if (refusal === undefined) return undefined;
  return new VialError({
    kind: refusal.kind,
    code: "host-refused",
    what: `Cannot go on${path === undefined ? "" : ` with ${JSON.stringify(path)}`}: ${refusal.text}`,
    why: error.message,
    next: refusal.next,
    cause: error,
  });
}

export function mountInvalid(flag: string, text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mount-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a mount of "${flag}"`,
    why,
    next: "write it like `-v data:/data`, `-v /data:/data:ro`, `--mount type=bind,source=/data,target=/data` or `--tmpfs /run:size=64m`",
  });
}

export function mountSourceMissing(text: string, source: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "mount-source-missing",
    what: `Cannot mount ${JSON.stringify(text)}: "${source}" is not there`,
    next: `mkdir -p ${source}`,
  });
}

export function mountSourceDangling(text: string, source: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mount-source-dangling",
    what: `Cannot mount ${JSON.stringify(text)}: "${source}" is a link to what is not there`,
    why: "a folder can be made where nothing is, and a link is something",
    next: `ls -l ${source}`,
  });
}

export function propagationUnsupported(text: string, propagation: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "propagation-unsupported",
    what: `Cannot mount ${JSON.stringify(text)} with the propagation "${propagation}"`,
    why: "a container has its own mount namespace, from which mounts do not reach the host",
    next: 'use "rslave", by which mounts of the host reach the container',
  });
}

export function optionInvalid(flag: string, text: string, why: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "option-invalid",
    what: `Cannot read the value ${JSON.stringify(text)} of "${flag}"`,
    why,
    next,
  });
}

export function optionUnsupported(flag: string, text: string, why: string, next: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "option-unsupported",
    what: `Cannot do "${flag} ${text}"`,
    why,
    next,
  });
}

export function optionsConflict(one: string, other: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "options-conflict",
    what: `Cannot use "${one}" together with "${other}"`,
    why,
    next: `leave out "${one}" or "${other}"`,
  });
}

export function fileUnreadable(flag: string, path: string, why: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "file-unreadable",
    what: `Cannot read the file "${path}" of "${flag}"`,
    why,
    next: `ls -l ${path}`,
  });
}

export function fileUnwritable(flag: string, path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "file-unwritable",
    what: `Cannot write the file "${path}" of ${flag}`,
    why,
    next: "give a path in a folder that is there and may be written",
  });
}

export function templateUnfit(format: string, why: string, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "template-unfit",
    what: `Cannot use the format ${JSON.stringify(format)}`,
    why,
    next: near === undefined ? "see all fields with `--format json`" : `did you mean "${near}"?`,
  });
}

export function filterInvalid(text: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "filter-invalid",
    what: `Cannot read the filter ${JSON.stringify(text)}`,
    why: "a filter is NAME=VALUE",
    next: `use one of ${known.map((name) => `--filter ${name}=VALUE`).join(", ")}`,
  });
}

export function filterUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "invalid-argument",
    code: "filter-unknown",
    what: `Cannot filter by ${JSON.stringify(name)}: there is no such filter here`,
    why: `the filters are ${known.join(", ")}`,
    next: near === undefined ? `write --filter ${known[0]}=VALUE` : `did you mean "${near}"?`,
  });
}

export function tagWithDigest(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "tag-with-digest",
    what: `Cannot give an image the name ${JSON.stringify(text)}: a digest belongs to the content, not to a name`,
    next: `vial tag SOURCE ${text.slice(0, text.indexOf("@"))}`,
  });
}

export function archiveToTerminal(verb: string, example = `vial ${verb} -o FILE`): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "archive-to-terminal",
    what: "Cannot write an archive to a terminal",
    next: `name a file with \`${example}\`, or send the output to one`,
  });
}

export function archiveFromTerminal(verb: string, flag: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "archive-from-terminal",
    what: "Cannot read an archive from a terminal",
    next: `name a file with \`vial ${verb} ${flag}\`, or send one to standard input`,
  });
}

export function outputMissing(form: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "output-missing",
    what: `Cannot write "${form}" to standard output: it is a folder`,
    next: `vial save --format ${form} -o FOLDER IMAGE`,
  });
}

export function passwordWithoutUser(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "password-without-user",
    what: "Cannot take the password from standard input: there is no user name beside it",
    next: "vial login --username NAME --password-stdin",
  });
}

export function credentialsMissing(host: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "credentials-missing",
    what: `Cannot log in to "${host}": a user name and a password are needed`,
    why: "standard input is no terminal to ask at, or the answer was empty",
    next: `vial login --username NAME --password-stdin ${host} < FILE`,
  });
}

export function archiveUnreachable(address: string, why: string): VialError {
  const url = URL.parse(address);
  // User names, passwords and signatures in an address are nobody's business.
  const shown = url === null ? "the address" : `${url.protocol}//${url.host}${url.pathname}`;
  return new VialError({
    kind: "unavailable",
    code: "archive-unreachable",
    what: `Cannot get the archive "${shown}"`,
    why,
    next: `check the address: curl -I ${shown}`,
  });
}

export function allTagsOfOne(verb: string, name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "all-tags-of-one",
    what: `Cannot ${verb} all tags of ${JSON.stringify(name)}: it names one tag already`,
    next: `vial ${verb} --all-tags ${name.replace(/[:@][^/]*$/, "")}`,
  });
}

export function repositoryNotHere(name: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "repository-not-here",
    what: `Cannot push all tags of "${name}": no image here has this name`,
    next: `run \`vial images\`, or \`vial tag IMAGE ${name}:TAG\` first`,
  });
}

export function questionCanceled(): VialError {
  return new VialError({
    kind: "canceled",
    code: "question-canceled",
    what: "Cannot go on without an answer: the question was interrupted",
  });
}

export function nothingToUpdate(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "nothing-to-update",
    what: "Cannot update: no limit and no restart policy was given",
    next: "vial update --memory 512m CONTAINER",
  });
}

export function inspectTypeInvalid(type: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "inspect-type-invalid",
    what: `Cannot inspect things of the type ${JSON.stringify(type)}`,
    why: "there are containers, images and volumes",
    next: "--type container",
  });
}

export function nothingToInspect(name: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "nothing-to-inspect",
    what: `Cannot find ${JSON.stringify(name)}: no container, image or volume has this name`,
    next: "see `vial ps -a`, `vial images` and `vial volume ls`",
  });
}

export function exportToTerminal(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "export-to-terminal",
    what: "Cannot write a tar archive to a terminal",
    next: `vial export -o ${name}.tar ${name}`,
  });
}

export function copyBetweenContainers(): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "copy-between-containers",
    what: "Cannot copy from one container to another",
    why: "one side has to be the host",
    next: "vial cp ONE:PATH - | vial cp - OTHER:FOLDER",
  });
}

export function copyToReadonly(target: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "copy-to-readonly",
    what: `Cannot copy to ${JSON.stringify(target)}: it is read-only there`,
    why: "the root of the container or the mount at this path was asked to be read-only",
    next: "choose a path on a writable mount, or make the container without --read-only or :ro",
  });
}

export function copyWithoutContainer(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "copy-without-container",
    what: "Cannot copy: neither path is in a container",
    next: "vial cp CONTAINER:/path /path/on/host",
  });
}

export function cidfileRefused(path: string, why: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "cidfile-refused",
    what: `Cannot write the container's id to "${path}"`,
    why,
    next: `remove it by \`rm ${path}\`, or name another file`,
  });
}

export function inputNoTerminal(verb: string, flag: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "input-no-terminal",
    what: `Cannot give the program a terminal: standard input of \`vial ${verb}\` is none`,
    why: `${flag} joins the terminal here with one inside, and the input comes from a file or pipe`,
    next: `leave out "-t": vial ${verb} -i`,
  });
}

export function keyPasswordMissing(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "key-password-missing",
    what: "Cannot ask for the password of the key: standard input is no terminal",
    next: "give it by --password-stdin, or say that there is none by --password ''",
  });
}

export function keyPasswordsDiffer(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "key-passwords-differ",
    what: "Cannot take this password: the two answers differ",
    next: "try again",
  });
}

export function keyUndecided(ring: "public" | "secret", count: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "key-undecided",
    what: `Cannot tell which of ${count} ${ring} keys is meant`,
    why: "standard input is no terminal to ask at",
    next: `give its number or fingerprint by -k: vial key list${ring === "secret" ? " --secret" : ""}`,
  });
}

export function keyNotSecret(name: string, kind: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "key-not-in-file",
    what: `Cannot find a ${kind}key in ${name}`,
    next:
      kind === ""
        ? "give a file that holds OpenPGP keys"
        : "write it by `gpg --export-secret-keys --armor NAME`",
  });
}

export function keyFileUnreadable(path: string, kind: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "key-file-unreadable",
    what: `Cannot read a ${kind} from "${path}"`,
    why,
    next: `see what it is: openssl pkey -in ${path} -text -noout`,
  });
}

export function sifUnverified(
  path: string,
  fault: { readonly why: string },
  hint: "import" | "legacy" | "sign" | "again",
  others: number,
): VialError {
  const next = {
    import: "if you believe who signed it, take the key in by `vial key import FILE`",
    legacy: "if that is enough for you, verify by --legacy-insecure",
    sign: `if the file is yours, sign it by \`vial sign ${path}\``,
    again: "do not run it; get the file again from where it came from",
  };
  return new VialError({
    kind: "failed-precondition",
    code: "sif-unverified",
    what: `Cannot confirm that "${path}" is as it was signed`,
    why: `${fault.why}${others === 0 ? "" : `, and ${others} more fault${others === 1 ? "" : "s"}`}`,
    next: next[hint],
  });
}

export function flagsTogether(one: string, other: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flags-together",
    what: `Cannot use ${one} and ${other} together`,
    next: "give one of the two",
  });
}

export function flagForFiles(verb: string, flag: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-for-files",
    what: `Cannot use --${flag} with an image that stays in the store`,
    why: `it says how \`vial ${verb}\` works with files and URIs`,
    next,
  });
}

export function pullTargetNoFile(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "pull-target-no-file",
    what: `Cannot pull an image to ${JSON.stringify(text)}: it is no file`,
    next: "give the file first, and then where the image is: vial pull image.sif docker://NAME",
  });
}

export function pushTargetNear(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "push-target-near",
    what: `Cannot push an image to ${JSON.stringify(text)}: it is no registry`,
    next: "write oras://HOST/NAME:TAG or docker://HOST/NAME:TAG; for files use `vial convert`",
  });
}

export function flagNeeds(flag: string, other: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-needs",
    what: `Cannot use "${flag}" alone`,
    why: `it says more about "${other}", which is not given`,
    next: `add ${other}`,
  });
}

export function portNotLed(container: string, port: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "port-not-led",
    what: `Cannot tell where the port ${port} of ${JSON.stringify(container)} leads: it is not published`,
    next: `publish it by \`vial update ${container} --publish-add ${port}\``,
  });
}
