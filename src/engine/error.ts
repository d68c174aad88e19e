import { nearest } from "#kit";
import { isVialError, reasonOf, VialError } from "#spec";

export function containerUnknown(text: string, known: readonly string[] = []): VialError {
  const near = nearest(text, known);
  return new VialError({
    kind: "not-found",
    code: "container-unknown",
    what: `Cannot find the container ${JSON.stringify(text)}`,
    why: "no container has this name or an id that begins so",
    next: near === undefined ? "vial ps -a" : `did you mean "${near}"?`,
  });
}

export function containerAmbiguous(text: string, ids: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "container-ambiguous",
    what: `Cannot tell which container ${JSON.stringify(text)} is`,
    why: `the ids of ${ids.length} containers begin so: ${ids
      .slice(0, 4)
      .map((id) => id.slice(0, 12))
      .join(", ")}`,
    next: "give more digits, or the name",
  });
}

export function containerDamaged(id: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "container-damaged",
    what: `Cannot read the record of the container ${id.slice(0, 12)}`,
    why,
    next: "run `vial check --repair`, which takes the container away",
  });
}

export function nameTaken(name: string, holder: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "name-taken",
    what: `Cannot use the name ${JSON.stringify(name)}: the container ${holder.slice(0, 12)} has it`,
    why: `its id is ${holder}`,
    next: `remove it by \`vial rm ${name}\`, rename it by \`vial rename ${name} NEW\`, or choose another name`,
  });
}

export function nameInvalid(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "name-invalid",
    what: `Cannot use ${JSON.stringify(name)} as a container name`,
    why: 'a name is two or more letters, digits, "_", "." and "-", and begins with a letter or digit',
    next: 'write it like "web-1"',
  });
}

export function layerMissing(image: string, diffId: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "layer-missing",
    what: `Cannot use the image ${JSON.stringify(image)}: its layer ${diffId.slice(0, 19)} is not unpacked`,
    why: "the store has lost it, and the blob that it could be unpacked from",
    next: `run \`vial pull ${image}\`, or load or import the image again`,
  });
}

export function userNotMapped(user: { readonly uid: number; readonly gid: number }): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "user-not-mapped",
    what: `Cannot run as the user ${user.uid}:${user.gid}`,
    why: `it is to run as the user ${user.uid}:${user.gid}, and without a range in /etc/subuid and /etc/subgid root is the only user that there is`,
    next: "run it as root, or have a range given to you: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME",
  });
}

export function rootfsHostile(image: string, path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "rootfs-hostile",
    what: `Cannot run the image ${JSON.stringify(image)}: its ${path} is not a folder`,
    why: "the kernel's file systems are mounted there, and a link or file could send them to another place (CVE-2019-19921)",
    next: `make an image whose ${path} is a folder, or has none`,
  });
}

export function deviceMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "device-missing",
    what: `Cannot give the device "${path}" to the container: it is no device of this host`,
    next: `ls -l ${path}`,
  });
}

export function initMissing(): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "init-missing",
    what: 'Cannot run with --init: the program "catatonit" is not on this host',
    why: "it is process 1 in such a container, and collects its orphans",
    next: "apt-get install catatonit",
  });
}

export function joinedNotRunning(id: string, kind: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "joined-not-running",
    what: `Cannot join the ${kind} namespace of the container ${id.slice(0, 12)}: it is not running`,
    next: `vial start ${id.slice(0, 12)}`,
  });
}

export function containerNotRunning(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "container-not-running",
    what: `Cannot reach into the container ${JSON.stringify(name)}: it is not running`,
    next: `vial start ${name}`,
  });
}

export function containerPaused(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "container-paused",
    what: `Cannot reach into the container ${JSON.stringify(name)}: it is paused`,
    next: `vial unpause ${name}`,
  });
}

/** As in Docker, to pause what is paused is an error. */
export function pauseUnchanged(name: string, is: "paused" | "running"): VialError {
  return new VialError({
    kind: "conflict",
    code: "pause-unchanged",
    what:
      is === "paused"
        ? `Cannot pause the container ${JSON.stringify(name)}: it is paused already`
        : `Cannot unpause the container ${JSON.stringify(name)}: it is not paused`,
    next: is === "paused" ? `vial unpause ${name}` : `vial pause ${name}`,
  });
}

export function containerRunning(name: string, action: string, next: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "container-running",
    what: `Cannot ${action} the container ${JSON.stringify(name)}: it is running`,
    next,
  });
}

export function startTaken(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "start-taken",
    what: `Cannot start the container ${JSON.stringify(name)}: another Vial process is starting it`,
    next: `vial wait ${name}`,
  });
}

export function containerWillNotDie(name: string): VialError {
  return new VialError({
    kind: "deadline-exceeded",
    code: "container-will-not-die",
    what: `Cannot end the container ${JSON.stringify(name)}: it is still there 30 seconds after SIGKILL`,
    why: "a process of it waits in the kernel, often for a disk or a network file system",
    next: `vial top ${name}`,
  });
}

export function freezeFailed(name: string, verb: string, said: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "freeze-failed",
    what: `Cannot ${verb} the container ${JSON.stringify(name)}`,
    why: said,
    next: "vial doctor",
  });
}

export function bootstrapDistributionUnknown(wanted: string, host: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "bootstrap-distribution-unknown",
    what: `Cannot bootstrap ${JSON.stringify(wanted)}: this machine's package sources are those of ${JSON.stringify(host)}`,
    why: "the packages come from this machine's own apt sources",
    next: `vial bootstrap ${host}`,
  });
}

export function bootstrapSourcesMissing(distribution: string, suite: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "bootstrap-sources-missing",
    what: `Cannot bootstrap ${distribution} ${suite}: this machine has no package source of ${distribution}`,
    why: 'neither /etc/apt/sources.list nor /etc/apt/sources.list.d has one with the component "main"',
    next: "add a source to /etc/apt/sources.list, and try `apt-get update`",
  });
}

export function bootstrapFailed(image: string, exitCode: number, said: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "bootstrap-failed",
    what: `Cannot bootstrap ${image}: mmdebstrap ended with code ${exitCode}`,
    why: said === "" ? "it gave no reason" : said,
    next: "look whether `apt-get update` is content, and whether `vial doctor` is",
  });
}

export function bootstrapPackageUnknown(image: string, packages: readonly string[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "bootstrap-package-unknown",
    what: `Cannot bootstrap ${image}: its package sources have no package ${packages.map((name) => JSON.stringify(name)).join(", ")}`,
    next: `look for the right name with \`apt-cache search ${packages[0] ?? ""}\``,
  });
}

export function bootstrapWordInvalid(what: string, word: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "bootstrap-word-invalid",
    what: `Cannot take ${JSON.stringify(word)} as ${what}`,
    why: 'it is made of lower-case letters, digits, "+", "-" and "."',
    next: "write it like `vial bootstrap debian bookworm --include curl,ca-certificates`",
  });
}

export function sourceDateInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "source-date-invalid",
    what: `Cannot read SOURCE_DATE_EPOCH=${JSON.stringify(text)}`,
    why: "it is the seconds since 1970, digits alone",
    next: "set it by `export SOURCE_DATE_EPOCH=$(date +%s)`, or `unset SOURCE_DATE_EPOCH`",
  });
}

export function pushWithDigest(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "push-with-digest",
    what: `Cannot push ${JSON.stringify(text)}: a digest is no name that a registry can keep it under`,
    next: `vial tag ${text} ${text.slice(0, text.indexOf("@"))}:TAG, then push that name`,
  });
}

export function healthInvalid(why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "health-invalid",
    what: "Cannot use the health check of the image",
    why,
    next: "give `--no-healthcheck`",
  });
}

export function workingFolderRefused(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "working-folder-refused",
    what: `Cannot work in the folder ${JSON.stringify(path)} of the container`,
    why: "it is no folder there, or leads through a link to nothing or to another process's files (CVE-2024-21626)",
    next: "give another by `--workdir /path`",
  });
}

export function updateFailed(name: string, said: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "update-failed",
    what: `Cannot change the limits of the container ${JSON.stringify(name)}`,
    why: said,
    next: `vial stats --no-stream ${name}`,
  });
}

export function noLog(name: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "no-log",
    what: `Cannot show the log of the container ${JSON.stringify(name)}: none is kept`,
    why,
    next: "run it with -d, or without --rm",
  });
}

export function notAttachable(name: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "not-attachable",
    what: `Cannot attach to the container ${JSON.stringify(name)}: its streams belong to the terminal that runs it`,
    why: "it was run with --rm in the foreground, where no monitor stands between",
    next: `vial exec -it ${name} sh`,
  });
}

export function logFilesUnsupported(files: number): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "log-files-unsupported",
    what: `Cannot keep ${files} log files by "--log-opt max-file=${files}": the program "conmon" of this host keeps one`,
    why: 'its version knows no "--log-max-files"; it begins the one file anew when that has max-size bytes',
    next: "give --log-opt max-size alone, or install a newer conmon (2.1.13 has it)",
  });
}

export function restartOfTransient(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "restart-of-transient",
    what: `Cannot give the container ${JSON.stringify(name)} a restart policy: it was made with --rm`,
    why: "a container that is removed at its end cannot be started again",
    next: "make another one with --restart and without --rm",
  });
}

export function memorySwapUnfit(name: string, memorySwap: number, memory?: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "memory-swap-unfit",
    what: `Cannot limit memory and swap of the container ${JSON.stringify(name)} to ${memorySwap} bytes together`,
    why: memory === undefined ? "it has no memory limit" : `its memory limit alone is ${memory} bytes`,
    next: `vial update --memory 512m --memory-swap 1g ${name}`,
  });
}

export function recipeMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "recipe-missing",
    what: `Cannot find the recipe "${path}"`,
    next: "name it by `vial build -f FILE .`",
  });
}

export function buildOrderMissing(): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "build-order-missing",
    what: "Cannot build: standard input has no order",
    next: "build by `vial build`, or by the API of `vial serve`",
  });
}

export function buildBroken(exitCode: number, said: string): VialError {
  return new VialError({
    kind: "internal",
    code: "build-process-broken",
    what: "Cannot build: the process of the build has ended without a word",
    why: `its exit code was ${exitCode}${said === "" ? "" : `, and it said: ${said}`}`,
    next: "look whether the memory ran out: dmesg | tail",
  });
}

export function cacheUnwritable(title: string, cause: unknown): VialError {
  return new VialError({
    kind: isVialError(cause) ? cause.kind : "failed-precondition",
    code: "build-cache-unwritable",
    what: `Cannot write the build cache to ${title}`,
    why: reasonOf(cause),
    next: "the image is built and in the store; mend the place, or add ignore-error=true to --cache-to",
    cause,
  });
}

export function hpcImageMissing(name: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "hpc-image-missing",
    what: `Cannot find the image ${JSON.stringify(name)}: there is no such file or folder`,
    why: "it is taken for a path by its form",
    next: "look with `ls`; an image of the store is named by `vial exec --profile hpc NAME`",
  });
}

export function imageFileUnknown(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "image-file-unknown",
    what: `Cannot run "${path}": it is neither a SIF file nor a squashfs`,
    next: "give a SIF file, a squashfs or a folder; archives go into the store by `vial load` or `vial import`",
  });
}

export function sifConfigInvalid(path: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "sif-config-invalid",
    what: `Cannot read the OCI config in "${path}"`,
    why,
    next: "look at it by `vial sif list` and `vial sif dump`, or take the object out by `vial sif del`",
  });
}

export function sifArchitectureNone(architecture: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-architecture-none",
    what: `Cannot write a SIF file for the architecture "${architecture}"`,
    why: "the format has no number for it",
    next: "write an OCI archive by `-o type=oci,dest=FILE`",
  });
}

export function sifRootDamaged(path: string, cause: VialError): VialError {
  return new VialError({
    kind: "data-loss",
    code: "sif-root-damaged",
    what: `Cannot unpack "${path}": its root file system is damaged`,
    why: reasonOf(cause),
    next: "fetch the file again, and compare its digest with that of the original",
    cause,
  });
}

export function instancesFolderUnsafe(folder: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "instances-folder-unsafe",
    what: `Cannot keep instances in ${JSON.stringify(folder)}`,
    why: "it is no folder of yours alone, so that others could choose which processes you join",
    next: `take the rights of others away: \`chmod go-w ${folder}\``,
  });
}

export function networksNeedRoot(network: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "networks-need-root",
    what: `Cannot join the network ${JSON.stringify(network)}`,
    why: "an ordinary user may not make interfaces on the host",
    next: "run it as root; or with --network bridge, one for each container, or --network host",
  });
}

export function networkTwice(network: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "network-twice",
    what: `Cannot join the network ${JSON.stringify(network)} twice`,
    why: "a container has one address of each kind in a network",
    next: "leave one of them out; more names are given by --network-alias",
  });
}

export function endpointOptionUnsupported(option: string, driver: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "endpoint-option-unsupported",
    what: `Cannot join a network with the driver option ${JSON.stringify(option)}`,
    why: `the driver ${driver} of this version of Vial has no options for one container`,
    next: "leave it out; those of the whole network are given by `vial network create -o`",
  });
}

export function aliasInvalid(alias: string, why: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "alias-invalid",
    what: `Cannot use the name ${JSON.stringify(alias)} in a network`,
    why,
    next,
  });
}

export function macInvalid(mac: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mac-invalid",
    what: `Cannot use the MAC address ${JSON.stringify(mac)}`,
    why,
    next: "write it like 02:42:0a:58:00:05, or leave it out and one is chosen",
  });
}

export function networkFixed(container: string, network: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "network-fixed",
    what: `Cannot change the network ${JSON.stringify(network)} of the container ${JSON.stringify(container)}`,
    why: "the networks host, none and container:ID are for the whole life of a container",
    next: "run it with the network bridge or one of your own, which `vial network connect` can change",
  });
}

export function notInNetwork(container: string, network: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "not-in-network",
    what: `Cannot take the container ${JSON.stringify(container)} out of the network ${JSON.stringify(network)}: it is not in it`,
    next: `see \`vial network inspect ${network}\``,
  });
}

export function childCallFailed(verb: string, exitCode: number, said: string): VialError {
  return new VialError({
    kind: "internal",
    code: "child-call-failed",
    what: `Cannot do what was asked: \`vial ${verb}\` ended with code ${exitCode} and no answer`,
    why: said === "" ? "it said nothing" : said,
  });
}

export function portNotPublished(container: string, port: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "port-not-published",
    what: `Cannot end the port ${port} of the container "${container}": it is not published`,
    next: `see what is by \`vial port ${container}\`, and give the port of the host`,
  });
}

export function portsNeedNetwork(container: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "ports-need-network",
    what: `Cannot publish a port of the container "${container}": it has no network of its own`,
    next: `create it with \`--network bridge\`, or join it to a network by \`vial network connect bridge ${container}\``,
  });
}

export function execUnknown(id: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "exec-unknown",
    what: `Cannot find the exec ${JSON.stringify(id)}`,
    why: "none has this id, or its container was removed, or the server was started again since",
    next: "create it again in its container",
  });
}

export function execRunning(id: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "exec-running",
    what: `Cannot start the exec ${JSON.stringify(id)}: it is running`,
    next: "create another one",
  });
}

export function execAlreadyRun(id: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "exec-already-run",
    what: `Cannot start the exec ${JSON.stringify(id)}: it has run already`,
    next: "create another one",
  });
}

export function topOptionUnsupported(text: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "top-option-unsupported",
    what: `Cannot list processes by the options ${JSON.stringify(text)}`,
    why: "Vial reads the host's /proc itself and knows -ef, aux and -o COLUMN,...",
    next: "vial top CONTAINER -o pid,user,args",
  });
}

export function topColumnUnknown(column: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "top-column-unknown",
    what: `Cannot show the column ${JSON.stringify(column)}`,
    why: `the columns are ${known.join(", ")}`,
    next: `-o ${(nearest(column.toUpperCase(), known) ?? "PID").toLowerCase()}`,
  });
}

export function archiveReadonly(path: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "archive-readonly",
    what: `Cannot write files to ${JSON.stringify(path)} of the container: it is read-only there`,
    why: "the root of the container or the mount at this path was asked to be read-only",
    next: "choose a path on a writable mount, or make the container without --read-only or :ro",
  });
}
