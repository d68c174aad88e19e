import { existsSync, readdirSync, rmSync } from "node:fs";
import { setAside } from "#host";
import {
  type CheckOptions,
  type CheckResult,
  checkStore,
  layerPlace,
  type Finding as StoreFinding,
} from "#image";
import { type ContainerSpec, runtimeNames, runtimeStateFolder } from "#runtime";
import { reasonOf } from "#spec";
import { driverOf } from "./container/driver.ts";
import {
  type ContainerFolder,
  containerFolder,
  hasSpec,
  holderOf,
  listIds,
  listNames,
  lockUnlessGone,
  readSpec,
} from "./container/folder.ts";
import { currentState, isWatched } from "./container/state.ts";
import { sweepContainers } from "./container/sweep.ts";
import type { Engine } from "./engine-handle.ts";

export interface EngineCheck extends CheckResult {
  readonly containers: number;
}

/**
 * Verifies the store, then the containers: their records, names, layers, and what processes that were killed left of
 * them. With `repair`, mends both. Throws store-busy as checkStore() does.
 */
export function checkEngine(engine: Engine, options: CheckOptions = {}): EngineCheck {
  const store = checkStore(engine.store, options);
  const findings: StoreFinding[] = [];
  const add = (severity: StoreFinding["severity"], what: string, repair?: Repair) => {
    if (options.repair !== true || repair === undefined) findings.push({ severity, what });
    else findings.push({ severity, what, done: repair() });
  };
  const containers = checkContainers(engine, add);
  checkNames(engine, add);
  checkRuntimeState(engine, add);
  if (options.repair === true) sweepContainers(engine);
  const isClean = findings.every((finding) => finding.severity === "note" || finding.done !== undefined);
  return {
    ...store,
    findings: [...store.findings, ...findings],
    clean: store.clean && isClean,
    containers,
  };
}

/** Does the repair and gives what it did. */
type Repair = () => string;
type Add = (severity: StoreFinding["severity"], what: string, repair?: Repair) => void;

/** Gives how many containers there are. */
function checkContainers(engine: Engine, add: Add): number {
  let count = 0;
  for (const id of listIds(engine)) {
    const place = containerFolder(engine, id);
    if (!hasSpec(place)) {
      // Half made by somebody who is at work now, or left so by a kill -9: the sweep tells them apart.
      if (existsSync(place.folder))
        add("note", `the container ${short(id)} is half made: \`vial ps\` takes it away`, () => "taken away");
      continue;
    }
    count++;
    try {
      checkContainer(engine, place, add);
    } catch (error) {
      if (!hasSpec(place)) continue;
      add("error", `the container ${short(id)} cannot be read: ${reasonOf(error)}`, () =>
        takeAway(engine, place),
      );
    }
  }
  return count;
}

/** Ends what runs of a container without a readable record, whichever runtime has it. */
function takeAway(engine: Engine, place: ContainerFolder): string {
  for (const runtime of runtimeNames) {
    if (existsSync(`${runtimeStateFolder(engine.place.run, runtime)}/${place.id}`))
      driverOf(engine, { runtime }).remove(place);
  }
  rmSync(place.bundle, { recursive: true, force: true });
  setAside(engine.store.trash, place.folder);
  return "taken away";
}

function checkContainer(engine: Engine, place: ContainerFolder, add: Add): void {
  const spec = readSpec(place);
  const label = `the container "${spec.name}" (${short(spec.id)})`;
  const lost = spec.image.diffIds.filter((diffId) => layerPlace(engine.store, diffId) === undefined);
  if (lost[0] !== undefined)
    add("error", `${label} stands on the layer ${lost[0]}, which is not unpacked; ${remedy(engine, spec)}`);
  const live = currentState(place);
  if (live.status === "dead" && !isWatched(place, live.was))
    add("note", `${label} ended unseen: \`vial ps\` records it`, () => "recorded");
  if (holderOf(engine, spec.name) !== spec.id) checkNameOf(engine, place, label, add);
}

function remedy(engine: Engine, spec: ContainerSpec): string {
  return existsSync(`${engine.store.blobs}/sha256/${spec.image.manifestDigest.slice("sha256:".length)}`)
    ? "its next start unpacks it again where its blob is here"
    : `pull or load the image "${spec.imageName}" again`;
}

/** A container claims its name last and gives it up first: under its lock it has one, unless it is being removed. */
function checkNameOf(engine: Engine, place: ContainerFolder, label: string, add: Add): void {
  using lock = lockUnlessGone(place);
  if (lock === undefined) return;
  const { id, name } = readSpec(place);
  const holder = holderOf(engine, name);
  if (holder === id) return;
  const whose = holder === undefined ? "belongs to nobody" : `belongs to ${short(holder)}`;
  add("note", `${label} is reached by its id alone: its name ${whose}`);
}

function checkNames(engine: Engine, add: Add): void {
  for (const name of listNames(engine)) {
    const holder = holderOf(engine, name);
    if (holder !== undefined && !hasSpec(containerFolder(engine, holder)))
      add("note", `the name "${name}" stands for a container that is gone: it is free`, () => "taken away");
  }
}

/** What the runtime keeps of a container that has no record any more: processes that nobody can reach. */
function checkRuntimeState(engine: Engine, add: Add): void {
  for (const runtime of runtimeNames) {
    for (const id of namesIn(runtimeStateFolder(engine.place.run, runtime))) {
      const place = containerFolder(engine, id);
      if (existsSync(place.folder)) continue;
      add("warning", `${runtime} still has the container ${short(id)}, which Vial does not know`, () => {
        return takeAway(engine, place);
      });
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
  } catch {
    return [];
  }
}

function short(id: string): string {
  return id.slice(0, 12);
}
