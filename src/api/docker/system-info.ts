import { type Engine, systemAbilities, systemFacts } from "#engine";
import type { ApiVersion } from "../api-version.ts";

/** `GET /info`: Docker's shape, filled with what is true of Vial and of this machine. */
export function systemInfo(engine: Engine, vial: string, version: ApiVersion) {
  const { CgroupMode: _mode, RunDir: _run, Rootless: isRootless, ...facts } = systemFacts(engine, vial);
  const abilities = systemAbilities(engine);
  return {
    ID: abilities.id,
    ...facts,
    Driver: "overlay2",
    DriverStatus: [["Layers", facts.Driver]],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: ["json-file", "none"],
    },
    MemoryLimit: true,
    SwapLimit: abilities.swapLimit,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: abilities.hasPidsLimit,
    OomKillDisable: false,
    IPv4Forwarding: abilities.forwardsIpv4,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: "json-file",
    NEventsListener: 0,
    OSVersion: abilities.osVersion,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      InsecureRegistryCIDRs: ["127.0.0.0/8", "::1/128"],
      IndexConfigs: {
        "docker.io": { Name: "docker.io", Mirrors: [], Secure: true, Official: true },
      },
      Mirrors: [],
    },
    GenericResources: null,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Labels: [],
    ExperimentalBuild: false,
    Swarm: noSwarm,
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: abilities.initBinary,
    ContainerdCommit: unknownCommit,
    RuncCommit: unknownCommit,
    InitCommit: unknownCommit,
    SecurityOptions: ["name=seccomp,profile=builtin", ...(isRootless ? ["name=rootless"] : [])],
    DefaultAddressPools: [],
    ...(version >= 44 ? { CDISpecDirs: [] } : {}),
    Warnings: null,
  };
}

/** There is no containerd, and what crun and catatonit were built of does not matter to a client. */
const unknownCommit = { ID: "" };

const noSwarm = {
  NodeID: "",
  NodeAddr: "",
  LocalNodeState: "inactive",
  ControlAvailable: false,
  Error: "",
  RemoteManagers: null,
};
