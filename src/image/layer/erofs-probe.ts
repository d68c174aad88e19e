import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { inUserNamespace, makeMount, mountAttribute, writeAtomic } from "#host";
import type { Store } from "../store.ts";
import { defaultLimits } from "./apply.ts";
import { ErofsWriter } from "./erofs.ts";
import { LayerTree } from "./tree.ts";

/**
 * Whether this process may mount an erofs image from a file of the store: root, and a kernel (6.12) and a file system
 * below the store that can. Tried once per boot; the answer is kept in the store.
 */
export function canMountErofs(store: Store): boolean {
  if (process.getuid?.() !== 0 || inUserNamespace()) return false;
  const path = `${store.root}/cache/erofs-mount`;
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const known = readKnown(path);
  if (known === `${boot} yes`) return true;
  if (known === `${boot} no`) return false;
  const answer = tryMount(store);
  writeAtomic(path, `${boot} ${answer ? "yes" : "no"}\n`);
  return answer;
}

function readKnown(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function tryMount(store: Store): boolean {
  mkdirSync(store.ingest, { recursive: true, mode: 0o700 });
  const image = `${store.ingest}/erofs-probe-${process.pid}`;
  const fd = openSync(image, "wx", 0o600);
  try {
    new ErofsWriter(fd, "trusted").finish(new LayerTree(defaultLimits).root);
    using _mount = makeMount(
      "erofs",
      [
        ["source", image],
        ["ro", null],
      ],
      mountAttribute.readonly,
    );
    return true;
  } catch {
    return false;
  } finally {
    closeSync(fd);
    rmSync(image, { force: true });
  }
}
