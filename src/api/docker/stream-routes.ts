import type { Route } from "../route.ts";
import { attachRoutes } from "./attach.ts";
import { execRoutes } from "./exec.ts";
import { logRoutes } from "./logs.ts";
import { resizeRoutes } from "./resize.ts";
import { waitRoutes } from "./wait.ts";

/** The routes whose answers go on: what runs in a container, and what it says. */
export const streamRoutes: readonly Route[] = [
  ...attachRoutes,
  ...execRoutes,
  ...logRoutes,
  ...resizeRoutes,
  ...waitRoutes,
];
