import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { openPerson, type Person } from "./person.ts";
import { hostAddress, PrivateHost } from "./private-host.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The networks and ports of an ordinary user, on a host where he may open /dev/net/tun, and on one where he may not.

const missing = ["socat", "curl", "ip", "pasta", "newuidmap"].find((program) => Bun.which(program) === null);
const why = whyNoContainers() ?? (missing === undefined ? undefined : `${missing} is not here`);
if (why !== undefined) console.warn(`skipped: networks of an ordinary user, because ${why}`);

let vial: TestVial;
let person: Person;
/** With a tun for everybody and a way out, and without. */
let open: PrivateHost;
let closed: PrivateHost;

async function as(host: PrivateHost, ...words: readonly string[]) {
  const { user, home, program } = person;
  const settings = [`HOME=${home}`, `XDG_RUNTIME_DIR=${home}/run`, `VIAL_ROOT=${home}/store`];
  const start = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "env", ...settings, program];
  return await host.at("host", ...start, ...words);
}

async function ok(host: PrivateHost, ...words: readonly string[]): Promise<string> {
  const { code, out, err } = await as(host, ...words);
  if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return out.trim();
}

/** A web server in a container of the user's. */
async function serve(host: PrivateHost, ...flags: readonly string[]): Promise<void> {
  const page = "mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www";
  await ok(host, "run", "-d", "--name", "web", ...flags, "busybox", "sh", "-c", page);
}

async function waitFor(host: PrivateHost, where: "host" | "peer", authority: string): Promise<void> {
  await vial.until(`${authority} answers`, async () => (await host.get(where, authority)) === "hello");
}

describe.skipIf(why !== undefined)("the network of an ordinary user", () => {
  beforeAll(async () => {
    vial = await openVial();
    person = openPerson(vial, "vtnet", { ids: "range" });
    mkdirSync(`${person.home}/run`, { mode: 0o700 });
    open = await PrivateHost.open(vial);
    closed = await PrivateHost.open(vial);
    await open.sh(
      "host",
      `ip route add default via 192.0.2.2
       mknod -m 666 ${vial.folder}/tun c 10 200 && mount --bind ${vial.folder}/tun /dev/net/tun`,
    );
    await vial.ok("save", "-o", `${person.home}/busybox.tar`, "busybox");
    Bun.spawnSync(["chown", "-R", `${person.user}:`, person.home]);
    await ok(closed, "load", "-q", "-i", `${person.home}/busybox.tar`);
  }, setupTimeout);

  afterEach(async () => {
    for (const host of [open, closed]) await as(host, "rm", "-f", "web");
    const left = Bun.spawnSync(["ps", "-u", person.user, "-o", "args="]).stdout.toString();
    expect(left).not.toMatch(/(socat|pasta|slirp4netns) -/);
  }, setupTimeout);

  afterAll(async () => {
    open?.close();
    closed?.close();
    person?.close();
    await vial?.close();
  }, setupTimeout);

  test("pasta leads out, and ports in, and who calls is seen inside", async () => {
    await serve(open, "-p", "8080:80", "-p", "0.0.0.0:8081:80", "-p", "0.0.0.0:8082:81");
    await waitFor(open, "host", "127.0.0.1:8080");
    await waitFor(open, "host", "[::1]:8080");
    await waitFor(open, "peer", `${hostAddress}:8081`);
    expect(await open.get("peer", `${hostAddress}:8080`)).toBe("curl 7");
    expect(await ok(open, "exec", "web", "cat", "/etc/resolv.conf")).toStartWith("nameserver 10.0.2.3");
    const pid = await ok(open, "inspect", "--format", "{{.State.Pid}}", "web");
    const inside = ["nsenter", "--target", pid, "--net", "--", "socat"];
    const server = Bun.spawn([...inside, "TCP4-LISTEN:81,reuseaddr,fork", "SYSTEM:echo $SOCAT_PEERADDR"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    try {
      const ask = `socat -T3 - TCP4:${hostAddress}:8082 </dev/null`;
      await vial.until("it says who", async () => (await open.sh("peer", ask)).out === "192.0.2.2\n");
    } finally {
      server.kill();
    }
  });

  test("without a tun ports lead in all the same, by TCP and UDP, and nothing leads out", async () => {
    await serve(closed, "-p", "8080:80", "-p", "0.0.0.0:8081:80", "-p", "5353:53/udp");
    await waitFor(closed, "host", "127.0.0.1:8080");
    await waitFor(closed, "host", "[::1]:8080");
    await waitFor(closed, "peer", `${hostAddress}:8081`);
    expect(await ok(closed, "inspect", "--format", "{{.HostConfig.NetworkMode}}", "web")).toBe("none");
    await ok(closed, "update", "web", "--publish-add", "8090:80", "--publish-rm", "8080");
    await waitFor(closed, "host", "127.0.0.1:8090");
    expect(await closed.get("host", "127.0.0.1:8080")).toBe("curl 7");
    const { code, err } = await as(closed, "run", "--rm", "--network", "bridge", "busybox", "true");
    expect([code, err]).toEqual([125, expect.stringContaining("may not open /dev/net/tun")]);
  });

  test.each([
    [["-p", "80:80"], "this user may not have it"],
    [["--network", "other"], "may not make interfaces"],
    [["--network", "bridge", "--ip", "10.88.0.9"], "may not make interfaces"],
  ])("%j is refused with the reason", async (flags, reason) => {
    const { code, err } = await as(open, "run", "--rm", ...flags, "busybox", "true");
    expect([code, err]).toEqual([125, expect.stringContaining(reason)]);
  });
});
