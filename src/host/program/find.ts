import { accessSync, constants, statSync } from "node:fs";

const found = new Map<string, string>();

// Distributions keep system programs in sbin, which is not on every user's PATH (newuidmap, nft, runc on Debian), and
// aardvark-dns beside Podman's other helpers.
const systemFolders = [
  ...["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"],
  ...["/usr/lib/podman", "/usr/libexec/podman"],
];

/** The absolute path of a program by PATH and then the system's folders, or undefined. An absolute path stands for itself. */
export function findProgram(name: string): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const known = found.get(name);
  if (known !== undefined) return known;
  for (const folder of [...(process.env.PATH ?? "").split(":"), ...systemFolders]) {
    if (!folder.startsWith("/")) continue;
    const path = `${folder}/${name}`;
    if (!isExecutable(path)) continue;
    found.set(name, path);
    return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    // Most folders of PATH do not have it: an error for each of them would take longer than all the rest.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
