import type { LoadCommand } from "../commands.ts";
import { hpcCommand } from "../hpc/verb.ts";
import type { Errand } from "./carry-out.ts";

// Which command of Vial carries out which of Apptainer's. One that has no line here is `not-yet` or `refused` in the table.

export interface Link extends Pick<Errand, "args" | "more" | "says"> {
  readonly load: LoadCommand;
}

const registry = ([server = ""]: readonly string[]) => [server.replace(/^(docker|oras|oci):\/\//, "")];

const action = (kind: Parameters<typeof hpcCommand>[0]): Link => ({
  load: async () => ({ command: hpcCommand(kind) }),
});

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
  inspect: { load: () => import("./inspect.ts") },
  "overlay create": { load: () => import("../command/overlay-create.ts") },
  "sif add": { load: () => import("../command/sif-add.ts") },
  "sif del": { load: () => import("../command/sif-del.ts") },
  "sif dump": { load: () => import("../command/sif-dump.ts") },
  "sif header": { load: () => import("../command/sif-header.ts") },
  "sif info": { load: () => import("../command/sif-info.ts") },
  "sif list": { load: () => import("../command/sif-list.ts") },
  "sif new": { load: () => import("../command/sif-new.ts") },
  "sif setprim": { load: () => import("../command/sif-setprim.ts") },
  "registry login": { load: () => import("../command/login.ts"), args: registry },
  "registry logout": { load: () => import("../command/logout.ts"), args: registry },
  version: { load: () => import("./version-command.ts") },
};
