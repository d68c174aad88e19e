import { existsSync, mkdirSync } from "node:fs";
import { anonymousMount, type MountWish } from "#engine";
import type { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

const propagations = ["private", "rprivate", "slave", "rslave"];

/** Every mount of its own that is wished: Binds, Mounts, Tmpfs, and the volumes of Config. */
export function readMounts(config: Fields, host: Fields): readonly MountWish[] {
  const wished = [
    ...host.texts("Binds").map(readBind),
    ...host.objects("Mounts").map(readMount),
    ...Object.entries(host.pairs("Tmpfs")).map(([target, options]) => readTmpfs(target, options)),
  ];
  const targets = new Set<string>();
  for (const { target } of wished) {
    if (targets.has(target)) throw badParameter(`Duplicate mount point: ${target}`);
    targets.add(target);
  }
  // These give way to what has the same path, as in Docker.
  for (const name of config.object("Volumes").names) {
    const target = insidePath(name);
    if (!targets.has(target)) wished.push(anonymousMount(target));
  }
  return wished;
}

/** `SOURCE:TARGET[:OPTIONS]`: a path of the host, which is made when it is not there, or the name of a volume. */
function readBind(text: string): MountWish {
  const [source = "", target, options = "", ...more] = text.split(":");
  if (target === undefined || more.length > 0 || source === "") throw invalidBind(text);
  const words = options.split(",").filter((word) => word !== "");
  const isReadonly = words.includes("ro");
  let propagation = "rprivate";
  for (const word of words) {
    if (propagations.includes(word)) propagation = word;
    else if (["shared", "rshared"].includes(word)) throw refusedPropagation(word);
    // z and Z relabel for SELinux, which this host does not use; the consistency words are for Docker Desktop.
    else if (!["ro", "rw", "z", "Z", "nocopy", "cached", "consistent", "delegated"].includes(word))
      throw invalidBind(text);
  }
  const inside = insidePath(target);
  if (source.startsWith("/")) {
    if (!existsSync(source)) mkdirSync(source, { recursive: true });
    return { kind: "bind", source, target: inside, readonly: isReadonly, propagation, recursive: true };
  }
  return {
    ...anonymousMount(inside),
    name: volumeName(source),
    anonymous: false,
    readonly: isReadonly,
    propagation,
    nocopy: words.includes("nocopy"),
  };
}

function readMount(mount: Fields): MountWish {
  const target = insidePath(mount.text("Target") ?? "");
  const source = mount.text("Source");
  const isReadonly = mount.flag("ReadOnly") ?? false;
  const type = mount.text("Type") ?? "volume";
  for (const [name, owner] of Object.entries({
    BindOptions: "bind",
    VolumeOptions: "volume",
    TmpfsOptions: "tmpfs",
    ImageOptions: "image",
  }))
    if (owner !== type && mount.object(name).names.length > 0)
      throw badParameter(`invalid mount config for type "${type}": field ${name} must not be specified`);
  switch (type) {
    case "bind":
      return readBindMount(mount, target, source, isReadonly);
    case "volume":
      return readVolumeMount(mount, target, source, isReadonly);
    case "tmpfs":
      if (source !== undefined)
        throw badParameter('invalid mount config for type "tmpfs": field Source must not be specified');
      return { kind: "tmpfs", target, options: tmpfsOptions(mount.object("TmpfsOptions"), isReadonly) };
    case "image": {
      if (source === undefined)
        throw badParameter('invalid mount config for type "image": field Source must not be empty');
      return { kind: "image", image: source, target, subpath: subpath(mount.object("ImageOptions")) };
    }
    default:
      throw badParameter(`invalid mount config: mount type "${type}" is not supported`);
  }
}

function readBindMount(
  mount: Fields,
  target: string,
  source: string | undefined,
  isReadonly: boolean,
): MountWish {
  const options = mount.object("BindOptions");
  const propagation = options.text("Propagation") ?? "rprivate";
  if (source === undefined)
    throw badParameter('invalid mount config for type "bind": field Source must not be empty');
  if (!source.startsWith("/"))
    throw badParameter(
      `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
    );
  if (!propagations.includes(propagation)) throw refusedPropagation(propagation);
  if (options.flag("ReadOnlyForceRecursive") === true)
    throw badParameter(
      "BindOptions.ReadOnlyForceRecursive is not supported: Vial cannot promise it on every kernel",
    );
  if (!existsSync(source)) {
    if (options.flag("CreateMountpoint") !== true)
      throw badParameter(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    mkdirSync(source, { recursive: true });
  }
  const isRecursive = options.flag("NonRecursive") !== true;
  return { kind: "bind", source, target, readonly: isReadonly, propagation, recursive: isRecursive };
}

function readVolumeMount(
  mount: Fields,
  target: string,
  source: string | undefined,
  isReadonly: boolean,
): MountWish {
  const options = mount.object("VolumeOptions");
  const driver = options.object("DriverConfig");
  return {
    ...anonymousMount(target),
    name: source === undefined ? "" : volumeName(source),
    anonymous: source === undefined,
    readonly: isReadonly,
    nocopy: options.flag("NoCopy") ?? false,
    subpath: subpath(options),
    create: {
      driver: driver.text("Name") ?? "",
      options: driver.pairs("Options"),
      labels: options.pairs("Labels"),
    },
  };
}

function tmpfsOptions(options: Fields, isReadonly: boolean): readonly string[] {
  const size = options.amount("SizeBytes");
  const mode = options.amount("Mode");
  const listed = options.raw("Options") ?? [];
  if (!Array.isArray(listed)) throw badParameter("invalid tmpfs options: it has to be a list");
  const words = listed.map((entry: unknown) => {
    if (!Array.isArray(entry) || !entry.every((part) => typeof part === "string"))
      throw badParameter("invalid tmpfs options: each has to be a list of one or two texts");
    return entry.join("=");
  });
  return [
    ...(size === undefined ? [] : [`size=${size}`]),
    `mode=${(mode ?? 0o1777).toString(8)}`,
    ...(isReadonly ? ["ro"] : []),
    ...checkTmpfs(words),
  ];
}

function readTmpfs(target: string, options: string): MountWish {
  return {
    kind: "tmpfs",
    target: insidePath(target),
    options: checkTmpfs(options.split(",").filter((word) => word !== "")),
  };
}

function checkTmpfs(words: readonly string[]): readonly string[] {
  for (const word of words)
    if (
      !/^(rw|ro|exec|noexec|suid|nosuid|dev|nodev|sync|async|atime|noatime|relatime|(size|nr_inodes|nr_blocks)=\d+[kmgKMG%]?|mode=[0-7]+|[ug]id=\d+)$/.test(
        word,
      )
    )
      throw badParameter(`invalid tmpfs option ["${word}"]`);
  return words;
}

function volumeName(text: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(text))
    throw badParameter(
      `create ${text}: "${text}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  return text;
}

function subpath(options: Fields): string {
  const path = options.text("Subpath") ?? "";
  if (path.startsWith("/") || path.split("/").includes(".."))
    throw badParameter(`invalid subpath "${path}": it has to be a path below the volume`);
  return path;
}

function insidePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/") || parts.includes(".."))
    throw badParameter(`invalid mount path: '${path}' mount path must be absolute`);
  if (parts.length === 0) throw badParameter("invalid specification: destination can't be '/'");
  return `/${parts.join("/")}`;
}

function invalidBind(text: string): Error {
  return badParameter(`invalid volume specification: '${text}'`);
}

function refusedPropagation(word: string): Error {
  return badParameter(
    `the propagation "${word}" is not supported: what a container mounts must not reach the host`,
  );
}
