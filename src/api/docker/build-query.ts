import { type BuildOrder, isGit } from "#engine";
import { parseNamed, parsePlatform, printReference } from "#spec";
import type { Query } from "../query.ts";
import { imageFault } from "./image-phrases.ts";
import { DockerAnswer } from "./phrases.ts";

// The parameters of POST /build. Each acts or is refused; rm and forcerm are heeded by there being nothing to remove.

/** The order of a build, without credentials. */
export function readBuildOrder(query: Query): Omit<BuildOrder, "credentials"> {
  refuseOthers(query);
  const platform = query.filled("platform");
  if (platform !== undefined) parsePlatform(platform);
  return {
    recipe: query.filled("dockerfile") ?? "Dockerfile",
    context: contextOf(query.filled("remote")),
    names: query
      .list("t")
      .filter((name) => name !== "")
      .map(fullName),
    buildArgs: Object.entries(mapOf(query, "buildargs")).flatMap(([name, value]) =>
      // Null stands for a variable of the daemon's environment, which nobody means.
      value === null ? [] : [[name, value] as const],
    ),
    labels: Object.fromEntries(
      Object.entries(mapOf(query, "labels")).map(([name, value]) => [name, value ?? ""]),
    ),
    target: query.filled("target"),
    platform,
    noCache: query.bool("nocache"),
    pull: query.bool("pull"),
    network: networkOf(query.filled("networkmode")),
    extraHosts: query.list("extrahosts").filter((entry) => entry !== ""),
    shmSize: positive(query, "shmsize"),
    cacheFrom: listOf(query, "cachefrom").map(fullName),
    resources: resourcesOf(query),
    ulimits: ulimitsOf(query),
  };
}

function refuseOthers(query: Query): void {
  if (query.text("version") === "2" || query.filled("session") !== undefined)
    throw new DockerAnswer(400, "Vial builds by itself and has no BuildKit: set DOCKER_BUILDKIT=0");
  if (query.bool("squash"))
    throw new DockerAnswer(400, "squash is not implemented: a layer of one step is shared between images");
  if (query.filled("outputs") !== undefined && query.text("outputs") !== "[]")
    throw new DockerAnswer(400, "outputs are of BuildKit, which Vial has not: use `vial build --output`");
  if (!["", "default"].includes(query.text("isolation") ?? ""))
    throw new DockerAnswer(400, "isolation is of Windows: only default is here");
  if (query.filled("cgroupparent") !== undefined)
    throw new DockerAnswer(400, "cgroupparent is not implemented for builds");
  if (query.list("securityopt").some((text) => text !== ""))
    throw new DockerAnswer(400, "securityopt is not implemented for builds");
}

/** Git's addresses, `http(s)` for an archive or a Dockerfile; without one the body is the context. */
function contextOf(remote: string | undefined): BuildOrder["context"] {
  if (remote === undefined) return { kind: "archive" };
  if (isGit(remote)) return { kind: "git", url: remote };
  if (/^https?:\/\//i.test(remote)) return { kind: "address", url: remote };
  throw new DockerAnswer(400, `remote is no address of git or HTTP: ${JSON.stringify(remote)}`);
}

function fullName(text: string): string {
  try {
    const named = parseNamed(text);
    if (named.digest !== undefined)
      throw new DockerAnswer(400, "refusing to create a tag with a digest reference");
    return printReference({ ...named, tag: named.tag ?? "latest" });
  } catch (error) {
    throw imageFault(text, error);
  }
}

/** Programs of a build have the host's network or none: what Docker calls its bridge leads out all the same. */
function networkOf(text: string | undefined): BuildOrder["network"] {
  if (text === undefined || text === "default" || text === "bridge") return "default";
  if (text === "none" || text === "host") return text;
  throw new DockerAnswer(400, `networkmode of a build is default, none or host, not ${JSON.stringify(text)}`);
}

function resourcesOf(query: Query): BuildOrder["resources"] {
  const cpus = query.filled("cpusetcpus");
  const mems = query.filled("cpusetmems");
  const memory = positive(query, "memory");
  const memorySwap = integer(query, "memswap");
  const shares = positive(query, "cpushares");
  const period = positive(query, "cpuperiod");
  const quota = positive(query, "cpuquota");
  if (memorySwap !== undefined && memorySwap !== 0 && memory === undefined)
    throw new DockerAnswer(
      400,
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    );
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(memorySwap === undefined || memorySwap === 0 ? {} : { memorySwap }),
    ...(shares === undefined ? {} : { cpuShares: shares }),
    ...(period === undefined ? {} : { cpuPeriod: period }),
    ...(quota === undefined ? {} : { cpuQuota: quota }),
    ...(cpus === undefined ? {} : { cpusetCpus: setOf("cpusetcpus", cpus) }),
    ...(mems === undefined ? {} : { cpusetMems: setOf("cpusetmems", mems) }),
  };
}

function setOf(name: string, text: string): string {
  if (!/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(text))
    throw new DockerAnswer(400, `Invalid value ${text} for ${name}`);
  return text;
}

function ulimitsOf(query: Query): BuildOrder["ulimits"] {
  const document = jsonOf(query, "ulimits");
  if (document === undefined || document === null) return [];
  const fault = new DockerAnswer(400, "ulimits is no list of Name, Soft and Hard");
  if (!Array.isArray(document)) throw fault;
  return document.map((entry: Partial<Record<string, unknown>> | null) => {
    const { Name, Soft, Hard } = entry ?? {};
    if (typeof Name !== "string" || !Number.isSafeInteger(Soft) || !Number.isSafeInteger(Hard)) throw fault;
    return { name: Name, soft: Soft as number, hard: Hard as number };
  });
}

/** Clients send 0 for what they do not want. */
function positive(query: Query, name: string): number | undefined {
  const value = integer(query, name);
  if (value !== undefined && value < 0) throw new DockerAnswer(400, `${name} is no number of 0 or more`);
  return value === 0 ? undefined : value;
}

function integer(query: Query, name: string): number | undefined {
  const text = query.filled(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new DockerAnswer(400, `${name} is no whole number: ${JSON.stringify(text)}`);
  return value;
}

function mapOf(query: Query, name: string): Readonly<Record<string, string | null>> {
  const document = jsonOf(query, name) ?? {};
  const isMap =
    typeof document === "object" &&
    !Array.isArray(document) &&
    Object.values(document).every((value) => typeof value === "string" || value === null);
  if (!isMap) throw new DockerAnswer(400, `${name} is no JSON object of texts`);
  return document as Record<string, string | null>;
}

function listOf(query: Query, name: string): readonly string[] {
  const document = jsonOf(query, name) ?? [];
  if (!Array.isArray(document) || document.some((entry) => typeof entry !== "string"))
    throw new DockerAnswer(400, `${name} is no JSON list of texts`);
  return document as string[];
}

function jsonOf(query: Query, name: string): unknown {
  const text = query.filled(name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new DockerAnswer(400, `${name} is no JSON`);
  }
}
