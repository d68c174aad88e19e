import type { LoadCommand } from "../commands.ts";

// Commands of Docker's that a command of Vial does not carry out as it is: what they take or print is Docker's own.

export const links: Readonly<Record<string, LoadCommand>> = {
  build: () => import("./command/build.ts"),
  "buildx inspect": () => import("./command/buildx-inspect.ts"),
  "buildx ls": () => import("./command/buildx-ls.ts"),
  "buildx version": () => import("./command/buildx-version.ts"),
  completion: () => import("./command/completion.ts"),
  info: () => import("./command/info.ts"),
  pull: () => import("./command/pull.ts"),
  push: () => import("./command/push.ts"),
  "system dial-stdio": () => import("../command/system-dial-stdio.ts"),
  version: () => import("./command/version.ts"),
};
