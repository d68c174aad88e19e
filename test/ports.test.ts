import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostAddress, hostAddress6, PrivateHost } from "./private-host.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Published ports, seen from the host, from another host on the wire, and from containers.

const missing = ["socat", "curl", "ip", "nft"].find((program) => Bun.which(program) === null);
const why = whyNoContainers() ?? (missing === undefined ? undefined : `${missing} is not here`);
if (why !== undefined) console.warn(`skipped: published ports, because ${why}`);

let vial: TestVial;
let host: PrivateHost;

/** A web server in a container. */
async function serve(name: string, ...flags: readonly string[]): Promise<void> {
  await host.ok("run", "-d", "--name", name, ...flags, "web", "httpd", "-f", "-p", "[::]:80", "-h", "/www");
  await host.ok("exec", name, "sh", "-c", `echo I am ${name} > /www/index.html`);
}

async function refusal(...words: readonly string[]): Promise<string> {
  const { code, err } = await host.run(...words);
  expect([125, 1]).toContain(code);
  return err;
}

describe.skipIf(why !== undefined)("published ports", () => {
  beforeAll(async () => {
    vial = await openVial();
    host = await PrivateHost.open(vial);
    const { code, err } = await vial.call(["build", "-q", "-t", "web", "-f", "-", "."], {
      input: "FROM busybox\nRUN mkdir /www\nEXPOSE 80 81/udp\n",
    });
    if (code !== 0) throw new Error(err);
  }, setupTimeout);

  afterEach(async () => {
    for (const server of servers.splice(0)) server.kill();
    const ids = vial.containerIds();
    if (ids.length > 0) await host.ok("rm", "-f", ...ids);
    expect(relays()).toEqual([]);
    expect(records()).toEqual([]);
    expect((await host.sh("host", "nft list table inet vial-ports")).out).not.toMatch(/(tcp|udp) \. \d+ : /);
  }, setupTimeout);

  afterAll(async () => {
    await vial?.close();
    host?.close();
  }, setupTimeout);

  /** The processes that listen for ports of this test's containers. */
  function relays(): readonly string[] {
    const marks = seen.map((id) => `-lpvial-port-${id.slice(0, 12)}`);
    return readdirSync("/proc").filter((pid) => {
      try {
        const words = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") : [];
        return marks.some((mark) => words.includes(mark));
      } catch {
        return false;
      }
    });
  }
  function records(): readonly string[] {
    const folder = `${vial.root}/run/ports`;
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  const seen: string[] = [];
  async function remember(name: string): Promise<string> {
    const id = await host.ok("inspect", "--format", "{{.Id}}", name);
    seen.push(id);
    return id;
  }

  test("without an address a port is on both loopbacks, and nowhere else", async () => {
    await serve("aa", "-p", "8080:80");
    await remember("aa");
    await waitFor("127.0.0.1:8080", "I am aa");
    expect(await host.get("host", "[::1]:8080")).toBe("I am aa");
    expect(await host.get("host", `${hostAddress}:8080`)).toBe("curl 7");
    expect(await host.get("peer", `${hostAddress}:8080`)).toBe("curl 7");
    expect(await host.ok("port", "aa")).toBe("80/tcp -> [::1]:8080\n80/tcp -> 127.0.0.1:8080");
    expect(await host.ok("port", "aa", "80/tcp")).toBe("127.0.0.1:8080\n[::1]:8080");
    expect(await host.ok("ps", "--format", "{{.Ports}}")).toBe(
      "81/udp, 127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp",
    );
    const ports = JSON.parse(await host.ok("inspect", "--format", "{{json .NetworkSettings.Ports}}", "aa"));
    expect(ports["80/tcp"]).toContainEqual({ HostIp: "127.0.0.1", HostPort: "8080" });
  });

  test("at all addresses a port is reached from everywhere, and the container sees who calls", async () => {
    await serve("aa", "-p", "0.0.0.0:8080:80", "-p", "[::]:8080:80");
    await remember("aa");
    for (const authority of ["127.0.0.1", "[::1]", hostAddress, `[${hostAddress6}]`])
      await waitFor(`${authority}:8080`, "I am aa");
    expect(await host.get("peer", `${hostAddress}:8080`)).toBe("I am aa");
    expect(await host.get("peer", `[${hostAddress6}]:8080`)).toBe("I am aa");
    await serveInside("aa", "TCP6-LISTEN:81,ipv6only=0,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR");
    await host.ok("update", "aa", "--publish-add", "0.0.0.0:8081:81");
    const { out } = await host.sh("peer", `socat -T2 - TCP4:${hostAddress}:8081 </dev/null`);
    expect(out).toContain("c000:0202");
  });

  test("a container reaches its own published port, and that of another one", async () => {
    await serve("aa", "-p", "0.0.0.0:8080:80");
    await remember("aa");
    await waitFor("127.0.0.1:8080", "I am aa");
    await serve("bb");
    // busybox wget ends with a fault where it looks up names in a static program.
    const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${hostAddress} 8080`;
    for (const name of ["aa", "bb"])
      expect(await host.ok("exec", name, "sh", "-c", ask)).toEndWith("I am aa");
  });

  test("[::1] leads to a container without IPv6", async () => {
    await host.ok("network", "create", "--subnet", "10.201.7.0/24", "four");
    await serve("aa", "--network", "four", "-p", "8080:80");
    await remember("aa");
    await waitFor("[::1]:8080", "I am aa");
    await host.ok("rm", "-f", "aa");
    await host.ok("network", "rm", "four");
  });

  test("UDP goes there and back, on every loopback and from outside", async () => {
    await host.ok(
      "run",
      "-d",
      "--name",
      "uu",
      "-p",
      "5353:53/udp",
      "-p",
      "0.0.0.0:5354:53/udp",
      "web",
      "sleep",
      "1000",
    );
    await remember("uu");
    await serveInside("uu", "UDP6-LISTEN:53,ipv6only=0,fork,reuseaddr", "PIPE");
    for (const authority of ["127.0.0.1:5353", "[::1]:5353", "127.0.0.1:5354"])
      expect((await askUdp("host", authority)).out).toBe("hi\n");
    expect((await askUdp("peer", `${hostAddress}:5354`)).out).toBe("hi\n");
  });

  test("the kernel chooses one number for both families, and -P takes what is exposed", async () => {
    await serve("aa", "-p", "90", "-P");
    await remember("aa");
    const lines = (await host.ok("port", "aa")).split("\n");
    const numbers = (port: string) =>
      lines.filter((line) => line.startsWith(port)).map((line) => line.replace(/.*:/, ""));
    for (const port of ["80/tcp", "81/udp", "90/tcp"]) {
      expect(numbers(port)).toHaveLength(2);
      expect(new Set(numbers(port)).size).toBe(1);
    }
    await waitFor(`[::1]:${numbers("80/tcp")[0]}`, "I am aa");
  });

  test("of a range the first free port is taken, and two ranges go side by side", async () => {
    await serve("aa", "-p", "8000:80");
    await remember("aa");
    await host.ok(
      "run",
      "-d",
      "--name",
      "bb",
      "-p",
      "8000-8002:80",
      "-p",
      "8100-8101:90-91",
      "web",
      "sleep",
      "1000",
    );
    await remember("bb");
    expect(await host.ok("port", "bb", "80")).toContain("127.0.0.1:8001");
    expect(await host.ok("port", "bb", "91")).toContain("127.0.0.1:8101");
    expect(await refusal("run", "--rm", "-p", "8000-8001:80", "web", "true")).toContain("all are taken");
  });

  test("a port that is taken names who has it", async () => {
    await serve("holder", "-p", "8080:80");
    await remember("holder");
    for (const flag of ["8080:80", "0.0.0.0:8080:80", "[::1]:8080:80"])
      expect(await refusal("run", "--rm", "-p", flag, "web", "true")).toContain(
        'the container "holder" has it',
      );
    const program = "socat TCP4-LISTEN:9090,bind=127.0.0.1,fork PIPE >/dev/null 2>&1 & echo $!";
    const pid = (await host.sh("host", program)).out.trim();
    await vial.until("it listens", async () => (await host.sh("host", "ss -ltn")).out.includes(":9090"));
    expect(await refusal("run", "--rm", "-p", "9090:80", "web", "true")).toContain(`"socat" (pid ${pid})`);
    process.kill(Number(pid));
  });

  test.each([
    ["70000:80", "no port from 0 to 65535"],
    ["80:0", "no port from 1 to 65535"],
    ["1.2.3:80:80", "no address"],
    ["8000-8002:90-91", "not as many"],
    ["80/sctp", "TCP and UDP alone"],
    ["203.0.113.9:8080:80", "the host does not have this address"],
    ["127.0.0.1:80:80 }; flush ruleset", "no port"],
  ])("-p %s is refused", async (flag, reason) => {
    expect(await refusal("run", "--rm", "-p", flag, "web", "true")).toContain(reason);
  });

  test("update adds and ends ports of a running container, and open connections go on", async () => {
    await host.ok("run", "-d", "--name", "aa", "-p", "8080:80", "web", "sleep", "1000");
    await remember("aa");
    await serveInside("aa", "TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr", "PIPE");
    const talk = (address: string) =>
      host.sh("host", `(echo one; sleep 2; echo two; sleep 0.3) | socat -t1 - ${address}`);
    const open = [talk("TCP4:127.0.0.1:8080"), talk("TCP6:[::1]:8080")];
    await Bun.sleep(700);
    await host.ok("update", "aa", "--publish-rm", "8080", "--publish-add", "8081:80");
    expect(await host.get("host", "127.0.0.1:8080")).toBe("curl 7");
    expect(await host.ok("port", "aa")).toBe("80/tcp -> [::1]:8081\n80/tcp -> 127.0.0.1:8081");
    for (const each of open) expect((await each).out).toBe("one\ntwo\n");
    await host.ok("restart", "-t", "0", "aa");
    expect(await host.ok("port", "aa", "80")).toBe("127.0.0.1:8081\n[::1]:8081");
    expect(await refusal("update", "aa", "--publish-rm", "8080")).toContain("it is not published");
  });

  test("a rule of the host's firewall holds for a published port, and one that allows it as well", async () => {
    const rules = `nft -f - <<'EOF'
      table inet firewall {
        chain input {
          type filter hook input priority filter; policy drop;
          iif lo accept
          ct state established,related accept
          icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
          tcp dport 8081 accept
        }
      }
EOF`;
    expect(await host.sh("host", rules)).toMatchObject({ code: 0 });
    try {
      await serve("aa", "-p", "0.0.0.0:8080:80", "-p", "0.0.0.0:8081:80");
      await remember("aa");
      await waitFor("127.0.0.1:8080", "I am aa");
      expect(await host.get("peer", `${hostAddress}:8080`)).toBe("curl 28");
      expect(await host.get("peer", `${hostAddress}:8081`)).toBe("I am aa");
      expect(await host.get("host", `${hostAddress}:8081`)).toBe("I am aa");
    } finally {
      await host.sh("host", "nft delete table inet firewall");
    }
  });

  test("a neighbour on the wire does not get into the host's loopback by a published port", async () => {
    await serve("aa", "-p", "8080:80");
    await remember("aa");
    await waitFor("127.0.0.1:8080", "I am aa");
    const sneak = `
      ip route del local 127.0.0.1 table local; ip route del local 127.0.0.0/8 table local
      echo 1 > /proc/sys/net/ipv4/conf/wire/route_localnet
      ip route add 127.0.0.1 via ${hostAddress}
      curl -s --max-time 2 http://127.0.0.1:8080/`;
    expect((await host.sh("peer", sneak)).out).toBe("");
  });

  test("what a kill -9 of a container and its monitor leaves is cleared away by the next command", async () => {
    await serve("aa", "-p", "8080:80");
    const id = await remember("aa");
    const bundle = `${vial.root}/run/c/${id.slice(0, 16)}`;
    for (const file of ["conmon.pid", "pid"])
      process.kill(Number(readFileSync(`${bundle}/${file}`, "utf8")), "SIGKILL");
    await serve("bb", "-p", "8080:80");
    await remember("bb");
    await waitFor("127.0.0.1:8080", "I am bb");
  });

  async function waitFor(authority: string, answer: string): Promise<void> {
    await vial.until(`${authority} answers`, async () => (await host.get("host", authority)) === answer);
  }

  const servers: Bun.Subprocess[] = [];

  /** A server of this machine's in the network of a container. */
  async function serveInside(name: string, listen: string, what: string): Promise<void> {
    const pid = await host.ok("inspect", "--format", "{{.State.Pid}}", name);
    const inside = ["nsenter", "--target", pid, "--net", "--"];
    servers.push(
      Bun.spawn([...inside, "socat", "-T5", listen, what], { stdio: ["ignore", "ignore", "ignore"] }),
    );
    const port = listen.split(/[:,]/)[1] ?? "";
    const list = [...inside, "ss", "-Hlntu", `sport = :${port}`];
    await vial.until("it listens", async () => (await vial.command(list)).out !== "");
  }

  async function askUdp(where: "host" | "peer", authority: string) {
    const kind = authority.startsWith("[") ? "UDP6" : "UDP4";
    return await host.sh(where, `echo hi | socat -t2 -T2 - ${kind}:${authority}`);
  }
});
