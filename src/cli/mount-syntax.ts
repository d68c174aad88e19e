import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { anonymousMount, isVolumeName, type MountWish } from "#engine";
import { mountInvalid, mountSourceDangling, propagationUnsupported } from "./error.ts";

// The words for mounts: --volume and --tmpfs, by Docker's grammar. mount-flag.ts has --mount.

const propagations = ["private", "rprivate", "slave", "rslave"];
/** Words for file systems of other hosts, which Docker takes everywhere: a mount here is always consistent. */
export const consistencies = ["default", "consistent", "cached", "delegated"];

/**
 * Parses `-v [SOURCE:]INSIDE[:OPTIONS]`, where SOURCE is a path of the host or the name of a volume. A host folder that is
 * not there is made, as Docker does.
 */
export function parseVolume(text: string, driver: string): MountWish {
  const parts = text.split(":");
  const [first = "", second, options = ""] = parts;
  if (parts.length > 3 || first === "")
    throw mountInvalid("--volume", text, "it is INSIDE, SOURCE:INSIDE or SOURCE:INSIDE:OPTIONS");
  const isBind = second !== undefined && /^[./~]/.test(first);
  const target = absoluteTarget("--volume", text, second ?? first);
  const read = readOptions(text, options, isBind);
  if (!isBind) {
    const mount = anonymousMount(target);
    const { readonly, nocopy } = read;
    const create = { ...mount.create, driver };
    if (second === undefined) return { ...mount, create };
    if (!isVolumeName(first))
      throw mountInvalid(
        "--volume",
        text,
        `"${first}" is no name of a volume: 2 or more letters, digits, "_", "." and "-"; a path of the host begins with "/" or "./"`,
      );
    return { ...mount, name: first, anonymous: false, readonly, nocopy, create };
  }
  const source = absoluteSource("--volume", text, first);
  makeSource(text, source);
  const { readonly, propagation } = read;
  return { kind: "bind", source, target, readonly, propagation, recursive: true };
}

function readOptions(text: string, options: string, isBind: boolean) {
  let readonly = false;
  let nocopy = false;
  let propagation = "rprivate";
  for (const option of options.split(",").filter((entry) => entry !== "")) {
    if (option === "ro") readonly = true;
    else if (option === "nocopy" && !isBind) nocopy = true;
    else if (isBind && /^r?(private|shared|slave)$/.test(option))
      propagation = readPropagation("--volume", text, option);
    // SELinux relabelling; hosts with SELinux are not supported, and on others it has nothing to do.
    else if (option !== "rw" && option !== "z" && option !== "Z" && !consistencies.includes(option))
      throw mountInvalid("--volume", text, `it has the unknown option "${option}"`);
  }
  return { readonly, nocopy, propagation };
}

/** Throws propagation-unsupported, mount-invalid. */
export function readPropagation(flag: string, text: string, word: string): string {
  if (word === "shared" || word === "rshared") throw propagationUnsupported(text, word);
  if (!propagations.includes(word))
    throw mountInvalid(flag, text, `it has the unknown propagation "${word}"`);
  return word;
}

/** Makes the folder of a bind where nothing is. Throws mount-source-dangling. */
export function makeSource(text: string, source: string): void {
  if (existsSync(source)) return;
  if (lstatSync(source, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    throw mountSourceDangling(text, source);
  mkdirSync(source, { recursive: true });
}

/** Parses `--tmpfs /run:size=64m,mode=1777`. */
export function parseTmpfs(text: string): MountWish {
  const colon = text.indexOf(":");
  const target = colon < 0 ? text : text.slice(0, colon);
  const options =
    colon < 0
      ? []
      : text
          .slice(colon + 1)
          .split(",")
          .filter((entry) => entry !== "");
  for (const option of options) {
    if (
      !/^(rw|ro|exec|noexec|suid|nosuid|dev|nodev|sync|async|atime|noatime|relatime|size=\d+[kmgKMG%]?|mode=[0-7]+|uid=\d+|gid=\d+|nr_inodes=\d+[kmgKMG]?|nr_blocks=\d+[kmgKMG]?)$/.test(
        option,
      )
    ) {
      throw mountInvalid("--tmpfs", text, `it has the unknown option "${option}"`);
    }
  }
  return { kind: "tmpfs", target: absoluteTarget("--tmpfs", text, target), options };
}

export function absoluteSource(flag: string, text: string, source: string): string {
  if (source === "") throw mountInvalid(flag, text, "its source is empty");
  if (source.startsWith("/")) return source;
  if (source === "." || source.startsWith("./") || source === ".." || source.startsWith("../"))
    return resolve(source);
  if (source === "~" || source.startsWith("~/")) return `${process.env.HOME ?? ""}${source.slice(1)}`;
  throw mountInvalid(flag, text, "its source is no absolute path");
}

export function absoluteTarget(flag: string, text: string, target: string): string {
  if (!target.startsWith("/")) throw mountInvalid(flag, text, "its path inside is not absolute");
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) throw mountInvalid(flag, text, 'its path inside is "/"');
  if (parts.includes("..")) throw mountInvalid(flag, text, 'its path inside has ".."');
  return `/${parts.join("/")}`;
}
