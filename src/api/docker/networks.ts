import {
  connectNetwork,
  createNetwork,
  describeNetwork,
  disconnectNetwork,
  filterNetworks,
  findNetwork,
  listNetworks,
  networkFilters,
  pruneNetworks,
  removeNetwork,
} from "#engine";
import { hasLabel, parseMoment } from "#spec";
import type { ApiVersion } from "../api-version.ts";
import { Fields } from "../fields.ts";
import { parseFilters, withFilterWords } from "../filters.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { readEndpoint } from "./create/network.ts";
import { readNetworkWish } from "./network-wish.ts";
import { badParameter, DockerAnswer } from "./phrases.ts";

function list({ engine, query, version }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), networkFilters);
  const networks = withFilterWords(() => filterNetworks(engine, listNetworks(engine), filters));
  const described = networks.map((network) => describeNetwork(engine, network, "alone"));
  return { status: 200, json: described.map((network) => ofVersion(version, network)) };
}

/** EnableIPv4 came with 1.48. */
function ofVersion(version: ApiVersion, { EnableIPv4, ...network }: Record<string, unknown>) {
  return version >= 48 ? { ...network, EnableIPv4 } : network;
}

/** `verbose` has more to tell of a swarm alone. */
function inspect({ engine, params, query, version }: Exchange): Answer {
  const name = params.id ?? "";
  const network = findNetwork(engine, name);
  const scope = query.filled("scope");
  if (scope !== undefined && scope !== network.scope)
    throw new DockerAnswer(404, `network ${name} not found`);
  return { status: 200, json: ofVersion(version, describeNetwork(engine, network)) };
}

async function create(exchange: Exchange): Promise<Answer> {
  const { id, warning } = createNetwork(exchange.engine, readNetworkWish(await exchange.json()));
  return { status: 201, json: { Id: id, Warning: warning } };
}

async function connect(exchange: Exchange): Promise<Answer> {
  const body = new Fields(await exchange.json());
  const { network: _network, ...wish } = readEndpoint("", body.object("EndpointConfig"));
  connectNetwork(exchange.engine, exchange.params.id ?? "", containerOf(body), wish);
  return { status: 200 };
}

async function disconnect(exchange: Exchange): Promise<Answer> {
  const body = new Fields(await exchange.json());
  const force = body.flag("Force") ?? false;
  disconnectNetwork(exchange.engine, exchange.params.id ?? "", containerOf(body), { force });
  return { status: 200 };
}

function containerOf(body: Fields): string {
  const container = body.text("Container");
  if (container === undefined) throw badParameter("a container is needed");
  return container;
}

function remove({ engine, params }: Exchange): Answer {
  removeNetwork(engine, params.id ?? "");
  return { status: 204 };
}

function prune({ engine, query }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), ["until", "label", "label!"]);
  const until = withFilterWords(() =>
    (filters.get("until") ?? []).map((text) => parseMoment("until", text, Date.now())),
  );
  const names = pruneNetworks(
    engine,
    ({ created, labels }) =>
      until.every((moment) => Date.parse(created) < moment) &&
      (filters.get("label") ?? []).every((wanted) => hasLabel(labels, wanted)) &&
      !(filters.get("label!") ?? []).some((unwanted) => hasLabel(labels, unwanted)),
  );
  return { status: 200, json: { NetworksDeleted: names.length === 0 ? null : names } };
}

export const networkRoutes: readonly Route[] = [
  { method: "GET", path: "/networks", handle: list },
  { method: "POST", path: "/networks/create", handle: create },
  { method: "POST", path: "/networks/prune", handle: prune },
  { method: "GET", path: "/networks/{id}", handle: inspect },
  { method: "DELETE", path: "/networks/{id}", handle: remove },
  { method: "POST", path: "/networks/{id}/connect", handle: connect },
  { method: "POST", path: "/networks/{id}/disconnect", handle: disconnect },
];
