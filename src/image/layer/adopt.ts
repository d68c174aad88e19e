import { lstatSync, lutimesSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { belowFd, type OpenFile, openFlag, openInside, openRoot, setAside } from "#host";
import type { Digest } from "#spec";
import type { Store } from "../store.ts";
import { layerPath, layerPlace } from "./place.ts";

/**
 * Takes the upper folder of an overlay over as the unpacked layer `diffId`, which it has to be: the layer was packed from
 * it. It has overlayfs's own marks already. Where the layer lies unpacked already, the folder goes into the trash.
 */
export function adoptLayer(store: Store, diffId: Digest, upper: string): void {
  const target = layerPath(store, diffId, "folder");
  if (layerPlace(store, diffId) === undefined) {
    // Whole or not at all: the folder around it gets its name last.
    const around = target.slice(0, target.lastIndexOf("/"));
    const temporary = `${store.ingest}/layer-${around.slice(around.lastIndexOf("/") + 1)}-adopted-${process.pid}`;
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
    renameSync(upper, `${temporary}/fs`);
    try {
      renameSync(temporary, around);
      return;
    } catch (error) {
      // Another process was quicker.
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      setAside(store.trash, temporary);
    }
  } else setAside(store.trash, upper);
}

/**
 * Sets every time in a folder that is later than `latest` (seconds since 1970) back to it, so that what is made of these
 * files later does not depend on when they were written. Walks on descriptors and follows no link.
 */
export function clampTimes(folder: string, latest: number): void {
  using top = openRoot(folder);
  clampBelow(top, latest);
  const info = lstatSync(`${top.path}/.`);
  if (info.mtimeMs > latest * 1000) lutimesSync(`${top.path}/.`, latest, latest);
}

function clampBelow(folder: OpenFile, latest: number): void {
  for (const name of readdirSync(folder.path, { encoding: "buffer" })) {
    const at = belowFd(folder.fd, name);
    const info = lstatSync(at);
    if (info.isDirectory()) {
      using below = openInside(folder.fd, name, openFlag.path | openFlag.directory | openFlag.noFollow, {
        links: "refuse",
      });
      clampBelow(below, latest);
    }
    if (info.mtimeMs > latest * 1000) lutimesSync(at, latest, latest);
  }
}
