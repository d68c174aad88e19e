import { existsSync } from "node:fs";
import { openFlag, openInside } from "#host";
import { isVialError } from "#spec";
import { hostLibraries } from "../environment.ts";
import type { MountStep } from "../plan.ts";
import type { GpuWish } from "../wish.ts";
import { ownMachine } from "./elf-file.ts";
import { gpuImageForeign, gpuImageMusl, gpuImageOlder, gpuListUnreadable, gpuNoPlace } from "./error.ts";
import { partByFit, type Unmet } from "./fit.ts";
import { findGpuDevices, findGpuFiles, type GpuFiles, type GpuHost } from "./host-files.ts";
import { type ImageLibc, ImageLibraries } from "./image-libraries.ts";
import { type GpuList, type GpuMaker, listFolders, listNames, readGpuList } from "./list.ts";

// --nv and --rocm: the host's half of a graphics driver that runs in programs has to be of the same version as the kernel's
// half, so the host's own libraries are shown in the image, in a folder at the end of LD_LIBRARY_PATH, after it was looked
// that the image's C library can load them.

export interface GpuPlace {
  /** The image's root, open. */
  readonly image: number;
  readonly imageName: string;
  /** /dev has none of the host's devices. */
  readonly contain: boolean;
  /** Nothing is made in the image for a mount: --writable. */
  readonly makesNothing: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly warn: (sentence: string) => void;
}

const flagOf = { nvidia: "--nv", amd: "--rocm" } as const;
const whose = { nvidia: "NVIDIA's", amd: "AMD's" } as const;
/** Without these no program computes on a card: where they do not fit, nothing else is of use. */
const heart = { nvidia: /^libcuda\.so/, amd: /^lib(hsa-runtime64|hsakmt)\.so/ } as const;
/** Programs speak through these with services of the driver on the host. */
const sockets = { nvidia: ["/run/nvidia-persistenced/socket"], amd: [] } as const;

/**
 * The mounts for the graphics cards that are wished for. What was asked for by a flag and cannot work is refused, with the
 * ways out; what a variable of the machine asks for is left out with a warning, for it is set for every program there.
 */
export function planGpus(
  wishes: readonly GpuWish[],
  place: GpuPlace,
  host: GpuHost = {
    cacheFile: "/etc/ld.so.cache",
    listFolders: listFolders(place.env),
    deviceFolder: "/dev",
  },
): readonly MountStep[] {
  if (wishes.length === 0) return [];
  const inside = new ImageLibraries(place.image, ownMachine);
  const files = new Map<string, MountStep>();
  const others = new Map<string, MountStep>();
  for (const wish of wishes) {
    try {
      const given = chooseFiles(wish.maker, inside, place, host);
      for (const { name, path } of given.libraries)
        files.set(name, readonlyBind(path, `${hostLibraries}/${name}`));
      for (const { name, path } of given.programs) others.set(path, readonlyBind(path, `/usr/bin/${name}`));
      for (const path of sockets[wish.maker]) if (existsSync(path)) others.set(path, bind(path, path, []));
      // Where /dev is the host's they are in it.
      if (place.contain)
        for (const name of findGpuDevices(wish.maker, host.deviceFolder))
          others.set(name, bind(`${host.deviceFolder}/${name}`, `/dev/${name}`, []));
    } catch (error) {
      if (wish.origin === "asked" || !isVialError(error)) throw error;
      const { message, why } = error;
      place.warn(`${message}${why === undefined ? "" : `: ${why}`}; the program runs without`);
    }
  }
  if (files.size === 0) return [...others.values()];
  const folder = { kind: "tmpfs", target: hostLibraries, mode: 0o755, origin: "default" } as const;
  return [folder, ...files.values(), ...others.values()];
}

/** What of the host's driver can be loaded in the image. Throws the refusals of error.ts. */
function chooseFiles(maker: GpuMaker, inside: ImageLibraries, place: GpuPlace, host: GpuHost): GpuFiles {
  const { warn, imageName } = place;
  const found = findGpuFiles(readList(maker, host.listFolders), host.cacheFile);
  if (found.libraries.length === 0)
    warn(
      `${flagOf[maker]}: this host's loader (${host.cacheFile}) knows none of the libraries of ${whose[maker]} driver, ` +
        `so the program gets none; a list of other names is read from ${host.listFolders[0] ?? "/etc/vial"}/${listNames[maker]}`,
    );
  if (found.libraries.length + found.programs.length === 0) return found;
  const libc = inside.libc();
  refuseOtherLibc(maker, libc, imageName);
  if (found.libraries.length > 0 && place.makesNothing && !hasFolder(place.image))
    throw gpuNoPlace(whose[maker], flagOf[maker], imageName);
  if (libc.kind !== "glibc") {
    warn(
      `${flagOf[maker]}: no C library (libc.so.6) was found in "${imageName}": whether it can load ${whose[maker]} ` +
        "libraries was not looked at",
    );
    return found;
  }
  const libraries = partByFit(found.libraries, (file) => inside.lookUp(file));
  const vital = libraries.unmet.find(({ name }) => heart[maker].test(name));
  if (vital !== undefined)
    throw gpuImageOlder(whose[maker], flagOf[maker], listNames[maker], imageName, vital, libc.version);
  // What the programs need of the host's own libraries is there with these.
  const given = new Set(libraries.fit.map(({ name }) => name));
  const programs = partByFit(found.programs, (file) => (given.has(file) ? "given" : inside.lookUp(file)));
  warnOfUnfit(maker, [...libraries.unmet, ...programs.unmet], libc.version, warn);
  return { libraries: libraries.fit, programs: programs.fit };
}

function readList(maker: GpuMaker, folders: readonly string[]): GpuList {
  try {
    return readGpuList(maker, folders);
  } catch (error) {
    throw gpuListUnreadable(flagOf[maker], (error as { path?: string }).path ?? listNames[maker], error);
  }
}

function refuseOtherLibc(maker: GpuMaker, libc: ImageLibc, image: string): void {
  if (libc.kind === "musl") throw gpuImageMusl(whose[maker], flagOf[maker], image);
  if (libc.kind === "foreign") throw gpuImageForeign(whose[maker], flagOf[maker], image, libc.bits);
}

function warnOfUnfit(
  maker: GpuMaker,
  unmet: readonly Unmet[],
  version: string,
  warn: (sentence: string) => void,
): void {
  if (unmet.length === 0) return;
  const list = unmet.map(({ name, version: needed }) => `${name} (needs ${needed})`).join(", ");
  warn(`${flagOf[maker]}: left out, for the image's libraries (glibc ${version}) cannot load them: ${list}`);
}

function hasFolder(image: number): boolean {
  try {
    using _folder = openInside(image, hostLibraries, openFlag.path | openFlag.directory);
    return true;
  } catch {
    return false;
  }
}

function bind(source: string, target: string, more: readonly ["readonly"] | readonly []): MountStep {
  const attributes = target.startsWith("/dev/")
    ? (["nosuid", ...more] as const)
    : (["nosuid", "nodev", ...more] as const);
  return { kind: "bind", source, target, attributes, origin: "default" };
}

function readonlyBind(source: string, target: string): MountStep {
  return bind(source, target, ["readonly"]);
}
