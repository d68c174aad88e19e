import {
  foreignNamespaces,
  joinCgroups,
  forbidNewPrivileges,
  type NamespaceKind,
  joinWords,
  openRoot,
  replaceProcess,
} from "#host";
import { hpcFolderMissing, instanceUnreachable } from "./error.ts";
import { ImageFiles } from "./image-files.ts";
import { type StartManner, vialManner } from "./manner.ts";
import { prepareProgram } from "./program.ts";
import type { HpcImageFacts } from "./root-source.ts";
import type { Action, Caller, EnvironmentWish } from "./wish.ts";

/** A program that is to run in a container that stays. */
export interface HpcJoin {
  readonly name: string;
  /** A process inside. */
  readonly pid: number;
  /** Folders of the control groups that limit it. */
  readonly cgroups: readonly string[];
  readonly image: HpcImageFacts;
  readonly action: Exclude<Action, { readonly kind: "run-help" | "instance" }>;
  readonly app: string | undefined;
  /** Working folder inside; undefined: the caller's, where it is there. */
  readonly folder: string | undefined;
  readonly environment: EnvironmentWish;
  readonly caller: Caller;
  readonly host: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly warn: (sentence: string) => void;
  /** Undefined: Vial's own. */
  readonly manner: StartManner | undefined;
}

/**
 * Runs a program in the namespaces of an instance: becomes its parent, which passes signals and the exit code on. Comes
 * back with an exit code only where nothing is to be started. Throws instance-unreachable, command-not-found.
 */
export function joinInstance(join: HpcJoin): number {
  const { pid, caller, name, manner = vialManner } = join;
  const { kinds, root } = look(name, pid);
  using top = root;
  const files = new ImageFiles(top.fd);
  const folder = chooseFolder(files, join);
  const { action, app, environment, image, host, warn } = join;
  const program = prepareProgram(files, {
    ...{ image, action, app, environment, host, folder, manner, warn },
    home: caller.home,
    binds: [],
    instance: name,
  });
  if (program === undefined) return 0;
  if (kinds.includes("user") && caller.uid !== 0) forbidNewPrivileges();
  enterCgroups(join);
  // nsenter(1) looks for it in the PATH that it is given, in there, and so finds what was found here.
  return replaceProcess([...joinWords(pid, kinds, folder, caller.uid === 0), ...program.argv], program.env);
}

function look(
  name: string,
  pid: number,
): { kinds: readonly NamespaceKind[]; root: ReturnType<typeof openRoot> } {
  try {
    return { kinds: foreignNamespaces(pid), root: openRoot(`/proc/${pid}/root`) };
  } catch (error) {
    throw instanceUnreachable(name, error);
  }
}

/** What was given to the instance, all in it share. */
function enterCgroups({ name, cgroups }: HpcJoin): void {
  try {
    joinCgroups(cgroups);
  } catch (error) {
    throw instanceUnreachable(name, error);
  }
}

function chooseFolder(files: ImageFiles, { folder, cwd, caller }: HpcJoin): string {
  if (folder !== undefined && !files.isFolder(folder)) throw hpcFolderMissing(folder);
  return folder ?? [cwd, caller.home].find((path) => files.isFolder(path)) ?? "/";
}
