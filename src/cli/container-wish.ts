import { readFileSync } from "node:fs";
import { type CreateWish, containerId, type NamespaceWish, openEngine, type RestartPolicy } from "#engine";
import { EnvFileError, parseEnvFile } from "#kit";
import { parseDuration, parseSize } from "#spec";
import { fileUnreadable, optionInvalid, optionsConflict, optionUnsupported } from "./error.ts";
import { parseMount } from "./mount-flag.ts";
import { parseTmpfs, parseVolume } from "./mount-syntax.ts";
import { readNetworkWish } from "./network-wish.ts";
import type { Flags } from "./parse.ts";
import { everywhere, parsePublished } from "./publish-syntax.ts";
import { parseSignal } from "./signal.ts";
import { voice } from "./voice.ts";

/** Reads the flags of `run` and `create`. Each flag acts or is refused with a reason. */
export function readContainerWish(flags: Flags, command: readonly string[]): CreateWish {
  refuseUnsupported(flags);
  const log = readLog(flags);
  const entrypoint = flags.text("entrypoint");
  const shm = flags.text("shm-size");
  const stopTimeout = flags.text("stop-timeout");
  const stopSignal = flags.filled("stop-signal");
  const oom = flags.text("oom-score-adj");
  const cgroup = flags.filled("cgroupns");
  const runtime = flags.filled("runtime");
  const restart = readRestart(flags);
  const network = readNetworkWish(flags);
  if (stopSignal !== undefined) parseSignal("--stop-signal", stopSignal);
  return {
    name: flags.filled("name"),
    command,
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint === "" ? [] : [entrypoint] }),
    env: readEnvironment(flags),
    labels: readLabels(flags),
    annotations: readPairs("--annotation", flags.list("annotation")),
    workingDir: readWorkingDir(flags),
    user: flags.filled("user"),
    groupAdd: flags.list("group-add"),
    hostname: readHostname(flags),
    terminal: flags.bool("tty"),
    interactive: flags.bool("interactive"),
    autoRemove: flags.bool("rm"),
    readonlyRoot: flags.bool("read-only"),
    init: flags.bool("init"),
    mounts: readMounts(flags),
    volumesFrom: flags.list("volumes-from"),
    ...(network === undefined ? {} : { network }),
    ...readPorts(flags),
    domainname: readDomain(flags),
    extraHosts: readHosts(flags),
    dns: readDns(flags.list("dns")),
    dnsSearch: flags.list("dns-search").map((text) => readWord("--dns-search", text, "example.com")),
    dnsOptions: [...flags.list("dns-option"), ...flags.list("dns-opt")].map((text) =>
      readWord("--dns-option", text, "ndots:1"),
    ),
    ...(restart === undefined ? {} : { restart }),
    stopSignal,
    ...(stopTimeout === undefined ? {} : { stopTimeout: wholeNumber("--stop-timeout", stopTimeout, -1) }),
    resources: readResources(flags),
    ulimits: flags.list("ulimit").map(readUlimit),
    ...(shm === undefined ? {} : { shmSize: parseSize(shm) }),
    devices: flags.list("device").map(readDevice),
    capAdd: flags.list("cap-add"),
    capDrop: flags.list("cap-drop"),
    privileged: flags.bool("privileged"),
    ...readSecurity(flags),
    sysctls: readSysctls(flags),
    pid: readNamespace("--pid", flags.filled("pid")),
    ipc: readNamespace("--ipc", flags.filled("ipc")),
    uts: choice("--uts", flags.filled("uts") ?? "private", ["private", "host"]),
    ...(cgroup === undefined ? {} : { cgroup: choice("--cgroupns", cgroup, ["private", "host"]) }),
    ...(oom === undefined ? {} : { oomScoreAdj: readOomScore(oom) }),
    ...(log === undefined ? {} : { log }),
    health: readHealth(flags),
    ...(runtime === undefined ? {} : { runtime }),
    exposedPorts: flags.list("expose").map(readExpose),
  };
}

/** Docker publishes at every address of the host where none is given. */
function readPorts(flags: Flags): Pick<CreateWish, "ports" | "publishAll" | "publishAllAt"> {
  const ports = parsePublished(flags.list("publish"));
  const publishAll = flags.bool("publish-all");
  if (voice().publishes === "loopback") return { ports, publishAll };
  return { ports: ports.flatMap(everywhere), publishAll, publishAllAt: "everywhere" };
}

function refuseUnsupported(flags: Flags): void {
  const isolation = flags.filled("isolation") ?? "container";
  if (isolation === "env" || isolation === "vm") {
    throw optionUnsupported(
      "--isolation",
      isolation,
      "this version of Vial isolates by containers alone",
      "--isolation container",
    );
  }
  choice("--isolation", isolation, ["container"]);
  const userns = flags.filled("userns");
  if (userns !== undefined && userns !== "host") {
    throw optionUnsupported(
      "--userns",
      userns,
      "root's containers share the host's users, and an ordinary user's have the user's own range",
      "--userns host",
    );
  }
  if (flags.filled("uts") === "host" && flags.filled("hostname") !== undefined)
    throw optionsConflict("--hostname", "--uts host", "the host's own name is used, and must not be changed");
  if (flags.bool("rm") && (flags.filled("restart") ?? "no") !== "no") {
    throw optionsConflict(
      "--rm",
      "--restart",
      "a container that is removed at its end cannot be started again",
    );
  }
}

function choice<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((entry) => entry === text);
  if (found === undefined)
    throw optionInvalid(flag, text, `it has to be ${allowed.join(" or ")}`, `${flag} ${allowed[0]}`);
  return found;
}

export function wholeNumber(flag: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max)
    throw optionInvalid(
      flag,
      text,
      `it has to be a whole number of at least ${min}`,
      `${flag} ${Math.max(min, 1)}`,
    );
  return value;
}

export function readFile(flag: string, path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw fileUnreadable(flag, path, (error as Error).message);
  }
}

function readEnvFile(path: string): readonly string[] {
  try {
    return parseEnvFile(Buffer.from(readFile("--env-file", path)), process.env);
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    throw optionInvalid(
      "--env-file",
      path,
      `line ${error.line}: ${error.message}`,
      "mend that line of the file",
    );
  }
}

export function readEnvironment(flags: Flags): readonly string[] {
  const lines = [...flags.list("env-file").flatMap(readEnvFile), ...flags.list("env")];
  return lines.flatMap((line) => {
    if (line === "" || line.startsWith("="))
      throw optionInvalid("--env", line, "a name is missing before the =", "--env NAME=VALUE");
    if (line.includes("=")) return [line];
    const value = process.env[line];
    return value === undefined ? [] : [`${line}=${value}`];
  });
}

export function readPairs(flag: string, entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf("=");
      const name = equals < 0 ? entry : entry.slice(0, equals);
      if (name === "")
        throw optionInvalid(flag, entry, "a name is missing before the =", `${flag} NAME=VALUE`);
      return [name, equals < 0 ? "" : entry.slice(equals + 1)];
    }),
  );
}

export function readLabels(flags: Flags): Record<string, string> {
  const files = flags.list("label-file").flatMap((path) =>
    readFile("--label-file", path)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#")),
  );
  return readPairs("--label", [...files, ...flags.list("label")]);
}

function readWorkingDir(flags: Flags): string | undefined {
  const path = flags.filled("workdir");
  if (path !== undefined && !path.startsWith("/"))
    throw optionInvalid("--workdir", path, "it is no absolute path", "--workdir /path");
  return path;
}

function readHostname(flags: Flags): string | undefined {
  const name = flags.filled("hostname");
  if (name !== undefined && !/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?$/.test(name)) {
    throw optionInvalid(
      "--hostname",
      name,
      "a host name is at most 63 letters, digits, - and .",
      "--hostname web-1",
    );
  }
  return name;
}

function readDomain(flags: Flags): string {
  const name = flags.filled("domainname") ?? "";
  if (name !== "" && !/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/.test(name))
    throw optionInvalid(
      "--domainname",
      name,
      "a domain is at most 63 letters, digits, - and .",
      "--domainname example.com",
    );
  return name;
}

/** One word of a line of resolv.conf(5): a blank or a new line in it would become another setting. */
function readWord(flag: string, text: string, example: string): string {
  if (!/^[\w.:-]{1,253}$/.test(text))
    throw optionInvalid(
      flag,
      text,
      "it is not one word of letters, digits, _ . : and -",
      `${flag} ${example}`,
    );
  return text;
}

function readMounts(flags: Flags): CreateWish["mounts"] & object {
  const driver = flags.filled("volume-driver") ?? "local";
  return [
    ...flags.list("volume").map((text) => parseVolume(text, driver)),
    ...flags.list("mount").map(parseMount),
    ...flags.list("tmpfs").map(parseTmpfs),
  ];
}

/** The container whose namespace is joined by one of the flags, if any. */
export function joinedContainer(flags: Flags): string | undefined {
  const wishes = [
    ...flags.list("network"),
    ...flags.list("net"),
    ...["pid", "ipc"].map((name) => flags.text(name)),
  ];
  return wishes.find((wish) => wish?.startsWith("container:"))?.slice("container:".length);
}

function readNamespace(flag: string, text: string | undefined): NamespaceWish {
  if (text === undefined || text === "private") return "private";
  // Any container's IPC namespace can be joined here.
  if (flag === "--ipc" && text === "shareable") return "private";
  if (text === "host") return "host";
  if (text.startsWith("container:"))
    return { container: containerId(openEngine(), text.slice("container:".length)) };
  throw optionInvalid(flag, text, "it has to be private, host or container:ID", `${flag} host`);
}

function readHosts(flags: Flags): readonly string[] {
  return flags.list("add-host").map((entry) => {
    const split = /^([^:=]+)[:=](.+)$/.exec(entry);
    const address = split?.[2]?.replace(/^\[(.*)\]$/, "$1") ?? "";
    if (split === null || !(address === "host-gateway" || /^[0-9a-fA-F.:]+$/.test(address)))
      throw optionInvalid("--add-host", entry, "it is not NAME:ADDRESS", "--add-host db:10.0.0.2");
    return `${split[1]}:${address}`;
  });
}

export function readDns(servers: readonly string[]): readonly string[] {
  return servers.map((server) => {
    if (!/^[0-9a-fA-F.:]+$/.test(server))
      throw optionInvalid("--dns", server, "it is no address", "--dns 192.0.2.1");
    return server;
  });
}

/** Parses `no`, `always`, `unless-stopped`, `on-failure[:N]`. */
export function parseRestart(text: string): RestartPolicy {
  const [name = "", count] = text.split(":", 2);
  const policy = choice("--restart", name, ["no", "always", "unless-stopped", "on-failure"]);
  if (count !== undefined && policy !== "on-failure")
    throw optionInvalid("--restart", text, "only on-failure takes a number", "--restart on-failure:3");
  return { name: policy, maximumRetries: count === undefined ? 0 : wholeNumber("--restart", count, 0) };
}

function readRestart(flags: Flags): RestartPolicy | undefined {
  const text = flags.filled("restart");
  return text === undefined ? undefined : parseRestart(text);
}

/** The limits of `run` and `create`. */
export function readResources(flags: Flags): NonNullable<CreateWish["resources"]> {
  const swap = flags.text("memory-swap");
  if (swap !== undefined && swap !== "-1" && swap !== "0" && flags.text("memory") === undefined)
    throw optionInvalid(
      "--memory-swap",
      swap,
      "it needs --memory beside it",
      "--memory 512m --memory-swap 1g",
    );
  return readChangedResources(flags);
}

/** The limits of `update`, where what is not given stays. 0 bytes and 0 processors are no wish, as in Docker. */
export function readChangedResources(flags: Flags): NonNullable<CreateWish["resources"]> {
  const bytes = (name: string): number | undefined => {
    const text = flags.text(name);
    return text === undefined ? undefined : parseSize(text) || undefined;
  };
  const count = (name: string, min: number): number | undefined => {
    const text = flags.text(name);
    return text === undefined ? undefined : wholeNumber(`--${name}`, text, min);
  };
  const memory = bytes("memory");
  if (memory !== undefined && memory < 6 * 1024 * 1024)
    throw optionInvalid(
      "--memory",
      flags.text("memory") ?? "",
      "less than 6m is not enough to start",
      "--memory 6m",
    );
  const swapText = flags.text("memory-swap");
  const memorySwap =
    swapText === undefined ? undefined : swapText === "-1" ? -1 : parseSize(swapText) || undefined;
  if (memorySwap !== undefined && memory !== undefined && memorySwap !== -1 && memorySwap < memory) {
    throw optionInvalid(
      "--memory-swap",
      swapText ?? "",
      "it counts memory and swap together, and is less than --memory",
      `--memory-swap ${flags.text("memory")}`,
    );
  }
  const cpus = Number(flags.text("cpus") || Number.NaN) === 0 ? undefined : flags.text("cpus");
  const processors = navigator.hardwareConcurrency;
  if (cpus !== undefined && !(Number(cpus) >= 0.01 && Number(cpus) <= processors))
    throw optionInvalid(
      "--cpus",
      cpus,
      `it has to be a number from 0.01 to ${processors}, for this machine has ${processors} processors`,
      `--cpus ${processors}`,
    );
  if (cpus !== undefined && (flags.has("cpu-quota") || flags.has("cpu-period")))
    throw optionsConflict("--cpus", "--cpu-quota", "both set the quota of CPU time");
  const set = (name: string): string | undefined => {
    const text = flags.filled(name);
    if (text !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text))
      throw optionInvalid(`--${name}`, text, "it is no list of numbers and ranges", `--${name} 0-1`);
    return text;
  };
  const values = {
    cpus: cpus === undefined ? undefined : Number(cpus),
    cpuShares: count("cpu-shares", 2),
    cpuQuota: count("cpu-quota", 1000),
    cpuPeriod: count("cpu-period", 1000),
    cpusetCpus: set("cpuset-cpus"),
    cpusetMems: set("cpuset-mems"),
    memory,
    memorySwap,
    memoryReservation: bytes("memory-reservation"),
    pidsLimit: count("pids-limit", -1),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

const ulimitNames = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];
const unlimited = 2 ** 53 - 1;

function readUlimit(text: string): NonNullable<CreateWish["ulimits"]>[number] {
  const match = /^([a-z]+)=(-1|unlimited|\d+)(?::(-1|unlimited|\d+))?$/.exec(text);
  if (match === null || !ulimitNames.includes(match[1] ?? ""))
    throw optionInvalid(
      "--ulimit",
      text,
      `it is not NAME=SOFT[:HARD] with a name of ${ulimitNames.join(", ")}`,
      "--ulimit nofile=1024:4096",
    );
  const value = (part: string | undefined): number =>
    part === "-1" || part === "unlimited" ? unlimited : Number(part);
  const soft = value(match[2]);
  const hard = match[3] === undefined ? soft : value(match[3]);
  if (soft > hard)
    throw optionInvalid(
      "--ulimit",
      text,
      "the soft limit is above the hard one",
      `--ulimit ${match[1]}=${match[3]}:${match[2]}`,
    );
  return { name: match[1] ?? "", soft, hard };
}

function readDevice(text: string): NonNullable<CreateWish["devices"]>[number] {
  const [source = "", second, third] = text.split(":");
  const isAccess = (part: string | undefined): part is string =>
    part !== undefined && /^[rwm]{1,3}$/.test(part);
  const target = second === undefined || (third === undefined && isAccess(second)) ? source : second;
  const access = third ?? (isAccess(second) ? second : "rwm");
  if (!source.startsWith("/") || !target.startsWith("/") || !isAccess(access))
    throw optionInvalid("--device", text, "it is not HOST[:INSIDE[:rwm]]", "--device /dev/fuse:/dev/fuse:rw");
  return { source, target, access };
}

function readSecurity(flags: Flags): Pick<CreateWish, "noNewPrivileges" | "seccomp" | "unmasked"> {
  const wish: { noNewPrivileges?: boolean; seccomp?: string; unmasked?: boolean } = {};
  for (const text of flags.list("security-opt")) {
    const split = /^([a-z-]+)(?:[=:](.*))?$/s.exec(text);
    const [, name, value] = split ?? [];
    if (name === "no-new-privileges" && (value === undefined || value === "true" || value === "false"))
      wish.noNewPrivileges = value !== "false";
    else if (name === "seccomp" && value !== undefined)
      wish.seccomp =
        value === "unconfined" ? "unconfined" : value === "builtin" ? "default" : readSeccompFile(value);
    else if (name === "systempaths" && value === "unconfined") wish.unmasked = true;
    else if (name === "label" || name === "apparmor")
      console.error(
        `vial: warning: "--security-opt ${text}" has no effect: this Vial uses neither SELinux nor AppArmor`,
      );
    else
      throw optionInvalid(
        "--security-opt",
        text,
        "it is none of seccomp=FILE, no-new-privileges, systempaths=unconfined",
        "--security-opt no-new-privileges",
      );
  }
  return wish;
}

function readSeccompFile(path: string): string {
  const text = readFile("--security-opt seccomp", path);
  let profile: { defaultAction?: unknown };
  try {
    profile = JSON.parse(text) as { defaultAction?: unknown };
  } catch (error) {
    throw optionInvalid(
      "--security-opt seccomp",
      path,
      `the file is no JSON: ${(error as Error).message}`,
      "--security-opt seccomp=unconfined",
    );
  }
  if (typeof profile.defaultAction !== "string")
    throw optionInvalid(
      "--security-opt seccomp",
      path,
      "the profile has no defaultAction",
      "--security-opt seccomp=unconfined",
    );
  return text;
}

/** Parameters that belong to a namespace of the container (sysctl(8), namespaces(7)); others would change the host. */
function readSysctls(flags: Flags): Record<string, string> {
  const pairs = readPairs("--sysctl", flags.list("sysctl"));
  for (const name of Object.keys(pairs)) {
    const own =
      /^(net\.|fs\.mqueue\.|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)$)/.test(
        name,
      );
    if (!own)
      throw optionInvalid(
        "--sysctl",
        name,
        "it belongs to no namespace of a container and would change the host",
        "--sysctl net.ipv4.ip_unprivileged_port_start=0",
      );
    if (name.startsWith("net.") && readNetworkWish(flags) === "host")
      throw optionsConflict("--sysctl", "--network host", "it would change the host's network");
  }
  return pairs;
}

function readOomScore(text: string): number {
  const value = wholeNumber("--oom-score-adj", text, -1000, 1000);
  return value;
}

function readLog(flags: Flags): CreateWish["log"] | undefined {
  const driver = flags.filled("log-driver");
  const options = readPairs("--log-opt", flags.list("log-opt"));
  if (driver === undefined && Object.keys(options).length === 0) return undefined;
  // Docker's name for a file of its own is taken for ours, so that scripts pass.
  const chosen =
    driver === undefined || driver === "json-file" || driver === "local"
      ? "k8s-file"
      : choice("--log-driver", driver, ["k8s-file", "none"]);
  for (const name of Object.keys(options)) {
    if (name !== "max-size" && name !== "max-file")
      throw optionInvalid("--log-opt", name, "it is none of max-size and max-file", "--log-opt max-size=10m");
  }
  const size = options["max-size"];
  const files = options["max-file"];
  return {
    driver: chosen,
    ...(size === undefined || size === "-1" ? {} : { maxSize: parseSize(size) }),
    ...(files === undefined ? {} : { maxFile: wholeNumber("--log-opt max-file", files, 1) }),
  };
}

function readHealth(flags: Flags): CreateWish["health"] {
  const names = ["cmd", "interval", "timeout", "start-period", "start-interval", "retries"].filter(
    (name) => flags.filled(`health-${name}`) !== undefined,
  );
  if (flags.bool("no-healthcheck")) {
    if (names[0] !== undefined)
      throw optionsConflict(
        "--no-healthcheck",
        `--health-${names[0]}`,
        "one switches the check off, the other sets it",
      );
    return null;
  }
  if (names.length === 0) return undefined;
  const duration = (name: string): number | undefined => {
    const text = flags.text(`health-${name}`);
    if (text === undefined) return undefined;
    const value = parseDuration(text);
    if (value !== 0 && value < 1e6)
      throw optionInvalid(`--health-${name}`, text, "it is less than one millisecond", `--health-${name} 1s`);
    return value;
  };
  const retries = flags.text("health-retries");
  const command = flags.filled("health-cmd");
  const values = {
    Test: command === undefined ? undefined : command === "none" ? ["NONE"] : ["CMD-SHELL", command],
    Interval: duration("interval"),
    Timeout: duration("timeout"),
    StartPeriod: duration("start-period"),
    StartInterval: duration("start-interval"),
    Retries: retries === undefined ? undefined : wholeNumber("--health-retries", retries, 0),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function readExpose(text: string): string {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null || Number(match[1]) < 1 || Number(match[2] ?? match[1]) > 65535)
    throw optionInvalid("--expose", text, "it is not PORT[/tcp|udp]", "--expose 80/tcp");
  return `${match[1]}${match[2] === undefined ? "" : `-${match[2]}`}/${match[3] ?? "tcp"}`;
}
