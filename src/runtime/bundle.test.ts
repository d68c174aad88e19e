import { expect, test } from "bun:test";
import { type BundleFacts, makeRuntimeConfig, mergeEnvironment } from "./bundle.ts";
import { defaultCapabilities } from "./container/capability.ts";
import type { ContainerSpec } from "./container-spec.ts";

const digest = `sha256:${"0".repeat(64)}` as ContainerSpec["image"]["id"];

const spec: ContainerSpec = {
  version: 1,
  id: "f".repeat(64),
  name: "test",
  created: "2026-01-01T00:00:00Z",
  image: { id: digest, manifestDigest: digest, platform: "linux/amd64", diffIds: [digest] },
  imageName: "busybox",
  entrypoint: [],
  command: ["true"],
  env: ["PATH=/bin", "A=1"],
  workingDir: "/",
  user: "",
  groupAdd: [],
  hostname: "box",
  terminal: false,
  interactive: false,
  autoRemove: false,
  readonlyRoot: false,
  init: false,
  mounts: [],
  network: "none",
  ports: [],
  publishAll: false,
  domainname: "",
  dnsSearch: [],
  dnsOptions: [],
  extraHosts: [],
  dns: [],
  restart: { name: "no", maximumRetries: 0 },
  stopSignal: "SIGTERM",
  stopTimeout: 10,
  resources: {},
  ulimits: [],
  shmSize: 64 * 1024 * 1024,
  devices: [],
  capAdd: [],
  capDrop: [],
  privileged: false,
  noNewPrivileges: false,
  seccomp: "default",
  unmasked: false,
  sysctls: {},
  labels: {},
  annotations: {},
  pid: "private",
  ipc: "private",
  uts: "private",
  cgroup: "host",
  oomScoreAdj: 0,
  log: { driver: "k8s-file" },
  health: null,
  runtime: "crun",
  exposedPorts: [],
};

const facts: BundleFacts = {
  rootfs: "/run/rootfs",
  user: { uid: 0, gid: 0, additionalGids: [0], home: "/root" },
  arch: "x64",
  rootless: false,
  oneId: false,
  sources: new Map(),
  files: new Set(),
  cgroupVersion: 1,
  cgroupsPath: "/vial-x",
  swapAccounting: true,
  heldCapabilities: [...defaultCapabilities, "CAP_NET_ADMIN", "CAP_SYS_ADMIN"],
  maxOpenFiles: 20000,
  etc: "/run/c/x/etc",
  devices: [],
  init: undefined,
  joined: {},
  compiledSeccomp: undefined,
  hasMessageQueues: true,
};

interface Linux {
  readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
  readonly maskedPaths?: readonly string[];
  readonly seccomp?: { readonly defaultAction: string };
  readonly resources?: {
    readonly memory?: object;
    readonly cpu?: object;
    readonly pids?: object;
    readonly devices: readonly object[];
  };
}
const linuxOf = (config: ReturnType<typeof makeRuntimeConfig>) => config.linux as unknown as Linux;

test("makeRuntimeConfig() isolates by default", () => {
  const config = makeRuntimeConfig(spec, facts);
  expect(linuxOf(config).namespaces.map((entry) => entry.type)).toEqual([
    "mount",
    "pid",
    "ipc",
    "uts",
    "network",
  ]);
  expect(config.process.capabilities.bounding).toHaveLength(14);
  expect(config.process.capabilities.inheritable).toEqual([]);
  expect(config.process.capabilities.ambient).toEqual([]);
  expect(linuxOf(config).seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
  expect(linuxOf(config).maskedPaths).toContain("/proc/kcore");
  expect(linuxOf(config).resources?.devices[0]).toEqual({ allow: false, access: "rwm" });
});

test("makeRuntimeConfig() gives the same bundle for the same input", () => {
  expect(JSON.stringify(makeRuntimeConfig(spec, facts))).toBe(
    JSON.stringify(makeRuntimeConfig({ ...spec }, { ...facts })),
  );
});

test("makeRuntimeConfig() never gives a user but root effective capabilities", () => {
  const { capabilities } = makeRuntimeConfig(spec, {
    ...facts,
    user: { uid: 5, gid: 5, additionalGids: [], home: "/" },
  }).process;
  expect([capabilities.effective, capabilities.permitted]).toEqual([[], []]);
});

test("makeRuntimeConfig() gives privileged containers only what the caller holds", () => {
  const config = makeRuntimeConfig({ ...spec, privileged: true }, facts);
  expect([...config.process.capabilities.bounding].sort()).toEqual([...facts.heldCapabilities].sort());
  expect(linuxOf(config).seccomp).toBeUndefined();
  expect(linuxOf(config).maskedPaths).toBeUndefined();
});

test("makeRuntimeConfig() passes the compiled filter instead of the profile", () => {
  const config = makeRuntimeConfig(spec, { ...facts, compiledSeccomp: "QUJD" });
  expect(config.annotations["run.oci.seccomp_bpf_data"]).toBe("QUJD");
  expect(linuxOf(config).seccomp).toBeUndefined();
});

test("makeRuntimeConfig() counts memory and swap as Docker does", () => {
  const memory = (resources: ContainerSpec["resources"], swapAccounting = true) =>
    linuxOf(makeRuntimeConfig({ ...spec, resources }, { ...facts, swapAccounting })).resources?.memory;
  expect(memory({ memory: 100 })).toEqual({ limit: 100, swap: 200 });
  expect(memory({ memory: 100, memorySwap: -1 })).toEqual({ limit: 100, swap: -1 });
  expect(memory({ memory: 100 }, false)).toEqual({ limit: 100 });
  expect(memory({})).toBeUndefined();
});

test("makeRuntimeConfig() turns --cpus into a quota", () => {
  expect(linuxOf(makeRuntimeConfig({ ...spec, resources: { cpus: 1.5 } }, facts)).resources?.cpu).toEqual({
    quota: 150000,
    period: 100000,
  });
});

test("makeRuntimeConfig() replaces a default mount by the user's and sorts mounts by depth", () => {
  const mounts: ContainerSpec["mounts"] = [
    { kind: "tmpfs", target: "/a/b", options: [] },
    { kind: "bind", source: "/h", target: "/a", readonly: true, propagation: "rprivate", recursive: true },
    { kind: "tmpfs", target: "/dev/shm", options: ["size=1m"] },
  ];
  const targets = makeRuntimeConfig({ ...spec, mounts }, facts).mounts.map((mount) => mount.destination);
  expect(targets.filter((target) => target === "/dev/shm")).toHaveLength(1);
  expect(targets.indexOf("/a")).toBeLessThan(targets.indexOf("/a/b"));
});

test("makeRuntimeConfig() clamps open files to what the caller may set", () => {
  const [limit] = makeRuntimeConfig(spec, { ...facts, maxOpenFiles: 500 }).process.rlimits;
  expect(limit).toEqual({ type: "RLIMIT_NOFILE", soft: 500, hard: 500 });
});

test("makeRuntimeConfig() leaves control groups out where the user may use none", () => {
  const config = linuxOf(
    makeRuntimeConfig({ ...spec, resources: { memory: 1 } }, { ...facts, cgroupsPath: undefined }),
  );
  expect(config.resources).toBeUndefined();
});

test("makeRuntimeConfig() refuses an image without a command", () => {
  expect(() => makeRuntimeConfig({ ...spec, command: [] }, facts)).toThrow(
    'Cannot run "busybox": the image names no command',
  );
});

test.each([
  ["", "/"],
  ["/srv//./app/../", "/srv"],
  ["/../../proc/self/../self/fd/7", "/proc/self/fd/7"],
  ["app", "/app"],
])("makeRuntimeConfig() cleans the working folder %p", (workingDir, cwd) => {
  expect(makeRuntimeConfig({ ...spec, workingDir }, facts).process.cwd).toBe(cwd);
});

test.each([
  ["command", { command: ["echo", "a\0b"] }],
  ["command", { entrypoint: ["/bin/sh\0"] }],
  ["environment", { env: ["A=b\0c"] }],
  ["working folder", { workingDir: "/a\0b" }],
])("makeRuntimeConfig() refuses a zero byte in the %s", (where, wish) => {
  expect(() => makeRuntimeConfig({ ...spec, ...wish }, facts)).toThrow(
    `Cannot run a program with a zero byte in its ${where}`,
  );
});

test("mergeEnvironment() lets later settings win in the first one's place", () => {
  expect(mergeEnvironment(["A=1", "B=2"], ["A=3", "C=4"])).toEqual(["A=3", "B=2", "C=4"]);
});
