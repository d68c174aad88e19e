// The house as data: which rooms there are, on which floor, and whom each may ask. docs/map.md shows the same table.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface Room {
  readonly name: string;
  /** What it is for, in one sentence. */
  readonly purpose: string;
  /** The rooms whose doors it may import from. All lie below it. */
  readonly uses: readonly string[];
}

/** From the ground up: a room uses rooms above it in this list only. Rooms that are not built yet have no folder. */
export const rooms: readonly Room[] = [
  { name: "kit", purpose: "Tools that know no word of our subject; each file stands alone", uses: [] },
  {
    name: "spec",
    purpose: "The words of the OCI specifications and of our own state, with their parsers",
    uses: ["kit"],
  },
  {
    name: "host",
    purpose: "Everything outside the process: programs, the kernel, files",
    uses: ["kit", "spec"],
  },
  {
    name: "image",
    purpose: "What an image is, and our store of them: an OCI image layout on disk",
    uses: ["kit", "spec", "host"],
  },
  { name: "network", purpose: "Networks, addresses, ports, names", uses: ["kit", "spec", "host"] },
  {
    name: "registry",
    purpose: "The client of the distribution specification: images that live far away",
    uses: ["kit", "spec", "host", "image"],
  },
  {
    name: "sif",
    purpose: "The SIF file: images that live in one file",
    uses: ["kit", "spec", "host", "image"],
  },
  {
    name: "runtime",
    purpose: "From an image's configuration and a person's options to a running process",
    uses: ["kit", "spec", "host", "image", "network"],
  },
  {
    name: "build",
    purpose: "From the text of a recipe to an image",
    uses: ["kit", "spec", "host", "image", "runtime"],
  },
  {
    name: "engine",
    purpose: "The front office: every use case, its state on disk and its locks",
    uses: ["kit", "spec", "host", "image", "network", "registry", "sif", "runtime", "build"],
  },
  {
    name: "workload",
    purpose: "Many containers as one thing: compose, kube, Slurm, MPI",
    uses: ["kit", "spec", "host", "engine"],
  },
  {
    name: "api",
    purpose: "Other people's languages over HTTP",
    uses: ["kit", "spec", "engine", "workload"],
  },
  {
    name: "cli",
    purpose: "Words to calls to text: the command line",
    // host: the terminal (isatty, its size, raw mode) and the program that takes this one's place.
    // image, registry, sif: verbs that look at the store, at a file, or sign in, to which the engine has nothing to add.
    uses: ["kit", "spec", "host", "image", "registry", "sif", "engine", "workload", "api"],
  },
];

export const projectFolder = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const sourceFolder = join(projectFolder, "src");

/** The rooms that have a folder with source in it. */
export function builtRooms(): string[] {
  return [...new Set(sourceFiles().map((file) => file.split("/")[1] ?? ""))].sort();
}

/** Every TypeScript file below src, as "src/room/file.ts". */
export function sourceFiles(): string[] {
  return readdirSync(sourceFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
    .sort();
}

export function readSource(file: string): string {
  return readFileSync(join(projectFolder, file), "utf8");
}

/** The module names that a file imports, types included, written out or by `import()`. Comments do not count. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statement =
    /(?:^|;)\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"'\n]+)["']|^\s*import\s*["']([^"'\n]+)["']/gm;
  const call = /\bimport\s*\(\s*["']([^"'\n]+)["']\s*\)/g;
  return [...code.matchAll(statement), ...code.matchAll(call)].map((match) => match[1] ?? match[2] ?? "");
}

/** What is wrong with one import, in a sentence, or undefined. `packages` are those that package.json names. */
export function faultOfImport(file: string, name: string, packages: readonly string[]): string | undefined {
  const roomName = file.split("/")[1] ?? "";
  const room = rooms.find((entry) => entry.name === roomName);
  if (room === undefined) return `${file} is in no room of tool/map.ts`;
  if (name.startsWith("#")) {
    const asked = name.slice(1);
    // A test may look at its own room from outside.
    if (asked === roomName && file.endsWith(".test.ts")) return undefined;
    if (asked === roomName)
      return `${file} imports its own door ${name}: import the file, or the door turns in a circle`;
    if (room.uses.includes(asked)) return undefined;
    return `${file} imports ${name}: ${roomName} may use ${room.uses.join(", ") || "no other room"}`;
  }
  if (name.startsWith(".")) {
    const target = relative(projectFolder, resolve(projectFolder, dirname(file), name));
    if (!target.startsWith(`src/${roomName}/`))
      return `${file} imports ${name}: other rooms are reached by their door "#room"`;
    return name.endsWith(".ts") ? undefined : `${file} imports ${name}: write the file's name with .ts`;
  }
  if (name.startsWith("node:") || name === "bun" || name.startsWith("bun:")) return undefined;
  const known = packages.some((entry) => name === entry || name.startsWith(`${entry}/`));
  return known ? undefined : `${file} imports ${name}: package.json does not name that package`;
}

/** The table of docs/map.md: the rooms that are built. */
export function printRoomTable(): string {
  const built = builtRooms();
  const rows = rooms
    .filter((room) => built.includes(room.name))
    .map(
      (room) =>
        `| \`${room.name}\` | ${room.purpose} | ${room.uses.map((name) => `\`${name}\``).join(" ") || "-"} |`,
    );
  return ["| room | what it is for | may use |", "|---|---|---|", ...rows].join("\n");
}
