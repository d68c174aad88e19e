import type { Command } from "./command.ts";

// Every verb and the file that holds it. Each import is written out so that the bundler makes one chunk per verb,
// and a verb loads nothing of the others. Names that start with "internal-" are Vial calling itself.

export type LoadCommand = () => Promise<{ readonly command: Command }>;

export const table: Readonly<Record<string, LoadCommand>> = {
  attach: () => import("./command/attach.ts"),
  bootstrap: () => import("./command/bootstrap.ts"),
  "builder ls": () => import("./command/builder-ls.ts"),
  "builder prune": () => import("./command/builder-prune.ts"),
  build: () => import("./command/build.ts"),
  "cache clean": () => import("./command/cache-clean.ts"),
  "cache list": () => import("./command/cache-list.ts"),
  check: () => import("./command/check.ts"),
  commit: () => import("./command/commit.ts"),
  "container inspect": () => import("./command/container-inspect.ts"),
  "container prune": () => import("./command/container-prune.ts"),
  "context create": () => import("./command/context-create.ts"),
  "context export": () => import("./command/context-export.ts"),
  "context import": () => import("./command/context-import.ts"),
  "context inspect": () => import("./command/context-inspect.ts"),
  "context ls": () => import("./command/context-ls.ts"),
  "context rm": () => import("./command/context-rm.ts"),
  "context show": () => import("./command/context-show.ts"),
  "context update": () => import("./command/context-update.ts"),
  "context use": () => import("./command/context-use.ts"),
  convert: () => import("./command/convert.ts"),
  cp: () => import("./command/cp.ts"),
  create: () => import("./command/create.ts"),
  diff: () => import("./command/diff.ts"),
  doctor: () => import("./command/doctor.ts"),
  events: () => import("./command/events.ts"),
  exec: () => import("./command/exec.ts"),
  export: () => import("./command/export.ts"),
  history: () => import("./command/history.ts"),
  "image inspect": () => import("./command/image-inspect.ts"),
  "image prune": () => import("./command/image-prune.ts"),
  images: () => import("./command/images.ts"),
  import: () => import("./command/import.ts"),
  info: () => import("./command/info.ts"),
  inspect: () => import("./command/inspect.ts"),
  "instance list": () => import("./command/instance-list.ts"),
  "instance run": () => import("./command/instance-run.ts"),
  "instance start": () => import("./command/instance-start.ts"),
  "instance stats": () => import("./command/instance-stats.ts"),
  "instance stop": () => import("./command/instance-stop.ts"),
  "internal-build": () => import("./command/internal-build.ts"),
  "internal-archive": () => import("./command/internal-archive.ts"),
  "internal-call": () => import("./command/internal-call.ts"),
  "internal-copy-up": () => import("./command/internal-copy-up.ts"),
  "internal-exited": () => import("./command/internal-exited.ts"),
  "internal-export": () => import("./command/internal-export.ts"),
  "internal-health": () => import("./command/internal-health.ts"),
  "internal-instance-run": () => import("./command/internal-instance-run.ts"),
  "internal-instance-start": () => import("./command/internal-instance-start.ts"),
  "internal-pack": () => import("./command/internal-pack.ts"),
  "internal-start": () => import("./command/internal-start.ts"),
  "internal-unpack": () => import("./command/internal-unpack.ts"),
  "key export": () => import("./command/key-export.ts"),
  "key generate": () => import("./command/key-generate.ts"),
  "key import": () => import("./command/key-import.ts"),
  "key list": () => import("./command/key-list.ts"),
  "key remove": () => import("./command/key-remove.ts"),
  kill: () => import("./command/kill.ts"),
  load: () => import("./command/load.ts"),
  login: () => import("./command/login.ts"),
  logout: () => import("./command/logout.ts"),
  logs: () => import("./command/logs.ts"),
  "network connect": () => import("./command/network-connect.ts"),
  "network create": () => import("./command/network-create.ts"),
  "network disconnect": () => import("./command/network-disconnect.ts"),
  "network inspect": () => import("./command/network-inspect.ts"),
  "network ls": () => import("./command/network-ls.ts"),
  "network prune": () => import("./command/network-prune.ts"),
  "network rm": () => import("./command/network-rm.ts"),
  "overlay create": () => import("./command/overlay-create.ts"),
  pause: () => import("./command/pause.ts"),
  port: () => import("./command/port.ts"),
  ps: () => import("./command/ps.ts"),
  pull: () => import("./command/pull.ts"),
  push: () => import("./command/push.ts"),
  rename: () => import("./command/rename.ts"),
  restart: () => import("./command/restart.ts"),
  rm: () => import("./command/rm.ts"),
  rmi: () => import("./command/rmi.ts"),
  run: () => import("./command/run.ts"),
  "run-help": () => import("./command/run-help.ts"),
  save: () => import("./command/save.ts"),
  "sif add": () => import("./command/sif-add.ts"),
  "sif del": () => import("./command/sif-del.ts"),
  "sif dump": () => import("./command/sif-dump.ts"),
  "sif header": () => import("./command/sif-header.ts"),
  "sif info": () => import("./command/sif-info.ts"),
  "sif list": () => import("./command/sif-list.ts"),
  "sif new": () => import("./command/sif-new.ts"),
  "sif setprim": () => import("./command/sif-setprim.ts"),
  serve: () => import("./command/serve.ts"),
  shell: () => import("./command/shell.ts"),
  sign: () => import("./command/sign.ts"),
  start: () => import("./command/start.ts"),
  stats: () => import("./command/stats.ts"),
  stop: () => import("./command/stop.ts"),
  "system df": () => import("./command/system-df.ts"),
  "system dial-stdio": () => import("./command/system-dial-stdio.ts"),
  "system prune": () => import("./command/system-prune.ts"),
  tag: () => import("./command/tag.ts"),
  tags: () => import("./command/tags.ts"),
  test: () => import("./command/test.ts"),
  top: () => import("./command/top.ts"),
  unpause: () => import("./command/unpause.ts"),
  update: () => import("./command/update.ts"),
  verify: () => import("./command/verify.ts"),
  version: () => import("./command/version.ts"),
  "volume create": () => import("./command/volume-create.ts"),
  "volume export": () => import("./command/volume-export.ts"),
  "volume import": () => import("./command/volume-import.ts"),
  "volume inspect": () => import("./command/volume-inspect.ts"),
  "volume ls": () => import("./command/volume-ls.ts"),
  "volume prune": () => import("./command/volume-prune.ts"),
  "volume rm": () => import("./command/volume-rm.ts"),
  wait: () => import("./command/wait.ts"),
};

/** The verbs that mean another command in the profile `hpc`. */
export const hpcTable: Readonly<Record<string, LoadCommand>> = {
  exec: () => import("./command/hpc-exec.ts"),
  run: () => import("./command/hpc-run.ts"),
};

/** Second names: Docker's groups (`image ls`) and its short forms. */
export const aliases: Readonly<Record<string, string>> = {
  "builder build": "build",
  "image build": "build",
  "image history": "history",
  "image import": "import",
  "image list": "images",
  "image load": "load",
  "image ls": "images",
  "image pull": "pull",
  "image push": "push",
  "image remove": "rmi",
  "image rm": "rmi",
  "image save": "save",
  "image tag": "tag",
  "container attach": "attach",
  "container commit": "commit",
  "container cp": "cp",
  "container create": "create",
  "container diff": "diff",
  "container exec": "exec",
  "container export": "export",
  "container kill": "kill",
  "container list": "ps",
  "container logs": "logs",
  "container ls": "ps",
  "container pause": "pause",
  "container port": "port",
  "container ps": "ps",
  "container remove": "rm",
  "container rename": "rename",
  "container restart": "restart",
  "container rm": "rm",
  "container run": "run",
  "container start": "start",
  "container stats": "stats",
  "container stop": "stop",
  "container top": "top",
  "container unpause": "unpause",
  "container update": "update",
  "container wait": "wait",
  "context list": "context ls",
  "context remove": "context rm",
  "instance ls": "instance list",
  "network list": "network ls",
  "network remove": "network rm",
  "system check": "check",
  "system doctor": "doctor",
  "system events": "events",
  "system info": "info",
  "volume list": "volume ls",
  "volume remove": "volume rm",
};

/** The words that take a second word to become a verb, with what they are for. */
export const groups: Readonly<Record<string, string>> = {
  builder: "Work with what builds remember",
  cache: "Work with images that were fetched to be run",
  container: "Work with containers",
  context: "Work with the names of engines on other machines",
  image: "Work with images",
  instance: "Work with images that stay, run as yourself",
  key: "Work with OpenPGP keys, by which SIF files are signed",
  network: "Work with networks of containers",
  overlay: "Work with file system images that keep changes",
  sif: "Work with SIF files, as siftool does",
  system: "Work with Vial and this machine",
  volume: "Work with volumes: files that outlive containers",
};

/** The order of `vial help`. Verbs that a group alone reaches ("image prune") are listed by `vial image --help`. */
export const sections: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  {
    title: "Running",
    names: [
      "run",
      "exec",
      "ps",
      "logs",
      "stop",
      "start",
      "restart",
      "rm",
      "create",
      "attach",
      "wait",
      "kill",
    ],
  },
  {
    title: "Looking at and changing containers",
    names: [
      "inspect",
      "top",
      "stats",
      "port",
      "diff",
      "events",
      "cp",
      "rename",
      "update",
      "pause",
      "unpause",
    ],
  },
  {
    title: "Images",
    names: ["images", "pull", "push", "bootstrap", "tag", "tags", "rmi", "history", "build", "commit"],
  },
  { title: "Running as yourself", names: ["shell", "test", "run-help"] },
  { title: "Images in files", names: ["convert", "save", "load", "import", "export"] },
  { title: "Signatures of SIF files", names: ["sign", "verify"] },
  { title: "Registries", names: ["login", "logout"] },
  { title: "Vial itself", names: ["doctor", "info", "check", "serve", "version"] },
];

export interface Verb {
  /** Its name in the table. */
  readonly name: string;
  readonly load: LoadCommand;
  /** How many words of the command line named it. */
  readonly words: 1 | 2;
}

/** The verb that the first words name, the group when only that is named, or undefined. */
export function findVerb(
  words: readonly string[],
  profile: "web" | "hpc" = "web",
): Verb | { readonly group: string } | undefined {
  const [first = "", second = ""] = words;
  if (Object.hasOwn(groups, first)) {
    const pair = `${first} ${second}`;
    const name = aliases[pair] ?? pair;
    const load = Object.hasOwn(table, name) ? table[name] : undefined;
    return load === undefined ? { group: first } : { name, load, words: 2 };
  }
  const own = profile === "hpc" && Object.hasOwn(hpcTable, first) ? hpcTable[first] : undefined;
  const load = own ?? (Object.hasOwn(table, first) ? table[first] : undefined);
  return load === undefined ? undefined : { name: first, load, words: 1 };
}

/** The second words of a group, sorted, each with the name of its verb in the table. */
export function namesOfGroup(group: string): ReadonlyMap<string, string> {
  const prefix = `${group} `;
  const pairs = [
    ...Object.keys(table).map((name) => [name, name] as const),
    ...Object.entries(aliases).filter(([, name]) => Object.hasOwn(table, name)),
  ].filter(([pair]) => pair.startsWith(prefix));
  return new Map(
    pairs
      .map(([pair, name]) => [pair.slice(prefix.length), name] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The verbs that people call by one word, and the groups. */
export function topNames(): string[] {
  const verbs = Object.keys(table).filter((name) => !name.includes(" ") && !name.startsWith("internal-"));
  return [...verbs, ...Object.keys(groups), "help"].sort();
}
