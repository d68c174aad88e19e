import { containerUsageDetail, type Engine, findContainer, readSpec } from "#engine";
import type { Answer, Exchange, Route } from "../route.ts";

type Document = Record<string, unknown>;

const never = "0001-01-01T00:00:00Z";
const second = 1000;

/** What stands for the counters of one that does not run, and for the look before the first. */
const noCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

interface Look {
  readonly read: string;
  readonly cpu: Document;
  readonly rest: Document;
}

/** `GET /containers/{id}/stats`: once a second, or once; then by two looks, unless `one-shot` says that one will do. */
function stats({ engine, params, query, gone }: Exchange): Answer {
  const { id } = findContainer(engine, params.id ?? "");
  const isStream = query.has("stream") ? query.bool("stream") : true;
  const isOneShot = !isStream && query.bool("one-shot");
  return {
    status: 200,
    type: "application/json",
    stream: async (outlet) => {
      let before: Look | undefined;
      for (let round = 0; !gone.aborted; round++) {
        const now = lookAt(engine, id);
        if (now === undefined) return;
        const isWanted = isStream || isOneShot || round > 0 || now.read === never;
        if (isWanted) await outlet.json(describe(engine, id, before, now));
        if (!isStream && isWanted) return;
        before = now.read === never ? undefined : now;
        await pause(gone);
      }
    },
  };
}

/** Undefined when the container was removed. */
function lookAt(engine: Engine, id: string): Look | undefined {
  try {
    readSpec(findContainer(engine, id));
  } catch {
    return undefined;
  }
  const detail = containerUsageDetail(engine, id);
  if (detail === undefined)
    return { read: never, cpu: noCpu, rest: { pids_stats: {}, blkio_stats: {}, memory_stats: {} } };
  const { cpu, memory, blkio, pids, networks } = detail;
  return {
    read: new Date().toISOString(),
    cpu,
    rest: {
      pids_stats: pids,
      blkio_stats: blkio,
      memory_stats: memory,
      ...(Object.keys(networks).length === 0 ? {} : { networks }),
    },
  };
}

function describe(engine: Engine, id: string, before: Look | undefined, now: Look): Document {
  return {
    name: `/${readSpec(findContainer(engine, id)).name}`,
    id,
    read: now.read,
    preread: before?.read ?? never,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: now.cpu,
    precpu_stats: before?.cpu ?? noCpu,
    ...now.rest,
  };
}

async function pause(gone: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, second);
    function done(): void {
      clearTimeout(timer);
      gone.removeEventListener("abort", done);
      resolve();
    }
    gone.addEventListener("abort", done);
  });
}

export const statsRoutes: readonly Route[] = [
  { method: "GET", path: "/containers/{id}/stats", handle: stats },
];
