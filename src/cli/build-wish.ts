import { statSync } from "node:fs";
import { resolve } from "node:path";
import { buildCacheLimit, type BuildWish, type SecretSource } from "#engine";
import { parsePlatform, parseReference, parseSize } from "#spec";
import { parseCacheFrom, parseCacheTo } from "./build-cache.ts";
import type { Recipe } from "./build-recipe.ts";
import { flagValueInvalid } from "./error.ts";
import { readFlagFile } from "./flag-file.ts";
import type { Flags } from "./parse.ts";

/** What the flags of `vial build` ask for. */
export function readBuildWish(
  flags: Flags,
  recipe: Recipe,
): Omit<BuildWish, "deliver" | "signal" | "singularityFiles" | "unnamed"> {
  const network = flags.text("network") ?? "default";
  if (network !== "default" && network !== "none" && network !== "host")
    throw flagValueInvalid("--network", network, "default, none or host");
  const platform = flags.text("platform");
  if (platform?.includes(",") === true)
    throw flagValueInvalid("--platform", platform, "one platform; build for the others one by one");
  const shmSize = flags.text("shm-size");
  const argumentFile = flags.text("build-arg-file");
  return {
    recipe,
    context: recipe.context,
    namedContexts: new Map(flags.list("build-context").map((text) => pair("--build-context", text))),
    references: flags.list("tag").map(parseReference),
    definition: {
      argumentFile: argumentFile === undefined ? undefined : readFlagFile("--build-arg-file", argumentFile),
      runsTests: !flags.bool("notest"),
      force: flags.bool("force"),
      folder: recipe.context.kind === "folder" ? recipe.context.path : process.cwd(),
    },
    pull: flags.bool("pull") ? "always" : "missing",
    cacheLimit: buildCacheLimit(),
    cacheFrom: flags.list("cache-from").map(parseCacheFrom),
    cacheTo: flags.list("cache-to").map(parseCacheTo),
    buildArgs: new Map(
      flags.list("build-arg").flatMap((text): [string, string][] => {
        const at = text.indexOf("=");
        if (at >= 0) return [[text.slice(0, at), text.slice(at + 1)]];
        const value = process.env[text];
        return value === undefined ? [] : [[text, value]];
      }),
    ),
    target: flags.text("target"),
    platform: platform === undefined ? undefined : parsePlatform(platform),
    labels: Object.fromEntries(
      flags.list("label").map((text) => {
        const at = text.indexOf("=");
        if (at === 0 || text === "") throw flagValueInvalid("--label", text, "NAME=VALUE");
        return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
      }),
    ),
    noCache: flags.bool("no-cache"),
    checkReproducible: flags.bool("check-reproducible"),
    secrets: new Map(flags.list("secret").map(readSecret)),
    agents: new Map(flags.list("ssh").map(readAgent)),
    network,
    epoch: readEpoch(flags),
    extraHosts: flags.list("add-host").map((text) => text.replace(/^([^:=]+)=/, "$1:")),
    shmSize: shmSize === undefined ? undefined : parseSize(shmSize),
  };
}

function pair(flag: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw flagValueInvalid(flag, text, "NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`; without a source: the variable of that name, else a file of that name. */
function readSecret(text: string): [string, SecretSource] {
  const fields = new Map(text.split(",").map((field) => pair("--secret", field)));
  const file = fields.get("src") ?? fields.get("source");
  const id = fields.get("id");
  if (id === undefined) throw flagValueInvalid("--secret", text, "id=NAME,src=FILE");
  const variable = fields.get("env");
  if (variable !== undefined) return [id, { kind: "environment", name: variable }];
  if (file === undefined && process.env[id] !== undefined) return [id, { kind: "environment", name: id }];
  const path = file ?? id;
  // Now, because later it would be an error in the middle of a build.
  readFlagFile("--secret", path);
  return [id, { kind: "file", path: resolve(path) }];
}

function readAgent(text: string): [string, string] {
  const at = text.indexOf("=");
  const id = at < 0 ? text : text.slice(0, at);
  const socket = at < 0 ? process.env.SSH_AUTH_SOCK : text.slice(at + 1);
  if (socket === undefined || socket === "")
    throw flagValueInvalid("--ssh", text, "an agent: SSH_AUTH_SOCK is not set here");
  // A key in a file would come to lie where the agent should be; and a socket that is missing is better told of now.
  if (statSync(socket, { throwIfNoEntry: false })?.isSocket() !== true)
    throw flagValueInvalid(
      "--ssh",
      text,
      `the socket of an agent, and "${socket}" is none (\`ssh-add FILE\` adds a key)`,
    );
  return [id, resolve(socket)];
}

/** SOURCE_DATE_EPOCH as a build argument or in the environment (reproducible-builds.org). */
function readEpoch(flags: Flags): number | undefined {
  const given = flags.list("build-arg").findLast((text) => text.startsWith("SOURCE_DATE_EPOCH="));
  const text = given?.slice("SOURCE_DATE_EPOCH=".length) ?? process.env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,12}$/.test(text)) throw flagValueInvalid("SOURCE_DATE_EPOCH", text, "seconds since 1970");
  return Number(text);
}
