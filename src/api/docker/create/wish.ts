import type { CreateWish, Engine } from "#engine";
import { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";
import { knownConfig, knownEndpoint, knownHostConfig } from "./known.ts";
import { readLog } from "./log.ts";
import { readMounts } from "./mounts.ts";
import { checkAddress, readNetwork, readPort, readPorts } from "./network.ts";
import { oneOf, readDevices, readHealth, readNamespace, readSecurity, readUlimits } from "./process.ts";
import { readResources, readRestart } from "./resources.ts";
import { readConsoleSize } from "../resize.ts";
import { refuseUnwished, unwishedConfig, unwishedHostConfig, warnOfUnknown } from "./unwished.ts";

export interface ReadWish {
  readonly image: string;
  readonly wish: CreateWish;
  /** What has no effect, a sentence each. */
  readonly warnings: readonly string[];
}

/** Reads the body of `POST /containers/create`. Each field acts, or is refused. */
export function readCreateBody(engine: Engine, body: unknown, name: string | undefined): ReadWish {
  if (body === undefined) throw badParameter("invalid JSON: got EOF while reading request body");
  const config = new Fields(body);
  const host = config.object("HostConfig");
  const networking = config.object("NetworkingConfig");
  refuseUnwished(config, unwishedConfig);
  refuseUnwished(host, unwishedHostConfig);
  refuseDeviceRequests(host);
  const image = config.text("Image");
  if (image === undefined) throw badParameter("no image specified");
  const { warnings, ...security } = readSecurity(host);
  const wish: CreateWish = {
    ...defined({
      name,
      entrypoint: readEntrypoint(config),
      workingDir: readWorkingDir(config),
      user: config.text("User"),
      hostname: readHostname(config),
      stopSignal: config.text("StopSignal"),
      stopTimeout: config.number("StopTimeout"),
      health: readHealth(config),
      restart: readRestart(host),
      shmSize: host.amount("ShmSize"),
      consoleSize: readConsoleSize(host.raw("ConsoleSize")),
      cgroup: oneOf(host, "CgroupnsMode", ["private", "host"]),
      oomScoreAdj: host.amount("OomScoreAdj"),
      log: readLog(host),
      runtime: host.text("Runtime"),
    }),
    ...security,
    command: config.words("Cmd") ?? [],
    env: config.texts("Env"),
    labels: config.pairs("Labels"),
    annotations: host.pairs("Annotations"),
    domainname: readDomain(config),
    groupAdd: host.texts("GroupAdd"),
    terminal: config.flag("Tty") ?? false,
    interactive: config.flag("OpenStdin") ?? false,
    stdinOnce: config.flag("StdinOnce") ?? false,
    autoRemove: host.flag("AutoRemove") ?? false,
    readonlyRoot: host.flag("ReadonlyRootfs") ?? false,
    init: host.flag("Init") ?? false,
    mounts: readMounts(config, host),
    volumesFrom: host.texts("VolumesFrom"),
    network: readNetwork(engine, config, host, networking),
    ports: readPorts(host),
    publishAll: host.flag("PublishAllPorts") ?? false,
    publishAllAt: "everywhere",
    exposedPorts: config.object("ExposedPorts").names.map(readExposed),
    extraHosts: host.texts("ExtraHosts").map(readExtraHost),
    dns: host.texts("Dns").map(checkAddress),
    dnsSearch: host.texts("DnsSearch").map(oneWord),
    dnsOptions: host.texts("DnsOptions").map(oneWord),
    resources: readResources(host, { isUpdate: false }),
    ulimits: readUlimits(host),
    devices: readDevices(host),
    capAdd: host.texts("CapAdd"),
    capDrop: host.texts("CapDrop"),
    privileged: host.flag("Privileged") ?? false,
    sysctls: readSysctls(host),
    pid: readNamespace(engine, host, "PidMode"),
    ipc: readNamespace(engine, host, "IpcMode"),
    uts: oneOf(host, "UTSMode", ["host"]) ?? "private",
  };
  if (wish.autoRemove === true && (wish.restart?.name ?? "no") !== "no")
    throw badParameter("can't create 'AutoRemove' container with restart policy");
  return { image, wish, warnings: [...warnings, ...unknownFields(config, host, networking)] };
}

function unknownFields(config: Fields, host: Fields, networking: Fields): readonly string[] {
  const settings = networking.object("EndpointsConfig");
  return [
    ...warnOfUnknown(config, knownConfig),
    ...warnOfUnknown(host, knownHostConfig),
    ...warnOfUnknown(networking, new Set(["EndpointsConfig"])),
    ...settings.names.flatMap((name) => warnOfUnknown(settings.object(name), knownEndpoint)),
  ];
}

function defined<T extends object>(values: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}

/** In dockerd's words, which it says when the container is started. */
function refuseDeviceRequests(host: Fields): void {
  const [request] = host.objects("DeviceRequests");
  if (request === undefined) return;
  const wanted = JSON.stringify(request.raw("Capabilities") ?? [])
    .replaceAll('"', "")
    .replaceAll(",", " ");
  throw badParameter(
    `could not select device driver "${request.text("Driver") ?? ""}" with capabilities: ${wanted}`,
  );
}

/** One empty word takes the image's entrypoint away, as an empty list does: `--entrypoint ""` of the command line. */
function readEntrypoint(config: Fields): readonly string[] | undefined {
  const words = config.words("Entrypoint");
  return words?.length === 1 && words[0] === "" ? [] : words;
}

function readWorkingDir(config: Fields): string | undefined {
  const path = config.text("WorkingDir");
  if (path !== undefined && !path.startsWith("/"))
    throw badParameter(`the working directory '${path}' is invalid, it needs to be an absolute path`);
  return path;
}

/** What goes into /etc/hosts must not begin a line of its own there. */
function readHostname(config: Fields): string | undefined {
  const name = config.text("Hostname");
  if (name !== undefined && !/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/.test(name))
    throw badParameter(`invalid hostname format: ${name}`);
  return name;
}

function readDomain(config: Fields): string {
  const name = config.text("Domainname") ?? "";
  if (!/^[a-zA-Z0-9._-]{0,253}$/.test(name)) throw badParameter(`invalid domainname format: ${name}`);
  return name;
}

function readExposed(text: string): string {
  const { port, protocol } = readPort(text);
  return `${port}/${protocol}`;
}

/** `NAME:ADDRESS`; the address `host-gateway` is the host as the container reaches it. */
function readExtraHost(text: string): string {
  const [, name = "", address = ""] = /^([^:=\s]+)[:=](.+)$/.exec(text) ?? [];
  const plain = address.replace(/^\[(.*)\]$/, "$1");
  if (name === "" || plain === "") throw badParameter(`bad format for add-host: "${text}"`);
  return `${name}:${plain === "host-gateway" ? plain : checkAddress(plain)}`;
}

function oneWord(text: string): string {
  if (!/^[\w.:-]{1,253}$/.test(text)) throw badParameter(`invalid DNS setting: ${JSON.stringify(text)}`);
  return text;
}

/** Parameters that belong to a namespace of the container (sysctl(8), namespaces(7)); others would change the host. */
function readSysctls(host: Fields): Readonly<Record<string, string>> {
  const pairs = host.pairs("Sysctls");
  for (const name of Object.keys(pairs)) {
    const isOwn =
      /^(net\.|fs\.mqueue\.|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)$)/.test(
        name,
      );
    if (!isOwn) throw badParameter(`sysctl '${name}' is not allowed: it would change the host`);
    if (name.startsWith("net.") && host.text("NetworkMode") === "host")
      throw badParameter(`sysctl '${name}' is not allowed in host network mode`);
  }
  return pairs;
}
