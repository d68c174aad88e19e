import { readdirSync, statSync } from "node:fs";
import { findProgram } from "#host";
import type { ElfObject } from "./elf.ts";
import { ownMachine, readHostBytes, readHostElf } from "./elf-file.ts";
import type { GpuList, GpuMaker } from "./list.ts";
import { type CachedLibrary, parseLoaderCache } from "./loader-cache.ts";

// What this host has of a maker's driver.

export interface GpuHost {
  readonly cacheFile: string;
  /** Where lists may lie (listFolders). */
  readonly listFolders: readonly string[];
  readonly deviceFolder: string;
}

export interface HostObject {
  /** The last part of its path inside. */
  readonly name: string;
  readonly path: string;
  readonly object: ElfObject | undefined;
}

export interface GpuFiles {
  readonly libraries: readonly HostObject[];
  readonly programs: readonly HostObject[];
}

/** The libraries and programs of a list that are here, for this machine's processor. */
export function findGpuFiles(list: GpuList, cacheFile: string): GpuFiles {
  const bytes = readHostBytes(cacheFile);
  const cache = bytes === undefined ? [] : (parseLoaderCache(bytes) ?? []);
  const libraries = new Map<string, HostObject>();
  for (const entry of list.libraries) {
    for (const { name, path } of entry.startsWith("/") ? besides(entry) : inCache(cache, entry)) {
      if (libraries.has(name)) continue;
      const object = readHostElf(path);
      // The same name is there for the 32-bit programs of the host too.
      if (object?.machine === ownMachine) libraries.set(name, { name, path, object });
    }
  }
  const programs = new Map<string, HostObject>();
  for (const entry of list.programs) {
    const path = entry.includes("/") && !entry.startsWith("/") ? undefined : findProgram(entry);
    if (path === undefined) continue;
    const name = path.slice(path.lastIndexOf("/") + 1);
    programs.set(name, { name, path, object: readHostElf(path) });
  }
  return { libraries: [...libraries.values()], programs: [...programs.values()] };
}

function inCache(cache: readonly CachedLibrary[], entry: string): readonly CachedLibrary[] {
  return cache.filter(({ name }) => name === entry || name.startsWith(`${entry}.`));
}

/** A library by its path, with the names in its folder that lead to it: programs ask for it by one of those. */
function besides(path: string): readonly CachedLibrary[] {
  const slash = path.lastIndexOf("/");
  const start = path.slice(slash + 1).replace(/\.so.*$/, ".so");
  const own = statSync(path, { throwIfNoEntry: false });
  if (own === undefined) return [];
  const folder = path.slice(0, slash) || "/";
  return namesIn(folder)
    .filter((name) => name.startsWith(start))
    .map((name) => ({ name, path: `${folder}/${name}` }))
    .filter((entry) => {
      const info = statSync(entry.path, { throwIfNoEntry: false });
      return info?.ino === own.ino && info.dev === own.dev;
    });
}

const deviceNames: Readonly<Record<GpuMaker, RegExp>> = {
  // nvidia0, nvidiactl, nvidia-uvm, nvidia-modeset, and the folder nvidia-caps of parted cards.
  nvidia: /^nvidia/,
  // The compute driver, and the folder of the cards.
  amd: /^(kfd|dri)$/,
};

/** The maker's entries of a folder of devices, by name. */
export function findGpuDevices(maker: GpuMaker, folder: string): readonly string[] {
  return namesIn(folder)
    .filter((name) => deviceNames[maker].test(name))
    .sort();
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
