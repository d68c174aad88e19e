import {
  callApart,
  describeContainer,
  type Engine,
  entryOf,
  findContainer,
  killContainer,
  pauseContainer,
  readSpec,
  removeContainer,
  renameContainer,
  startApart,
  stopContainer,
  unpauseContainer,
  updateContainer,
} from "#engine";
import { isVialError, signalNumber, stopSignalOf } from "#spec";
import { Fields } from "../fields.ts";
import type { Answer, Exchange } from "../route.ts";
import { readResources, readRestart } from "./create/resources.ts";
import { refuseUnwished, unwishedHostConfig, warnOfUnknown } from "./create/unwished.ts";
import { badParameter, DockerAnswer, notServed } from "./phrases.ts";

// What is done to one container.

const done: Answer = { status: 204 };
const unchanged: Answer = { status: 304 };

/** The container of the path, by its full id: it cannot become another one while we work. */
function idOf({ engine, params }: Exchange): string {
  return findContainer(engine, params.id ?? "").id;
}

export async function startContainer(exchange: Exchange): Promise<Answer> {
  if (exchange.query.filled("checkpoint") !== undefined)
    throw notServed("Vial makes no checkpoints of containers");
  const { started } = await startApart(exchange.engine, idOf(exchange));
  return started ? done : unchanged;
}

export async function stopOne(exchange: Exchange): Promise<Answer> {
  const id = idOf(exchange);
  const options = readStop(exchange);
  if (!isUp(exchange.engine, id)) return unchanged;
  await stopContainer(exchange.engine, id, options);
  return done;
}

export async function restartOne(exchange: Exchange): Promise<Answer> {
  const id = idOf(exchange);
  await stopContainer(exchange.engine, id, readStop(exchange));
  await startApart(exchange.engine, id);
  return done;
}

/** One that waits for its next start by its policy counts as up: to stop it means that it stays down. */
function isUp(engine: Engine, id: string): boolean {
  const { state, isRestarting } = entryOf(engine, id);
  return isRestarting || ["starting", "running", "paused"].includes(state.status);
}

function readStop({ query }: Exchange): Parameters<typeof stopContainer>[2] {
  const time = query.filled("t");
  if (time !== undefined && !/^-?\d{1,9}$/.test(time)) throw badParameter(`invalid value for t: ${time}`);
  const signal = query.filled("signal");
  const number = signal === undefined ? undefined : readSignal(signal);
  return {
    timeout: time === undefined ? undefined : Math.max(-1, Number(time)),
    signal: (spec) => number ?? stopSignalOf(spec),
  };
}

function readSignal(text: string): number {
  const number = signalNumber(text);
  if (number === undefined) throw badParameter(`Invalid signal: ${text}`);
  return number;
}

export function killOne(exchange: Exchange): Answer {
  const id = idOf(exchange);
  const signal = readSignal(exchange.query.filled("signal") ?? "KILL");
  try {
    killContainer(exchange.engine, id, signal, stopSignalOf);
  } catch (error) {
    if (!isVialError(error) || error.code !== "container-not-running") throw error;
    throw new DockerAnswer(
      409,
      `cannot kill container: ${exchange.params.id}: container ${id} is not running`,
    );
  }
  return done;
}

export function pauseOne(exchange: Exchange): Answer {
  const id = idOf(exchange);
  try {
    pauseContainer(exchange.engine, id);
  } catch (error) {
    throw freezePhrase(error, id, "paused");
  }
  return done;
}

export function unpauseOne(exchange: Exchange): Answer {
  const id = idOf(exchange);
  try {
    unpauseContainer(exchange.engine, id);
  } catch (error) {
    throw freezePhrase(error, id, "not paused");
  }
  return done;
}

function freezePhrase(error: unknown, id: string, is: string): unknown {
  if (!isVialError(error)) return error;
  if (error.code === "pause-unchanged")
    return new DockerAnswer(409, `Container ${id} is ${is === "paused" ? "already paused" : is}`);
  if (error.code === "container-not-running")
    return new DockerAnswer(409, `Container ${id} is not ${is === "paused" ? "running" : "paused"}`);
  return error;
}

export function renameOne(exchange: Exchange): Answer {
  const { engine, query } = exchange;
  const id = idOf(exchange);
  const name = query.filled("name");
  if (name === undefined) throw badParameter("Neither old nor new names may be empty");
  if (name.replace(/^\//, "") === readSpec(findContainer(engine, id)).name)
    throw badParameter("Renaming a container with the same name as its current name");
  renameContainer(engine, id, name);
  return done;
}

export async function updateOne(exchange: Exchange): Promise<Answer> {
  const { engine, json } = exchange;
  const id = idOf(exchange);
  const body = new Fields(await json());
  refuseUnwished(body, unwishedHostConfig);
  for (const name of ["Devices", "DeviceRequests", "Ulimits"])
    if (body.objects(name).length > 0)
      throw badParameter(`${name} cannot be changed: it is decided when a container is created`);
  updateContainer(engine, id, {
    resources: readResources(body, { isUpdate: true }),
    restart: readRestart(body),
  });
  return { status: 200, json: { Warnings: warnOfUnknown(body, updateFields) } };
}

const updateFields: ReadonlySet<string> = new Set([
  ...Object.keys(unwishedHostConfig),
  ..."CpuPeriod CpuQuota CpuShares CpusetCpus CpusetMems DeviceRequests Devices Memory MemoryReservation MemorySwap NanoCpus PidsLimit RestartPolicy Ulimits".split(
    " ",
  ),
]);

export async function removeOne(exchange: Exchange): Promise<Answer> {
  const { engine, params, query } = exchange;
  if (query.bool("link"))
    throw badParameter(
      "links are not supported: containers find each other by name in a network of their own",
    );
  const id = idOf(exchange);
  try {
    await removeContainer(engine, id, { force: query.bool("force"), volumes: query.bool("v") });
  } catch (error) {
    if (!isVialError(error) || error.code !== "container-running") throw error;
    const { State, Name } = describeContainer(engine, entryOf(engine, id)) as {
      readonly State: { readonly Status: string };
      readonly Name: string;
    };
    const is = State.Status === "created" ? "starting" : State.Status;
    throw new DockerAnswer(
      409,
      `cannot remove container ${JSON.stringify(Name || params.id)}: container is ${is}: stop the container before removing or force remove`,
    );
  }
  return done;
}

const kinds = { C: 0, A: 1, D: 2 } as const;

/** In a process of its own, which mounts the image's files to compare. */
export async function listChanges(exchange: Exchange): Promise<Answer> {
  const changes = await callApart(exchange.engine, "changes", idOf(exchange));
  return {
    status: 200,
    json: changes.map(({ kind, path }) => ({
      Path: Buffer.from(path, "latin1").toString("utf8"),
      Kind: kinds[kind],
    })),
  };
}
