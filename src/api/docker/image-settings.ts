import type { ContainerDefaults, Healthcheck } from "#spec";
import { DockerAnswer } from "./phrases.ts";

// The body of POST /commit: a container's Config, of which those fields count that an image has.

const texts = ["User", "WorkingDir", "StopSignal"] as const;
const lists = ["Env", "Cmd", "Entrypoint", "OnBuild", "Shell"] as const;
const sets = ["ExposedPorts", "Volumes"] as const;

/** Throws a 400 for what is no Config. Fields without a value are left out. */
export function readImageSettings(document: unknown): ContainerDefaults {
  if (document === undefined || document === null) return {};
  if (typeof document !== "object" || Array.isArray(document))
    throw new DockerAnswer(400, "the body is no container configuration");
  const fields = new Map(Object.entries(document).filter(([, value]) => value !== null && value !== ""));
  const settings: Record<string, unknown> = {};
  const take = (name: string, isFit: (value: unknown) => boolean, wanted: string) => {
    const value = fields.get(name);
    if (value === undefined) return;
    if (!isFit(value)) throw new DockerAnswer(400, `${name} of the body is no ${wanted}`);
    settings[name] = value;
  };
  for (const name of texts) take(name, (value) => typeof value === "string", "text");
  for (const name of lists)
    take(
      name,
      (value) => Array.isArray(value) && value.every((entry) => typeof entry === "string"),
      "list of texts",
    );
  for (const name of sets) take(name, isObject, "object");
  take(
    "Labels",
    (value) => isObject(value) && Object.values(value).every((text) => typeof text === "string"),
    "object of texts",
  );
  take(
    "Healthcheck",
    (value) => isObject(value) && Array.isArray((value as Healthcheck).Test ?? []),
    "object",
  );
  return settings as ContainerDefaults;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** moby's rule: what the settings have wins, and of lists by name the container's others stay. */
export function withSettings(container: ContainerDefaults, settings: ContainerDefaults): ContainerDefaults {
  const { Env, Cmd, Entrypoint, Labels, ExposedPorts, Volumes, ...rest } = settings;
  const names = new Set((Env ?? []).map((entry) => entry.split("=", 1)[0]));
  const hasEntrypoint = (Entrypoint ?? []).length > 0;
  const hasCommand = (Cmd ?? []).length > 0;
  return {
    ...container,
    ...rest,
    Env: [...(Env ?? []), ...(container.Env ?? []).filter((entry) => !names.has(entry.split("=", 1)[0]))],
    // A new entrypoint makes the container's command meaningless.
    Cmd: hasCommand ? (Cmd ?? []) : hasEntrypoint ? [] : (container.Cmd ?? []),
    Entrypoint: Entrypoint === undefined || Entrypoint === null ? (container.Entrypoint ?? []) : Entrypoint,
    Labels: { ...container.Labels, ...Labels },
    ...union("ExposedPorts", container.ExposedPorts, ExposedPorts),
    ...union("Volumes", container.Volumes, Volumes),
  };
}

function union(
  name: string,
  container: object | null | undefined,
  settings: object | null | undefined,
): object {
  const all = { ...container, ...settings };
  return Object.keys(all).length === 0 ? {} : { [name]: all };
}
