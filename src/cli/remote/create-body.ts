import { parseDuration, parseSize } from "#spec";
import { readEnvironment, readLabels, readPairs, wholeNumber } from "../container-wish.ts";
import { optionInvalid } from "../error.ts";
import type { Flags } from "../parse.ts";
import { printMounts } from "./mount-body.ts";

/** The options of `run` and `create` that reach another engine; it reads their values by its own rules. */
export const createFlags: readonly string[] = [
  ..."add-host annotation attach cap-add cap-drop cgroup-parent cgroupns cidfile cpu-period cpu-quota cpu-shares cpus".split(
    " ",
  ),
  ..."cpuset-cpus cpuset-mems detach device disable-content-trust dns dns-option dns-search domainname entrypoint".split(
    " ",
  ),
  ..."env env-file expose group-add health-cmd health-interval health-retries health-start-interval".split(
    " ",
  ),
  ..."health-start-period health-timeout hostname init interactive ip ip6 ipc label label-file log-driver log-opt".split(
    " ",
  ),
  ..."mac-address memory memory-reservation memory-swap mount name network network-alias no-healthcheck".split(
    " ",
  ),
  ..."oom-score-adj pid pids-limit platform privileged publish publish-all pull quiet read-only restart rm runtime".split(
    " ",
  ),
  ..."security-opt shm-size sig-proxy stop-signal stop-timeout sysctl tmpfs tty ulimit user userns uts volume".split(
    " ",
  ),
  ..."volume-driver volumes-from workdir".split(" "),
];

/** The body of `POST /containers/create`, as docker's own client sends it. */
export function createBody(flags: Flags, image: string, command: readonly string[]): object {
  // Options that this version of Vial's own command does not have yet are not given either.
  const list = (name: string) => (flags.has(name) ? flags.list(name) : []);
  const text = (name: string) => (flags.has(name) ? flags.text(name) : undefined);
  const bool = (name: string) => flags.has(name) && flags.bool(name);
  const entrypoint = text("entrypoint");
  const ports = readPorts(list("publish"));
  const exposed = [
    ...list("expose").map((port) => (port.includes("/") ? port : `${port}/tcp`)),
    ...ports.keys(),
  ];
  const timeout = text("stop-timeout");
  const isAttached = !bool("detach");
  return withoutEmpty({
    Image: image,
    Cmd: command.length === 0 ? undefined : command,
    Entrypoint: entrypoint === undefined ? undefined : entrypoint === "" ? [""] : [entrypoint],
    Env: readEnvironment(flags),
    Labels: readLabels(flags),
    Hostname: text("hostname"),
    Domainname: text("domainname"),
    User: text("user"),
    WorkingDir: text("workdir"),
    Tty: bool("tty"),
    OpenStdin: bool("interactive"),
    StdinOnce: bool("interactive") && isAttached,
    AttachStdin: bool("interactive") && isAttached,
    AttachStdout: isAttached,
    AttachStderr: isAttached,
    ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])),
    StopSignal: text("stop-signal"),
    StopTimeout: timeout === undefined ? undefined : wholeNumber("--stop-timeout", timeout, -1),
    Healthcheck: readHealth(text, bool),
    HostConfig: {
      ...hostConfig(list, text, bool),
      PortBindings: Object.fromEntries(ports),
      ...printMounts(flags),
    },
    NetworkingConfig: readEndpoints(list, text),
  });
}

type List = (name: string) => readonly string[];
type Text = (name: string) => string | undefined;
type Bool = (name: string) => boolean;

function hostConfig(list: List, text: Text, bool: Bool): object {
  const bytes = (name: string) => {
    const value = text(name);
    return value === undefined ? undefined : value === "-1" ? -1 : parseSize(value);
  };
  const number = (name: string) => {
    const value = text(name);
    return value === undefined ? undefined : wholeNumber(`--${name}`, value, Number.MIN_SAFE_INTEGER);
  };
  const cpus = text("cpus");
  const [restart = "", retries] = (text("restart") ?? "").split(":", 2);
  return withoutEmpty({
    NetworkMode: networkOf(list),
    AutoRemove: bool("rm"),
    Annotations: readPairs("--annotation", list("annotation")),
    CapAdd: list("cap-add"),
    CapDrop: list("cap-drop"),
    CgroupnsMode: text("cgroupns"),
    CgroupParent: text("cgroup-parent"),
    CpuPeriod: number("cpu-period"),
    CpuQuota: number("cpu-quota"),
    CpuShares: number("cpu-shares"),
    CpusetCpus: text("cpuset-cpus"),
    CpusetMems: text("cpuset-mems"),
    Devices: list("device").map(readDevice),
    Dns: list("dns"),
    DnsOptions: list("dns-option"),
    DnsSearch: list("dns-search"),
    ExtraHosts: list("add-host").map((entry) => entry.replace(/^([^:=]+)=/, "$1:")),
    GroupAdd: list("group-add"),
    Init: bool("init") ? true : undefined,
    IpcMode: text("ipc"),
    LogConfig: { Type: text("log-driver") ?? "", Config: readPairs("--log-opt", list("log-opt")) },
    Memory: bytes("memory"),
    MemoryReservation: bytes("memory-reservation"),
    MemorySwap: bytes("memory-swap"),
    NanoCpus: cpus === undefined ? undefined : Math.round(Number(cpus) * 1e9),
    OomScoreAdj: number("oom-score-adj"),
    PidMode: text("pid"),
    PidsLimit: number("pids-limit"),
    Privileged: bool("privileged"),
    PublishAllPorts: bool("publish-all"),
    ReadonlyRootfs: bool("read-only"),
    RestartPolicy: { Name: restart, MaximumRetryCount: Number(retries ?? 0) },
    Runtime: text("runtime"),
    SecurityOpt: list("security-opt"),
    ShmSize: bytes("shm-size"),
    Sysctls: readPairs("--sysctl", list("sysctl")),
    Tmpfs: Object.fromEntries(list("tmpfs").map((entry) => split(entry, ":"))),
    Ulimits: list("ulimit").map(readUlimit),
    UsernsMode: text("userns"),
    UTSMode: text("uts"),
    VolumesFrom: list("volumes-from"),
  });
}

function readHealth(text: Text, bool: Bool): object | undefined {
  if (bool("no-healthcheck")) return { Test: ["NONE"] };
  const command = text("health-cmd");
  const duration = (name: string) => {
    const value = text(name);
    return value === undefined ? undefined : parseDuration(value);
  };
  const retries = text("health-retries");
  const health = withoutEmpty({
    Test: command === undefined ? undefined : ["CMD-SHELL", command],
    Interval: duration("health-interval"),
    Timeout: duration("health-timeout"),
    StartPeriod: duration("health-start-period"),
    StartInterval: duration("health-start-interval"),
    Retries: retries === undefined ? undefined : wholeNumber("--health-retries", retries, 0),
  });
  return Object.keys(health).length === 0 ? undefined : health;
}

/** `[address:][port:]port[/protocol]`, with ranges, as bindings by the port inside. */
export function readPorts(texts: readonly string[]): ReadonlyMap<string, readonly object[]> {
  const bindings = new Map<string, readonly object[]>();
  for (const text of texts) {
    const match =
      /^(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?:(\d*(?:-\d+)?):)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(
        text,
      );
    if (match === null)
      throw optionInvalid(
        "--publish",
        text,
        "it is not [ADDRESS:][PORT:]PORT[/tcp|udp]",
        "--publish 8080:80",
      );
    const [, address = "", outside = "", first = "", last = first, protocol = "tcp"] = match;
    const [from = "", to = from] = outside.split("-");
    const count = Number(last) - Number(first);
    const many = from !== "" && count > 0;
    if (count < 0 || Number(last) > 65535 || (many && Number(to) - Number(from) !== count))
      throw optionInvalid("--publish", text, "the ranges do not fit", "--publish 8000-8010:9000-9010");
    for (let step = 0; step <= count; step++) {
      const key = `${Number(first) + step}/${protocol}`;
      const HostPort = from === "" ? "" : many ? String(Number(from) + step) : outside;
      const binding = { HostIp: address.replace(/^\[|\]$/g, ""), HostPort };
      bindings.set(key, [...(bindings.get(key) ?? []), binding]);
    }
  }
  return bindings;
}

function readEndpoints(list: List, text: Text): object | undefined {
  const settings = withoutEmpty({
    Aliases: list("network-alias"),
    IPAMConfig: withoutEmpty({ IPv4Address: text("ip"), IPv6Address: text("ip6") }),
    MacAddress: text("mac-address"),
  });
  if (Object.keys(settings).length === 0) return undefined;
  return { EndpointsConfig: { [networkOf(list)]: settings } };
}

/** The first network. More of them, and options of one (`name=x,alias=y`), are refused by the caller. */
function networkOf(list: List): string {
  const [network, second] = list("network");
  if (second !== undefined || network?.includes("=") === true)
    throw optionInvalid(
      "--network",
      second ?? network ?? "",
      "a remote engine gets one network by its name here",
      "--network NAME, then `docker network connect`",
    );
  return network ?? "default";
}

function readDevice(text: string): object {
  const [source = "", second, third] = text.split(":");
  const isAccess = second !== undefined && third === undefined && /^[rwm]{1,3}$/.test(second);
  return {
    PathOnHost: source,
    PathInContainer: isAccess ? source : (second ?? source),
    CgroupPermissions: isAccess ? second : (third ?? "rwm"),
  };
}

function readUlimit(text: string): object {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null)
    throw optionInvalid("--ulimit", text, "it is not NAME=SOFT[:HARD]", "--ulimit nofile=1024:4096");
  return { Name: match[1], Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** What says nothing is not sent: an engine of an older version may not know the field. */
function withoutEmpty(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([, value]) =>
        value !== undefined &&
        value !== "" &&
        !(Array.isArray(value) && value.length === 0) &&
        !(typeof value === "object" && value !== null && Object.keys(value).length === 0),
    ),
  );
}
