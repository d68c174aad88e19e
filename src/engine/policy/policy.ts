import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { configFolder } from "#host";
import type { SifFile } from "#sif";
import { policyUnreadable, policyUnsafe } from "./error.ts";

// Which image files may run: rules in /etc/vial/policy.toml, for all users of the machine, and in the user's own
// policy.toml. Both have to agree. Where there is neither, a run costs two opens that fail, and nothing is loaded.

/** What is about to run. */
export interface PolicySubject {
  readonly path: string;
  /** The open descriptor by which a file will be used. None: a folder, or an archive, neither of which can be signed. */
  readonly fd?: number;
  /** The same descriptor, read as a SIF file. */
  readonly sif?: SifFile;
}

export interface PolicyFile {
  readonly path: string;
  readonly text: string;
}

/** Throws policy-refused where a rule does not let it run, and for a policy that cannot be read or believed. */
export async function checkPolicy(subject: PolicySubject): Promise<void> {
  const files = readPolicyFiles();
  if (files.length === 0) return;
  const { enforcePolicy } = await import("./enforce.ts");
  await enforcePolicy(files, subject);
}

export function readPolicyFiles(
  env: Readonly<Record<string, string | undefined>> = process.env,
  systemFolder = "/etc/vial",
): readonly PolicyFile[] {
  return [systemFolder, configFolder(env)].flatMap((folder) =>
    folder === undefined ? [] : readPolicyFile(`${folder}/policy.toml`),
  );
}

/** A policy that is there and cannot be read lets nothing run: it might have said so. */
function readPolicyFile(path: string): readonly PolicyFile[] {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw policyUnreadable(path, error);
  }
  try {
    const mode = fstatSync(fd).mode & 0o777;
    if ((mode & 0o022) !== 0) throw policyUnsafe(path, mode);
    return [{ path, text: readFileSync(fd, "utf8") }];
  } finally {
    closeSync(fd);
  }
}
