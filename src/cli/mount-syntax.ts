import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { MountWish } from "#engine";
import { mountInvalid, mountSourceMissing, namedVolumeUnsupported, propagationUnsupported } from "./error.ts";

// The words for mounts: --volume, --mount and --tmpfs, by Docker's grammar.

const propagations = ["private", "rprivate", "slave", "rslave"];

/** Parses `-v HOST:INSIDE[:OPTIONS]`. A host folder that is not there is made, as Docker does. */
export function parseVolume(text: string): MountWish {
  const parts = text.split(":");
  const [source = "", target, options] = parts;
  if (parts.length > 3 || target === undefined) {
    if (parts.length === 1 && source.startsWith("/"))
      throw namedVolumeUnsupported(text, "an anonymous volume");
    throw mountInvalid("--volume", text, "it is HOST:INSIDE or HOST:INSIDE:OPTIONS");
  }
  if (!/^[./~]/.test(source)) throw namedVolumeUnsupported(text, `the named volume "${source}"`);
  const host = absoluteSource("--volume", text, source);
  let readonly = false;
  let propagation = "rprivate";
  for (const option of (options ?? "").split(",").filter((entry) => entry !== "")) {
    if (option === "ro") readonly = true;
    else if (propagations.includes(option)) propagation = option;
    else if (option === "shared" || option === "rshared") throw propagationUnsupported(text, option);
    // SELinux relabelling; hosts with SELinux are not supported, and on others it has nothing to do.
    else if (option !== "rw" && option !== "z" && option !== "Z")
      throw mountInvalid("--volume", text, `it has the unknown option "${option}"`);
  }
  if (!existsSync(host)) mkdirSync(host, { recursive: true });
  return {
    kind: "bind",
    source: host,
    target: absoluteTarget("--volume", text, target),
    readonly,
    propagation,
    recursive: true,
  };
}

/** Parses `--mount type=bind,source=/a,target=/b,readonly`. The source has to be there. */
export function parseMount(text: string): MountWish {
  const keys = new Map<string, string>();
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    keys.set(
      (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase(),
      equals < 0 ? "true" : field.slice(equals + 1),
    );
  }
  const take = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = keys.get(name);
      keys.delete(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const type = take("type") ?? "volume";
  const target = take("target", "destination", "dst");
  const source = take("source", "src");
  const readonly = truth(text, take("readonly", "ro"));
  if (target === undefined) throw mountInvalid("--mount", text, "it names no target");
  const inside = absoluteTarget("--mount", text, target);
  let wish: MountWish;
  if (type === "bind") {
    if (source === undefined) throw mountInvalid("--mount", text, "a bind needs a source");
    const host = absoluteSource("--mount", text, source);
    const propagation = take("bind-propagation") ?? "rprivate";
    if (propagation === "shared" || propagation === "rshared")
      throw propagationUnsupported(text, propagation);
    if (!propagations.includes(propagation))
      throw mountInvalid("--mount", text, `it has the unknown propagation "${propagation}"`);
    const recursive = !truth(text, take("bind-nonrecursive"));
    if (truth(text, take("bind-create-src", "create-host-path")) && !existsSync(host))
      mkdirSync(host, { recursive: true });
    if (!existsSync(host)) throw mountSourceMissing(text, host);
    wish = { kind: "bind", source: host, target: inside, readonly, propagation, recursive };
  } else if (type === "tmpfs") {
    if (source !== undefined) throw mountInvalid("--mount", text, "a tmpfs has no source");
    const size = take("tmpfs-size");
    const mode = take("tmpfs-mode");
    wish = {
      kind: "tmpfs",
      target: inside,
      options: [
        ...(size === undefined ? [] : [`size=${size}`]),
        `mode=${mode ?? "1777"}`,
        ...(readonly ? ["ro"] : []),
      ],
    };
  } else if (type === "volume") {
    throw namedVolumeUnsupported(
      text,
      source === undefined ? "an anonymous volume" : `the named volume "${source}"`,
    );
  } else {
    throw mountInvalid("--mount", text, `its type "${type}" is none of bind and tmpfs`);
  }
  const unknown = [...keys.keys()][0];
  if (unknown !== undefined) throw mountInvalid("--mount", text, `it has the unknown key "${unknown}"`);
  return wish;
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

function truth(text: string, value: string | undefined): boolean {
  if (value === undefined || value === "false" || value === "0") return false;
  if (value === "true" || value === "1") return true;
  throw mountInvalid("--mount", text, `"${value}" is neither true nor false`);
}

function absoluteSource(flag: string, text: string, source: string): string {
  if (source === "") throw mountInvalid(flag, text, "its source is empty");
  if (source.startsWith("/")) return source;
  if (source === "." || source.startsWith("./") || source === ".." || source.startsWith("../"))
    return resolve(source);
  if (source === "~" || source.startsWith("~/")) return `${process.env.HOME ?? ""}${source.slice(1)}`;
  throw mountInvalid(flag, text, "its source is no absolute path");
}

function absoluteTarget(flag: string, text: string, target: string): string {
  if (!target.startsWith("/")) throw mountInvalid(flag, text, "its path inside is not absolute");
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) throw mountInvalid(flag, text, 'its path inside is "/"');
  if (parts.includes("..")) throw mountInvalid(flag, text, 'its path inside has ".."');
  return `/${parts.join("/")}`;
}
