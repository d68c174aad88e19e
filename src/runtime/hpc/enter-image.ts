import {
  changeDirectory,
  currentDirectory,
  dropCapabilities,
  enterPrivateMounts,
  forbidNewPrivileges,
  inUserNamespace,
  openRoot,
  raiseLoopback,
  setHostName,
  setUmask,
  unshareNamespaces,
  type SquashfsServer,
} from "#host";
import { hpcFolderMissing } from "./error.ts";
import type { planGpus } from "./gpu/gpu.ts";
import { ImageFiles } from "./image-files.ts";
import { type StartManner, vialManner } from "./manner.ts";
import { readInside } from "./read-inside.ts";
import { withOwnOverlay } from "./overlay-image.ts";
import { homeOf, planMounts } from "./plan.ts";
import { prepareProgram, type Program } from "./program.ts";
import { mountRootSource } from "./root-mount.ts";
import type { HpcImage } from "./root-source.ts";
import { Session } from "./session.ts";
import type { Caller, HpcWish } from "./wish.ts";

export interface HpcStart {
  readonly image: HpcImage;
  /** What beginRoot() gave for the image. */
  readonly server: SquashfsServer | undefined;
  readonly wish: HpcWish;
  readonly caller: Caller;
  readonly host: Readonly<Record<string, string | undefined>>;
  /** The caller's folder. */
  readonly cwd: string;
  readonly warn: (sentence: string) => void;
  readonly print: (text: string) => void;
  /** What loadGpuPlanner() gave for the wish: most starts have no use for it. */
  readonly planGpus: typeof planGpus | undefined;
  /** Undefined: Vial's own. */
  readonly manner?: StartManner | undefined;
}

/** Makes the image's root the root of this process, and gives what is to be started in it, or the exit code. */
export function enterImage(start: HpcStart): Program | number {
  const { image, caller, host, warn, manner = vialManner } = start;
  const wish = withOwnOverlay(start.wish, image, warn);
  // Files and folders that are made on the way have the modes that are named.
  const umask = setUmask(0);
  enterPrivateMounts();
  const namespaces = (["ipc", "net", "uts"] as const).filter((name) => wish.namespaces.has(name));
  unshareNamespaces(namespaces);
  // Programs that speak with themselves (MPI on one node, Jupyter) need it.
  if (namespaces.includes("net")) raiseLoopback();
  if (wish.hostname !== undefined) setHostName(wish.hostname);
  const root = mountRootSource(image.root, {
    writable: wish.root === "writable",
    unpack: wish.unpack,
    server: start.server,
    warn,
  });
  const session = new Session(root, wish, warn);
  const files = {
    passwd: readInside(session.image, "/etc/passwd"),
    group: readInside(session.image, "/etc/group"),
  };
  if (wish.action.kind === "run-help") return printHelp(session.image, wish.app, start);
  if (wish.gpus.length > 0 && start.planGpus === undefined)
    throw new Error("nothing plans the graphics cards");
  const gpus = start.planGpus?.(wish.gpus, {
    image: session.image,
    imageName: image.name,
    contain: wish.contain,
    makesNothing: wish.root === "writable",
    env: host,
    warn,
  });
  session.enter(planMounts(wish, { caller, cwd: start.cwd, image: files, gpus: gpus ?? [] }));

  const home = homeOf(wish, caller).target;
  const folder = enterFolder(wish, start.cwd, home);
  setUmask(wish.umask ?? umask);
  const isUser = inUserNamespace() && caller.uid !== 0;
  if (isUser || wish.noPrivileges) {
    forbidNewPrivileges();
    dropCapabilities();
  }
  using top = openRoot("/");
  const program = prepareProgram(new ImageFiles(top.fd), {
    image,
    action: wish.action,
    app: wish.app,
    environment: wish.environment,
    host,
    home,
    binds: wish.binds.map(({ source, target, readonly }) => `${source}:${target}${readonly ? ":ro" : ""}`),
    instance: undefined,
    folder,
    manner,
    warn,
  });
  return program ?? 0;
}

/** The caller's own folder where it can be seen, else the home, else "/". One that was asked for has to be there. */
function enterFolder(wish: HpcWish, cwd: string, home: string): string {
  const candidates = wish.cwd === undefined ? [...(wish.contain ? [] : [cwd]), home, "/"] : [wish.cwd];
  for (const path of candidates) {
    if (!changeDirectory(path)) continue;
    const here = currentDirectory();
    // A link of the image may lead into a descriptor of this process, and so out of the container (CVE-2024-21626).
    if (here !== undefined) return here;
    changeDirectory("/");
  }
  throw hpcFolderMissing(candidates[0] ?? "/");
}

function printHelp(image: number, app: string | undefined, { print, warn }: HpcStart): number {
  const paths = [
    ...(app === undefined ? [] : [`/scif/apps/${app}/scif/runscript.help`]),
    "/.singularity.d/runscript.help",
  ];
  for (const path of paths) {
    const text = readInside(image, path);
    if (text === undefined) continue;
    print(text.endsWith("\n") ? text : `${text}\n`);
    return 0;
  }
  warn("the image has no help text");
  return 0;
}
