import type { LoadCommand } from "../commands.ts";
import { hpcCommand } from "../hpc/verb.ts";
import type { Errand } from "./carry-out.ts";
import type { Given } from "./read.ts";

// Which command of Vial carries out which of Apptainer's. One that has no line here is `not-yet` or `refused` in the table.
// Those in ./command/ differ from Vial's in what they take or print.

export interface Link extends Pick<Errand, "args" | "more" | "says"> {
  readonly load: LoadCommand;
}

const registry = ([server = ""]: readonly string[]) => [server.replace(/^(docker|oras|oci):\/\//, "")];

const action = (kind: Parameters<typeof hpcCommand>[0]): Link => ({
  load: async () => ({ command: hpcCommand(kind) }),
});

/** Where the keys are, for commands without --keysdir: Apptainer has that variable for all of them. */
function keysDirectory(_log: unknown, { values }: Given): Readonly<Record<string, string>> {
  const folder = process.env.APPTAINER_KEYSDIR || process.env.SINGULARITY_KEYSDIR;
  const isByFile = values.has("key") || values.has("certificate");
  return folder === undefined || folder === "" || isByFile ? {} : { keysdir: folder };
}

function material({ values }: Given): string {
  const [key, certificate] = [values.get("key"), values.get("certificate")];
  if (key !== undefined) return `key material from '${key}'`;
  return certificate === undefined ? "PGP key material" : `key material from certificate '${certificate}'`;
}

export const links: Readonly<Record<string, Link>> = {
  exec: action("exec"),
  run: action("run"),
  shell: action("shell"),
  test: action("test"),
  "run-help": action("run-help"),
  build: {
    load: () => import("../command/build.ts"),
    more: (log) => ({ quiet: log.isQuiet }),
    says: ([target = ""]) => ({ before: "Starting build...", after: `Build complete: ${target}` }),
  },
  pull: { load: () => import("./command/pull.ts"), more: (log) => ({ quiet: log.isQuiet }) },
  push: {
    load: () => import("./command/push.ts"),
    more: (log) => ({ quiet: log.isQuiet }),
    says: () => ({ after: "Upload complete" }),
  },
  inspect: { load: () => import("./command/inspect.ts") },
  "overlay create": { load: () => import("../command/overlay-create.ts") },
  "cache list": { load: () => import("./command/cache-list.ts") },
  "cache clean": { load: () => import("./command/cache-clean.ts") },
  "sif add": { load: () => import("../command/sif-add.ts") },
  "sif del": { load: () => import("../command/sif-del.ts") },
  "sif dump": { load: () => import("../command/sif-dump.ts") },
  "sif header": { load: () => import("../command/sif-header.ts") },
  "sif info": { load: () => import("../command/sif-info.ts") },
  "sif list": { load: () => import("../command/sif-list.ts") },
  "sif new": { load: () => import("../command/sif-new.ts") },
  "sif setprim": { load: () => import("../command/sif-setprim.ts") },
  sign: {
    load: () => import("../command/sign.ts"),
    more: keysDirectory,
    says: ([path = ""], given) => ({
      before: `Signing image with ${material(given)}`,
      after: `Signature created and applied to image '${path}'`,
    }),
  },
  verify: {
    load: () => import("../command/verify.ts"),
    more: keysDirectory,
    says: ([path = ""], given) => ({
      before: `Verifying image with ${material(given)}`,
      after: `Verified signature(s) from image '${path}'`,
    }),
  },
  "key newpair": {
    load: () => import("../command/key-generate.ts"),
    says: () => ({ before: "Generating Entity and OpenPGP Key Pair" }),
  },
  "key list": { load: () => import("../command/key-list.ts") },
  "key import": { load: () => import("../command/key-import.ts") },
  "key export": { load: () => import("../command/key-export.ts") },
  "key remove": { load: () => import("../command/key-remove.ts") },
  "instance start": { load: async () => (await import("./command/instance-start.ts")).commands.start },
  "instance run": { load: async () => (await import("./command/instance-start.ts")).commands.run },
  "instance list": { load: () => import("../command/instance-list.ts") },
  "instance stop": { load: () => import("./command/instance-stop.ts") },
  "instance stats": { load: () => import("../command/instance-stats.ts") },
  "registry login": { load: () => import("../command/login.ts"), args: registry },
  "registry logout": { load: () => import("../command/logout.ts"), args: registry },
  "registry list": { load: () => import("./command/registry-list.ts") },
  completion: { load: () => import("./command/completion.ts") },
  version: { load: () => import("./command/version.ts") },
};
