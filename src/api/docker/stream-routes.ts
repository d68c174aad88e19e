import type { Route } from "../route.ts";
import { archiveRoutes } from "./archive.ts";
import { attachRoutes } from "./attach.ts";
import { eventRoutes } from "./events.ts";
import { execRoutes } from "./exec.ts";
import { logRoutes } from "./logs.ts";
import { resizeRoutes } from "./resize.ts";
import { statsRoutes } from "./stats.ts";
import { topRoutes } from "./top.ts";
import { waitRoutes } from "./wait.ts";

/** The routes whose answers go on: what runs in a container, what it says, uses and does, and its files. */
export const streamRoutes: readonly Route[] = [
  ...archiveRoutes,
  ...attachRoutes,
  ...eventRoutes,
  ...execRoutes,
  ...logRoutes,
  ...resizeRoutes,
  ...statsRoutes,
  ...topRoutes,
  ...waitRoutes,
];
