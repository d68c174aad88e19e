import {
  createVolume,
  describeVolume,
  filterVolumes,
  findVolume,
  prunableVolumes,
  pruneVolumes,
  removeVolume,
  volumeFilters,
  volumePruneFilters,
} from "#engine";
import { Fields } from "../fields.ts";
import { parseFilters, withFilterWords } from "../filters.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { badParameter } from "./phrases.ts";

const known = new Set(["Name", "Driver", "DriverOpts", "Labels"]);

function list({ engine, query }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), volumeFilters);
  const volumes = withFilterWords(() => filterVolumes(engine, filters));
  const Volumes = volumes.map((volume) => describeVolume(engine, volume));
  return { status: 200, json: { Volumes, Warnings: null } };
}

function inspect({ engine, params }: Exchange): Answer {
  return { status: 200, json: describeVolume(engine, findVolume(engine, params.name ?? "")) };
}

async function create(exchange: Exchange): Promise<Answer> {
  const body = new Fields(await exchange.json());
  if (body.raw("ClusterVolumeSpec") !== undefined)
    throw badParameter("ClusterVolumeSpec is not supported: it belongs to a swarm");
  for (const name of body.names)
    if (!known.has(name) && body.raw(name) !== undefined) throw badParameter(`unknown field: ${name}`);
  const volume = createVolume(exchange.engine, {
    name: body.text("Name"),
    driver: body.text("Driver"),
    options: body.pairs("DriverOpts"),
    labels: body.pairs("Labels"),
  });
  return { status: 201, json: describeVolume(exchange.engine, volume) };
}

function remove({ engine, params, query }: Exchange): Answer {
  removeVolume(engine, params.name ?? "", { force: query.bool("force") });
  return { status: 204 };
}

/** Before 1.42 all volumes were meant, since then those without a name of their own. */
function prune({ engine, version, query }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), volumePruneFilters);
  const wish = withFilterWords(() => prunableVolumes(filters));
  const { names, freed } = pruneVolumes(engine, version < 42 ? { ...wish, all: true } : wish);
  return { status: 200, json: { VolumesDeleted: names, SpaceReclaimed: freed } };
}

export const volumeRoutes: readonly Route[] = [
  { method: "GET", path: "/volumes", handle: list },
  { method: "POST", path: "/volumes/create", handle: create },
  { method: "POST", path: "/volumes/prune", handle: prune },
  { method: "GET", path: "/volumes/{name}", handle: inspect },
  { method: "DELETE", path: "/volumes/{name}", handle: remove },
];
