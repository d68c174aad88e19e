import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { openEngine } from "#engine";
import { readCreateBody } from "./wish.ts";

/** What the docker command line 28 sends for a `docker run -d` with many flags, recorded. */
const whatDockerRunSends = JSON.parse(
  readFileSync(new URL("testdata/docker-run.json", import.meta.url), "utf8"),
) as object;

const nowhere = "/nonexistent-vial-root";

function read(body: object) {
  return readCreateBody(
    openEngine({ root: nowhere, run: nowhere }),
    { Image: "busybox", ...body },
    undefined,
  );
}

test("readCreateBody() takes what the docker command line sends, and warns of nothing", () => {
  const { image, wish, warnings } = read(whatDockerRunSends);
  expect([image, warnings]).toEqual(["busybox:latest", []]);
  expect(wish).toMatchObject({
    command: ["httpd", "-f", "-p", "80"],
    env: ["A=1"],
    labels: { lab: "1" },
    exposedPorts: ["80/tcp"],
    restart: { name: "on-failure", maximumRetries: 2 },
    resources: { memory: 67108864, cpus: 0.5 },
    ulimits: [{ name: "nofile", soft: 99, hard: 99 }],
    capAdd: ["CAP_NET_BIND_SERVICE"],
    capDrop: ["ALL"],
    readonlyRoot: true,
    network: { endpoints: [{ network: "bridge", aliases: [] }] },
    health: { Test: ["CMD-SHELL", "true"], Interval: 2e9 },
    mounts: [
      { kind: "volume", name: "myvol", target: "/data", anonymous: false },
      { kind: "tmpfs", target: "/tmp", options: [] },
    ],
  });
  expect(wish.ports?.[0]).toEqual({
    hostAddress: "0.0.0.0",
    hostPort: 18080,
    containerPort: 80,
    protocol: "tcp",
  });
});

test("an entrypoint that is one empty word takes the image's away", () => {
  expect(read({ Entrypoint: [""] }).wish.entrypoint).toEqual([]);
  expect(read({ Entrypoint: null }).wish.entrypoint).toBeUndefined();
  expect(read({ Entrypoint: "sh" }).wish.entrypoint).toEqual(["sh"]);
});

test.each([
  [{ HostPort: "8000-8010" }, { hostPort: 8000, hostPortEnd: 8010 }],
  [{ HostPort: "0", HostIp: "127.0.0.1" }, { hostAddress: "127.0.0.1" }],
  [
    { HostPort: "53", HostIp: "::1" },
    { hostAddress: "::1", hostPort: 53 },
  ],
])("the binding %j of a port is %j", (binding, wanted) => {
  const { wish } = read({ HostConfig: { PortBindings: { "53/udp": [binding] } } });
  expect(wish.ports?.[0]).toMatchObject({ ...wanted, containerPort: 53, protocol: "udp" });
});

test("a port that is bound to no address is at all of them", () => {
  const { wish } = read({ HostConfig: { PortBindings: { "80": [{}] } } });
  expect(wish.ports?.map(({ hostAddress }) => hostAddress)).toContain("0.0.0.0");
});

test.each([
  ["none", "none"],
  ["host", "host"],
  ["default", { endpoints: [{ network: "bridge", aliases: [] }] }],
  ["", { endpoints: [{ network: "bridge", aliases: [] }] }],
  ["mine", { endpoints: [{ network: "mine", aliases: [] }] }],
])("NetworkMode %p", (mode, network) => {
  expect(read({ HostConfig: { NetworkMode: mode } }).wish.network).toEqual(network as never);
});

test("EndpointsConfig gives the network of NetworkMode its addresses, and others after it", () => {
  const { wish } = read({
    MacAddress: "02:42:AC:11:00:99",
    HostConfig: { NetworkMode: "front" },
    NetworkingConfig: {
      EndpointsConfig: {
        back: { Aliases: ["db"] },
        front: { IPAMConfig: { IPv4Address: "10.9.0.5" } },
      },
    },
  });
  expect(wish.network).toEqual({
    endpoints: [
      { network: "front", ipv4: "10.9.0.5", aliases: [], mac: "02:42:ac:11:00:99" },
      { network: "back", aliases: ["db"] },
    ],
  });
});

test("empty lists of masked and read-only paths are systempaths=unconfined", () => {
  expect(read({ HostConfig: { MaskedPaths: [], ReadonlyPaths: [] } }).wish.unmasked).toBe(true);
  expect(read({ HostConfig: { MaskedPaths: null, ReadonlyPaths: null } }).wish.unmasked).toBeUndefined();
});

test.each([
  [{ Healthcheck: { Test: ["NONE"] } }, null],
  [{ Healthcheck: { Test: [] } }, {}],
  [{}, undefined],
])("the health check of %j is %j", (body, health) => {
  expect(read(body).wish.health).toEqual(health);
});

test.each([
  [
    { Mounts: [{ Type: "bind", Target: "/a", Source: "/nowhere-at-all" }] },
    "bind source path does not exist",
  ],
  [{ Mounts: [{ Type: "bind", Target: "/a", Source: "b" }] }, "mount path must be absolute"],
  [{ Mounts: [{ Type: "tmpfs", Target: "/a", Source: "/b" }] }, "field Source must not be specified"],
  [
    { Mounts: [{ Type: "tmpfs", Target: "/a", BindOptions: { Propagation: "slave" } }] },
    "field BindOptions must not",
  ],
  [{ Mounts: [{ Type: "volume", Target: "/a", VolumeOptions: { Subpath: "../b" } }] }, "invalid subpath"],
  [{ Mounts: [{ Type: "npipe", Target: "/a" }] }, 'mount type "npipe" is not supported'],
  [{ Binds: ["vv:/a", "ww:/a"] }, "Duplicate mount point: /a"],
  [{ Binds: ["vv:/a:shared"] }, "must not reach the host"],
  [{ Binds: ["a/b:/c"] }, "includes invalid characters for a local volume name"],
  [{ Tmpfs: { "/a": "exec,colour=red" } }, 'invalid tmpfs option ["colour=red"]'],
  [{ NanoCpus: 1 }, "range of CPUs is from 0.01"],
  [{ NanoCpus: 5e8, CpuQuota: 5000 }, "Nano CPUs and CPU Period cannot both be set"],
  [{ MemorySwap: 2e8 }, "You should always set the Memory limit"],
  [{ RestartPolicy: { Name: "always", MaximumRetryCount: 1 } }, "only be used with 'on-failure'"],
  [{ SecurityOpt: ["colour=red"] }, 'invalid --security-opt: "colour=red"'],
  [{ Ulimits: [{ Name: "nofile", Soft: 9, Hard: 1 }] }, "must be less than or equal"],
  [{ LogConfig: { Type: "syslog" } }, "no log driver named 'syslog' is registered"],
  [{ LogConfig: { Type: "json-file", Config: { tag: "x" } } }, "unknown log opt 'tag'"],
  [{ ExtraHosts: ["db"] }, "bad format for add-host"],
  [{ ExtraHosts: ["db:1.2.3.4\n6.6.6.6 evil"] }, "bad format for add-host"],
  [{ Dns: ["dns.example"] }, "invalid IP address"],
  [{ PortBindings: { "80/sctp": [{}] } }, "Vial publishes tcp and udp"],
  [{ PidMode: "colour" }, "invalid PID mode"],
  [{ UsernsMode: "keep-id" }, "HostConfig.UsernsMode is not supported"],
  [{ Binds: { "/a": {} } }, "HostConfig.Binds has to be a list of texts"],
])("HostConfig %j is refused", (host, sentence) => {
  expect(() => read({ HostConfig: host })).toThrow(sentence);
});

test("readCreateBody() takes the size of the terminal, and refuses what is none", () => {
  const size = (ConsoleSize: unknown) => read({ Tty: true, HostConfig: { ConsoleSize } }).wish.consoleSize;
  expect(size([33, 77])).toEqual({ rows: 33, columns: 77 });
  expect(size([0, 0])).toBeUndefined();
  expect(() => size([1, 70_000])).toThrow("invalid ConsoleSize");
});
