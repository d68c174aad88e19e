import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  actingConfig,
  actingHostConfig,
  knownConfig,
  knownEndpoint,
  knownHostConfig,
} from "../src/api/docker/create/known.ts";
import {
  toldConfig,
  toldHostConfig,
  unwishedConfig,
  unwishedHostConfig,
} from "../src/api/docker/create/unwished.ts";
import { endpoints } from "../src/api/endpoints.ts";
import { servedRoutes } from "../src/api/routes.ts";
import {
  answerSchema,
  type Description,
  endpointsOf,
  faultsOf,
  propertiesOf,
  readDescription,
} from "./openapi.ts";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { setupTimeout, whyNoContainers } from "./vial.ts";

// The description of the Docker Engine API itself, where it lies beside the project, against what Vial says and answers.

const folder = fileURLToPath(new URL("../../shared/reference", import.meta.url));
const versions = [41, 44, 50] as const;
const isHere = versions.every((version) => existsSync(file(version)));
if (!isHere)
  console.warn(
    "skipped: the shapes of answers, because the description of the API is not beside the project",
  );

function file(version: number): string {
  return `${folder}/docker-engine-api-v1.${version}.yaml`;
}

const descriptions = new Map<number, Description>(
  isHere ? versions.map((version) => [version, readDescription(file(version))]) : [],
);

function description(version: number): Description {
  const found = descriptions.get(version);
  if (found === undefined) throw new Error(`there is no description of 1.${version}`);
  return found;
}

describe.skipIf(!isHere)("the description", () => {
  test("has the paths of endpoints.ts, and no others", () => {
    const described = new Set([...descriptions.values()].flatMap(endpointsOf));
    expect(Object.keys(endpoints).sort()).toEqual([...described].sort());
  });

  test("has every path that is served, but for those of other clients", () => {
    const others = new Set(["POST /grpc"]);
    const undescribed = servedRoutes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((endpoint) => !Object.hasOwn(endpoints, endpoint) && !others.has(endpoint));
    expect(undescribed).toEqual([]);
  });

  test.each([...versions])("each field of a new container in 1.%d acts or is refused", (version) => {
    const { definitions } = description(version);
    const names = (name: string) => Object.keys(propertiesOf(description(version), definitions[name] ?? {}));
    expect(names("ContainerConfig").filter((name) => !knownConfig.has(name))).toEqual([]);
    expect(names("HostConfig").filter((name) => !knownHostConfig.has(name))).toEqual([]);
    expect(names("EndpointSettings").filter((name) => !knownEndpoint.has(name))).toEqual([]);
  });

  test("no field is in two of the lists", () => {
    const config = [...actingConfig, ...toldConfig, ...Object.keys(unwishedConfig)];
    const host = [...actingHostConfig, ...toldHostConfig, ...Object.keys(unwishedHostConfig)];
    expect(new Set(config).size).toBe(config.length);
    expect(new Set(host).size).toBe(host.length);
  });
});

const whyNot = whyNoContainers() ?? (isHere ? undefined : "there is nothing to check against");

describe.skipIf(whyNot !== undefined)("answers", () => {
  let served: ServedVial;

  beforeAll(async () => {
    served = await serveVial();
    const { vial } = served;
    await vial.ok("create", "--name", "made", "-v", "data:/data", "-e", "A=1", "busybox", "true");
    await vial.ok(
      "run",
      "-d",
      "--name",
      "runs",
      "-l",
      "a=b",
      "--health-interval",
      "1s",
      "--health-cmd",
      "true",
      "busybox",
      "sleep",
      "600",
    );
    await vial.ok("run", "--name", "ended", "--tmpfs", "/t", "busybox", "false").catch(() => {});
  }, setupTimeout);
  afterAll(async () => await served?.close(), setupTimeout);

  const asked: readonly (readonly [method: string, path: string, at?: string, body?: object])[] = [
    ["GET", "/version"],
    ["GET", "/info"],
    ["GET", "/system/df"],
    ["GET", "/containers/json", "/containers/json?all=1"],
    ["GET", "/containers/json", "/containers/json?all=1&size=1"],
    ["GET", "/containers/{id}/json", "/containers/made/json"],
    ["GET", "/containers/{id}/json", "/containers/runs/json?size=1"],
    ["GET", "/containers/{id}/json", "/containers/ended/json"],
    ["GET", "/containers/{id}/changes", "/containers/runs/changes"],
    ["GET", "/containers/{id}/top", "/containers/runs/top"],
    ["GET", "/containers/{id}/stats", "/containers/runs/stats?stream=0&one-shot=1"],
    ["POST", "/containers/create", "/containers/create", { Image: "busybox" }],
    ["POST", "/containers/{id}/update", "/containers/runs/update", { CpuShares: 512 }],
    ["POST", "/containers/{id}/wait", "/containers/ended/wait"],
    ["POST", "/containers/{id}/exec", "/containers/runs/exec", { Cmd: ["true"] }],
    ["GET", "/images/json"],
    ["GET", "/images/{name}/json", "/images/busybox/json"],
    ["GET", "/images/{name}/history", "/images/busybox/history"],
    ["GET", "/networks"],
    ["GET", "/networks/{id}", "/networks/bridge"],
    ["GET", "/volumes"],
    ["GET", "/volumes/{name}", "/volumes/data"],
    ["GET", "/plugins"],
    ["POST", "/containers/prune", '/containers/prune?filters={"label":["none"]}'],
    ["POST", "/images/prune"],
    ["POST", "/networks/prune"],
    ["POST", "/volumes/prune"],
    ["POST", "/build/prune"],
    ["GET", "/containers/{id}/json", "/containers/nosuch/json"],
    ["GET", "/swarm"],
    ["GET", "/services"],
  ];
  const isServed = new Set(servedRoutes.map(({ method, path }) => `${method} ${path}`));

  for (const version of versions)
    test.each(asked)(`1.${version} %s %s %s`, async (method, path, at = path, body?: unknown) => {
      const answer = await fetch(`http://vial/v1.${version}${at}`, {
        method,
        unix: served.socket,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const value: unknown = await answer.json();
      if (!isServed.has(`${method} ${path}`)) expect([501, 503]).toContain(answer.status);
      else if (!at.includes("nosuch")) expect(answer.status).toBeLessThan(300);
      const schema =
        answerSchema(description(version), method, path, answer.status) ??
        (answer.status >= 400 ? { $ref: "#/definitions/ErrorResponse" } : undefined);
      if (schema === undefined) throw new Error(`${answer.status} is not described`);
      expect(faultsOf(description(version), schema, value)).toEqual([]);
    });
});
