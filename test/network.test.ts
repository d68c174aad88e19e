import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type Outcome, openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Networks as root, on a host of the test's own: a network namespace, so that nothing of this machine is touched and nobody beside
// us is in the way. A second one behind it is the rest of the world, which knows no way to a container's address.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: networks, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
let host: ReturnType<typeof hold>;
let world: ReturnType<typeof hold>;

/** A process that keeps a network namespace. */
function hold() {
  return Bun.spawn(["unshare", "-n", "sleep", "1000"], { stdio: ["ignore", "ignore", "ignore"] });
}

function inside(pid: number, ...words: readonly string[]): Promise<Outcome> {
  return vial.command(["nsenter", `--net=/proc/${pid}/ns/net`, ...words]);
}

/** Runs `vial WORDS` on the test's host. */
function run(...words: readonly string[]): Promise<Outcome> {
  return inside(host.pid, vial.program, ...words);
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...words);
  if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return out.trim();
}

async function refused(...words: readonly string[]): Promise<string> {
  const { code, err } = await run(...words);
  expect(code).not.toBe(0);
  return err;
}

async function ping(container: string, target: string): Promise<boolean> {
  return (await run("exec", container, "ping", "-c1", "-W1", target)).code === 0;
}

async function field(container: string, template: string): Promise<string> {
  return await ok("inspect", "--type", "container", "--format", template, container);
}

function sleeper(name: string, ...flags: readonly string[]): Promise<string> {
  return ok("run", "-d", "--name", name, ...flags, "busybox", "sleep", "1000");
}

function leases(): readonly string[] {
  return readdirSync(`${vial.root}/run/networks`, { recursive: true, encoding: "utf8" })
    .filter((path) => /\/(\d+\.\d+\.|f)/.test(path))
    .map((path) => path.replace(/^.*\//, ""));
}

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  host = hold();
  world = hold();
  const own = readlink(process.pid);
  await vial.until("the namespaces are there", () =>
    [host.pid, world.pid].every((pid) => readlink(pid) !== own),
  );
  const script = [
    "ip link set lo up",
    `ip link add up0 type veth peer name w0 netns ${world.pid}`,
    "ip addr add 192.0.2.1/24 dev up0",
    "ip link set up0 up",
  ];
  await inside(host.pid, "sh", "-ec", script.join("\n"));
  // The world knows where the containers are as an attacker on the same wire would: by a route of its own.
  const beyond = ["ip addr add 192.0.2.2/24 dev w0", "ip link set w0 up", "ip link set lo up"];
  await inside(world.pid, "sh", "-ec", beyond.join("\n"));
}, setupTimeout);

afterEach(async () => {
  if (why !== undefined) return;
  const ids = vial.containerIds();
  if (ids.length > 0) await run("rm", "-f", ...ids);
  await run("network", "prune", "-f");
});

afterAll(async () => {
  await vial?.close();
  host?.kill();
  world?.kill();
}, setupTimeout);

function readlink(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/net/dev`, "utf8");
  } catch {
    return "";
  }
}

suite("the default network", () => {
  test("gives an address on a bridge, by which host and containers reach each other", async () => {
    await sleeper("one");
    await sleeper("two", "--hostname", "deux", "--domainname", "example.org");
    const address = await field("one", "{{.NetworkSettings.IPAddress}}");
    expect(address).toMatch(/^10\.88\.0\.\d+$/);
    expect(
      await field("one", "{{.HostConfig.NetworkMode}} {{.NetworkSettings.Networks.bridge.IPAddress}}"),
    ).toBe(`bridge ${address}`);
    expect(await ping("two", address)).toBe(true);
    expect(await ping("two", await field("one", "{{.NetworkSettings.GlobalIPv6Address}}"))).toBe(true);
    expect((await inside(host.pid, "busybox", "ping", "-c1", "-W1", address)).code).toBe(0);
    const hosts = await ok("exec", "two", "cat", "/etc/hosts");
    expect(hosts).toContain(`${await field("two", "{{.NetworkSettings.IPAddress}}")}\tdeux.example.org deux`);
    expect(await ok("exec", "two", "hostname", "-f")).toBe("deux.example.org");
    expect(await ping("two", "one")).toBe(false);
  });

  test("leads out with the host's address, and lets nobody in who was not asked", async () => {
    await sleeper("one");
    expect(await ping("one", "192.0.2.2")).toBe(true);
    const address = await field("one", "{{.NetworkSettings.IPAddress}}");
    await inside(world.pid, "ip", "route", "replace", "10.88.0.0/16", "via", "192.0.2.1");
    expect((await inside(world.pid, "busybox", "ping", "-c1", "-W1", address)).code).toBe(1);
  });

  test("takes an address and a MAC that were asked for, once", async () => {
    await sleeper("one", "--ip", "10.88.7.7", "--mac-address", "02-11-22-33-44-55");
    expect(await ok("exec", "one", "ip", "addr", "show", "eth0")).toContain("02:11:22:33:44:55");
    expect(await refused("run", "--rm", "--ip", "10.88.7.7", "busybox", "true")).toContain(
      'address 10.88.7.7 in the network "bridge": the container',
    );
    expect(leases()).toContain("10.88.7.7");
    await ok("rm", "-f", "one");
    expect(leases()).not.toContain("10.88.7.7");
    expect(await ok("run", "--rm", "--ip", "10.88.7.7", "busybox", "hostname", "-i")).toContain("10.88.7.7");
  });

  test("comes back with its rules when somebody takes it away, as a reboot does", async () => {
    await ok("run", "--rm", "busybox", "true");
    const bridge = await ok(
      "network",
      "inspect",
      "-f",
      '{{index .Options "com.docker.network.bridge.name"}}',
      "bridge",
    );
    await inside(host.pid, "ip", "link", "delete", bridge);
    await inside(host.pid, "nft", "flush", "ruleset");
    expect((await run("run", "--rm", "busybox", "ping", "-c1", "-W1", "192.0.2.2")).code).toBe(0);
  });
});

suite("networks of their own", () => {
  test("find containers by name, alias and short id, across several, and in no other", async () => {
    await ok("network", "create", "front");
    await ok("network", "create", "--internal", "back");
    const id = await sleeper("db", "--network", "back", "--network-alias", "Postgres");
    await sleeper("web", "--network", "front", "--network", "name=back,alias=site");
    await sleeper("alone", "--network", "front");
    for (const name of ["db", "postgres", id.slice(0, 12)]) expect(await ping("web", name)).toBe(true);
    expect(await ping("db", "site")).toBe(true);
    expect(await ping("alone", "web")).toBe(true);
    expect(await ping("alone", "db")).toBe(false);
    expect(await ok("exec", "alone", "sh", "-c", "nslookup db 2>&1 || true")).toContain("NXDOMAIN");
    await ok("rename", "db", "store");
    expect(await ping("web", "store")).toBe(true);
    expect(await field("web", "{{range $name, $one := .NetworkSettings.Networks}}{{$name}} {{end}}")).toBe(
      "back front",
    );
  });

  test("are apart from each other, and an internal one from the world", async () => {
    await ok("network", "create", "front");
    await ok("network", "create", "--internal", "back");
    await sleeper("web", "--network", "front");
    await sleeper("db", "--network", "back");
    expect(await ping("web", await field("db", "{{.NetworkSettings.Networks.back.IPAddress}}"))).toBe(false);
    expect(await ping("web", "192.0.2.2")).toBe(true);
    expect(await ok("exec", "db", "ip", "route")).not.toContain("default");
    await ok("exec", "--privileged", "db", "ip", "route", "add", "default", "via", "10.89.1.1").catch(
      () => "",
    );
    expect(await ping("db", "192.0.2.2")).toBe(false);
  });

  test("carry IPv6 alone, and keep containers apart where that was asked for", async () => {
    await ok("network", "create", "--ipv6", "--ipv4=false", "--subnet", "fd00:77::/64", "six");
    await ok("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "apart");
    await sleeper("one", "--network", "six", "--ip6", "fd00:77::9", "--network", "apart");
    await sleeper("two", "--network", "six", "--network", "apart");
    expect(await ping("two", "fd00:77::9")).toBe(true);
    expect(await ping("two", await field("one", "{{.NetworkSettings.Networks.apart.IPAddress}}"))).toBe(
      false,
    );
    expect(await ping("two", "192.0.2.2")).toBe(true);
  });

  test("take containers in and out while they run, and when they do not", async () => {
    await ok("network", "create", "front");
    await ok("network", "create", "back");
    await sleeper("db", "--network", "back");
    await sleeper("web", "--network", "front");
    await ok("network", "connect", "--alias", "shop", "--ip", "10.89.1.77", "back", "web");
    expect(await ping("web", "db")).toBe(true);
    expect(await ping("db", "shop")).toBe(true);
    expect(await ok("network", "inspect", "-f", "{{json .Containers}}", "back")).toContain("10.89.1.77/24");
    expect(await refused("network", "connect", "back", "web")).toContain("twice");
    await ok("network", "disconnect", "front", "web");
    expect(await ok("exec", "web", "ip", "route")).toContain("default via 10.89.1.1 dev eth1");
    expect(await refused("network", "rm", "back")).toMatch(/containers are in it \((web, db|db, web)\)/);
    await ok("stop", "-t", "0", "web");
    await ok("network", "disconnect", "back", "web");
    await ok("network", "connect", "front", "web");
    await ok("start", "web");
    expect(await field("web", "{{json .NetworkSettings.Networks}}")).toMatch(
      /^\{"front":.*"IPAddress":"10\.89\.0\.\d+"/,
    );
  });

  test("let published ports follow a container from one to another", async () => {
    await ok("network", "create", "front");
    await ok("network", "create", "back");
    await ok(
      ...["run", "-d", "--name", "web", "--network", "front", "-p", "192.0.2.1:8088:80", "busybox"],
      ...["sh", "-c", "echo found > /index.html; httpd -f -h / -p 80"],
    );
    const ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 2 192.0.2.1 8088";
    const fetch = async () => (await inside(world.pid, "sh", "-c", ask)).out.includes("found");
    await vial.until("the page is served", fetch);
    await ok("network", "connect", "back", "web");
    await ok("network", "disconnect", "front", "web");
    expect(await fetch()).toBe(true);
    expect(await field("web", '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}')).toBe("8088");
    await ok("network", "disconnect", "back", "web");
    expect(await fetch()).toBe(false);
    await ok("network", "connect", "front", "web");
    expect(await fetch()).toBe(true);
  });

  test("tell what happens to them", async () => {
    const id = await ok("network", "create", "front");
    await ok("run", "--rm", "--network", "front", "busybox", "true");
    await ok("network", "rm", "front");
    const events = await ok("events", "--since", "1m", "--until", "0s", "--filter", "type=network");
    const actions = events.split("\n").flatMap((line) => (line.includes(id) ? [line.split(" ")[2]] : []));
    expect(actions).toEqual(["create", "connect", "disconnect", "destroy"]);
  });

  test("have as many addresses as their subnet, each given once, also to those who come at once", async () => {
    await ok("network", "create", "--subnet", "10.99.0.0/29", "small");
    const names = ["aa", "bb", "cc", "dd", "ee", "ff", "gg"];
    const codes = await Promise.all(
      names.map(
        async (name) =>
          (await run("run", "-d", "--name", name, "--network", "small", "busybox", "sleep", "99")).code,
      ),
    );
    expect(codes.filter((code) => code === 0)).toHaveLength(5);
    expect(
      leases()
        .filter((address) => address.startsWith("10.99.0."))
        .sort(),
    ).toEqual([2, 3, 4, 5, 6].map((last) => `10.99.0.${last}`));
    expect(await refused("run", "--rm", "--network", "small", "busybox", "true")).toContain(
      "all its addresses are given",
    );
  });

  test("put a container on the wire of an interface of the host by macvlan", async () => {
    const parent = [
      "-d",
      "macvlan",
      "-o",
      "parent=up0",
      "--subnet",
      "192.0.2.0/24",
      "--gateway",
      "192.0.2.2",
    ];
    await ok("network", "create", ...parent, "--ip-range", "192.0.2.64/26", "wire");
    await sleeper("one", "--network", "wire");
    await sleeper("two", "--network", "wire", "--ip", "192.0.2.99");
    expect(await ping("one", "192.0.2.99")).toBe(true);
    expect(await ping("one", "192.0.2.2")).toBe(true);
    expect((await inside(world.pid, "busybox", "ping", "-c1", "-W1", "192.0.2.99")).code).toBe(0);
    expect(await ok("exec", "one", "ip", "route")).toContain("default via 192.0.2.2");
    await ok("network", "disconnect", "wire", "one");
    expect(await ok("exec", "one", "ip", "addr")).not.toContain("192.0.2.");
    expect(await refused("network", "create", "-d", "macvlan", "-o", "parent=nope0", "x")).toContain("nope0");
  });

  test("give a container its place again when it starts again, and share it with who joins it", async () => {
    await ok("network", "create", "front");
    await sleeper("web", "--network", "front", "--ip", "10.89.0.50");
    await ok("restart", "-t", "0", "web");
    expect(await field("web", "{{.NetworkSettings.Networks.front.IPAddress}}")).toBe("10.89.0.50");
    const joined = ["run", "--rm", "--network", "container:web", "busybox"];
    expect(await ok(...joined, "hostname", "-i")).toContain("10.89.0.50");
    expect(await ok(...joined, "ping", "-c1", "-W1", "web")).toContain("10.89.0.50");
    await ok(
      ...["run", "-d", "--name", "again", "--network", "front", "--restart", "on-failure:1", "busybox"],
      ...["sh", "-c", "hostname -i; exit 1"],
    );
    await vial.until(
      "it has run twice",
      async () => (await ok("logs", "again")).split("10.89.0.").length === 3,
    );
    await vial.until("its address is given back", () => !leases().some((lease) => lease !== "10.89.0.50"));
  });

  test("let a container have a name of its own for another, also when that starts again", async () => {
    await sleeper("db");
    await sleeper("web", "--link", "db:store");
    expect(await ping("web", "store")).toBe(true);
    const before = await field("db", "{{.NetworkSettings.IPAddress}}");
    await ok("restart", "-t", "0", "db");
    const after = await field("db", "{{.NetworkSettings.IPAddress}}");
    expect(after).not.toBe(before);
    expect(await ok("exec", "web", "cat", "/etc/hosts")).toContain(`${after}\tstore db `);
    expect(await ping("web", "store")).toBe(true);
    expect(await refused("run", "--rm", "--link", "nobody", "busybox", "true")).toContain("nobody");
    expect(await refused("run", "--rm", "--link", "db:a b", "busybox", "true")).toContain('the name "a b"');
  });

  test("are made anew where a kill -9 left a bridge half made", async () => {
    await ok("network", "create", "front");
    const bridge = `br-${(await ok("network", "inspect", "-f", "{{.Id}}", "front")).slice(0, 12)}`;
    await inside(host.pid, "ip", "link", "set", bridge, "alias", "");
    await inside(host.pid, "ip", "addr", "flush", "dev", bridge);
    await sleeper("web", "--network", "front");
    expect(await ping("web", "192.0.2.2")).toBe(true);
    await inside(host.pid, "ip", "link", "delete", bridge);
    await inside(host.pid, "ip", "link", "add", bridge, "type", "bridge");
    expect(await refused("run", "--rm", "--network", "front", "busybox", "true")).toContain(
      `Cannot make the interface ${bridge} of the network "front": the host has one of this name`,
    );
    await inside(host.pid, "ip", "link", "delete", bridge);
  });

  test("are swept of what a kill -9 left", async () => {
    await ok("network", "create", "front");
    const id = await sleeper("web", "--network", "front");
    const [address = ""] = leases();
    expect(await field("web", "{{.NetworkSettings.Networks.front.IPAddress}}")).toBe(address);
    const bundle = `${vial.root}/run/c/${id.slice(0, 16)}`;
    for (const file of ["conmon.pid", "pid"])
      process.kill(Number(readFileSync(`${bundle}/${file}`, "utf8")), "SIGKILL");
    await vial.until(
      "the container is seen to be dead",
      async () => !(await ok("ps", "-q")).includes(id.slice(0, 12)),
    );
    expect(leases()).toEqual([]);
    expect(readdirSync(`${vial.root}/run/dns/c`).filter((name) => name.length === 64)).toEqual([]);
  });
});

suite("what is asked wrongly", () => {
  test.each([
    [["network", "create", "a/b"], 'Cannot use "a/b" as the name of a network'],
    [["network", "create", "a\nb"], "as the name of a network"],
    [["network", "create", "host"], "predefined"],
    [["network", "rm", "bridge"], "predefined"],
    [["network", "create", "-d", "overlay", "x"], "--driver overlay"],
    [["network", "create", "-o", "foo=bar", "x"], "-o foo=bar"],
    [["network", "create", "-o", "com.docker.network.bridge.name=a;b", "x"], "15 letters"],
    [["network", "create", "--subnet", "10.0.0.0/33", "x"], "--subnet 10.0.0.0/33"],
    [
      ["network", "create", "--subnet", "192.0.2.0/25", "x"],
      "it overlaps a route or an address of this host",
    ],
    [["network", "create", "--subnet", "10.97.0.0/24", "--gateway", "10.96.0.1", "x"], "--gateway 10.96.0.1"],
    [["network", "create", "--gateway", "10.96.0.1", "x"], "it needs --subnet"],
    [["network", "create", "--config-only", "x"], "swarm"],
    [["run", "--rm", "--network", "brigde", "busybox"], 'did you mean "bridge"?'],
    [["run", "--rm", "--network", "../../etc", "busybox"], "Cannot find the network"],
    [["run", "--rm", "--ip", "192.0.2.9", "busybox"], "none of its subnets has it"],
    [["run", "--rm", "--ip", "10.88.0.1", "busybox"], "none of its subnets has it"],
    [["run", "--rm", "--mac-address", "01:00:5e:00:00:01", "busybox"], "address for many"],
    [["run", "--rm", "--network-alias", "db", "busybox"], "no names are looked up"],
    [["run", "--rm", "--network", "none", "--ip", "10.88.0.9", "busybox"], "--ip"],
    [["run", "--rm", "--network", "host", "--network", "bridge", "busybox"], "no others"],
    [["run", "--rm", "--network", "name=bridge,foo=1", "busybox"], 'knows no "foo"'],
    [["network", "inspect", "nope"], "Cannot find the network"],
  ] as const)("vial %p", async (words, said) => expect(await refused(...words)).toContain(said));
});
