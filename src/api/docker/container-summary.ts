import { type ContainerEntry, describeContainer, describeStatus, type Engine } from "#engine";
import type { ApiVersion } from "../api-version.ts";
import { networksOf } from "./endpoint-version.ts";

// A container as `GET /containers/json` has it.

type Document = Readonly<Record<string, unknown>>;

/** Without the sizes. */
export function summarize(engine: Engine, entry: ContainerEntry, version: ApiVersion): Document {
  const { spec } = entry;
  const { word, text } = describeStatus(entry);
  const whole = describeContainer(engine, entry);
  const network = whole.NetworkSettings as {
    readonly Ports?: PortMap;
    readonly Networks?: Record<string, Document>;
  };
  const host = whole.HostConfig as { readonly NetworkMode?: string };
  return {
    Id: spec.id,
    Names: [`/${spec.name}`],
    Image: spec.imageName,
    ImageID: spec.image.id,
    Command: commandLine([...spec.entrypoint, ...spec.command]),
    Created: Math.floor(Date.parse(spec.created) / 1000),
    Ports: listPorts(network.Ports ?? {}, spec.exposedPorts, word === "running" || word === "paused"),
    Labels: spec.labels,
    State: word,
    Status: text,
    HostConfig: {
      NetworkMode: host.NetworkMode ?? "",
      ...(version < 46 || Object.keys(spec.annotations).length === 0
        ? {}
        : { Annotations: spec.annotations }),
    },
    NetworkSettings: { Networks: networksOf(version, network.Networks ?? {}, spec.id) },
    Mounts: whole.Mounts,
  };
}

/** As Docker does: an argument with a space in it is shown in quotes. */
function commandLine([program = "", ...args]: readonly string[]): string {
  return [program, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}

type PortMap = Readonly<
  Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[] | null>
>;

/** One entry for each address of the host; exposed ports that are not published have none. */
function listPorts(published: PortMap, exposed: readonly string[], isUp: boolean): readonly Document[] {
  if (!isUp) return [];
  const names = new Set([...Object.keys(published), ...exposed]);
  return [...names].flatMap((name): readonly Document[] => {
    const [port = "", type = "tcp"] = name.split("/");
    const known = { PrivatePort: Number(port), Type: type };
    if (!/^\d+$/.test(port)) return [];
    const bindings = published[name] ?? [];
    return bindings.length === 0
      ? [known]
      : bindings.map(({ HostIp = "", HostPort = "" }) => ({
          IP: HostIp,
          PublicPort: Number(HostPort),
          ...known,
        }));
  });
}
