import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { findProgram } from "#host";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { type Outcome, setupTimeout, whyNoContainers } from "./vial.ts";

// Containers by the docker command line and by plain requests, on `vial serve`.

const why =
  whyNoContainers() ?? (findProgram("docker") === undefined ? "docker is not on this machine" : undefined);
if (why !== undefined) console.warn(`skipped: containers by the docker command line, because ${why}`);

let served: ServedVial;

beforeAll(async () => {
  if (why === undefined) served = await serveVial();
}, setupTimeout);
afterAll(async () => await served?.close(), setupTimeout);

// One that failed leaves nothing to the next one.
afterEach(async () => {
  const ids = served?.vial.containerIds() ?? [];
  if (ids.length > 0) await served.vial.run("rm", "-f", ...ids);
});

async function docker(...words: readonly string[]): Promise<Outcome> {
  return await served.client(["docker", ...words], { cwd: served.vial.folder });
}

async function ok(...words: readonly string[]): Promise<string> {
  return (await served.told(["docker", ...words], { cwd: served.vial.folder })).trim();
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answered
  readonly json: any;
}

async function ask(method: string, path: string, body?: unknown): Promise<Reply> {
  const answer = await fetch(`http://vial${path}`, {
    method,
    unix: served.socket,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text === "" ? undefined : JSON.parse(text) };
}

const sleeper = { Image: "busybox", Cmd: ["sleep", "60"], StopTimeout: 0 };

/** A container that runs, by requests alone. */
async function running(name: string, wish: object = sleeper): Promise<string> {
  const { json } = await ask("POST", `/containers/create?name=${name}`, wish);
  expect((await ask("POST", `/containers/${json.Id}/start`)).status).toBe(204);
  return json.Id;
}

describe.skipIf(why !== undefined)("the docker command line", () => {
  test("version and info tell that this is Vial", async () => {
    expect(await ok("version", "--format", "{{.Server.Platform.Name}} {{.Server.APIVersion}}")).toBe(
      "Vial 1.50",
    );
    expect(await ok("info", "--format", "{{.OSType}} {{.Images}} {{.Swarm.LocalNodeState}}")).toBe(
      "linux 1 inactive",
    );
  });

  test("a container from create to rm", async () => {
    const id = await ok("create", "--name", "web", "-l", "a=b", "busybox", "sleep", "60");
    expect(await ok("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Status}}")).toBe("web created Created");
    expect(await ok("start", "web")).toBe("web");
    expect(await ok("ps", "--no-trunc", "--format", "{{.ID}} {{.Image}} {{.Command}} {{.Labels}}")).toBe(
      `${id} busybox "sleep 60" a=b`,
    );
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/^Up (Less than a second|\d+ seconds?)$/);
    expect(await ok("inspect", "-f", "{{.State.Running}} {{.Name}} {{.Config.Image}}", "web")).toBe(
      "true /web busybox",
    );
    await ok("pause", "web");
    expect(await ok("ps", "--format", "{{.Status}}")).toContain("(Paused)");
    await ok("unpause", "web");
    await ok("rename", "web", "site");
    await ok("update", "--memory", "100m", "--memory-swap", "100m", "--restart", "on-failure:3", "site");
    expect(
      await ok(
        "inspect",
        "-f",
        "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}",
        "site",
      ),
    ).toBe("104857600 3");
    await ok("kill", "-s", "USR1", "site");
    await ok("stop", "-t", "0", "site");
    expect(await ok("ps", "-a", "--filter", "status=exited", "--format", "{{.Status}}")).toStartWith(
      "Exited (",
    );
    await ok("start", "site");
    await ok("restart", "-t", "0", "site");
    const refused = await docker("rm", "site");
    expect(refused.err).toContain(
      'cannot remove container "/site": container is running: stop the container before removing or force remove',
    );
    await ok("rm", "-f", "site");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("what the command line of Vial makes appears here, and the other way round", async () => {
    await served.vial.ok("run", "-d", "--name", "ours", "busybox", "sleep", "60");
    await ok("create", "--name", "theirs", "busybox", "true");
    expect((await ok("ps", "-a", "--format", "{{.Names}}")).split("\n").sort()).toEqual(["ours", "theirs"]);
    expect((await served.vial.ok("ps", "-a", "--format", "{{.Names}}")).split("\n").sort()).toEqual([
      "ours",
      "theirs",
    ]);
    await served.vial.ok("rm", "-f", "ours");
    expect(await ok("ps", "-a", "--format", "{{.Names}}")).toBe("theirs");
  });

  test("export and diff of one that runs", async () => {
    await running("web", { ...sleeper, Cmd: ["sh", "-c", "echo x > /new; exec sleep 60"] });
    await served.vial.until("the file is there", async () => (await ok("diff", "web")).includes("A /new"));
    await ok("export", "-o", `${served.vial.folder}/e.tar`, "web");
    const { out } = await served.vial.command(["tar", "-xOf", `${served.vial.folder}/e.tar`, "new"]);
    expect(out).toBe("x\n");
  });

  test("the exit code of a program that is not there, or is no program", async () => {
    await ok("create", "--name", "none", "busybox", "no-such-program");
    expect((await docker("start", "none")).err).toContain("executable file not found in $PATH");
    await ok("create", "--name", "text", "busybox", "/opt/not-executable");
    expect((await docker("start", "text")).err).toContain("permission denied");
  });

  test("container prune removes what does not run and fits", async () => {
    await ok("create", "--name", "kept", "-l", "keep=1", "busybox");
    await ok("create", "--name", "gone", "busybox");
    await ok("container", "prune", "-f", "--filter", "label!=keep");
    expect(await ok("ps", "-a", "--format", "{{.Names}}")).toBe("kept");
  });

  test("the sentences that scripts look for", async () => {
    await ok("create", "--name", "taken", "busybox");
    const id = await ok("inspect", "-f", "{{.Id}}", "taken");
    expect((await docker("create", "--name", "taken", "busybox")).err).toContain(
      `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    expect((await docker("rm", "nosuch")).err).toContain("No such container: nosuch");
    expect((await docker("create", "--pull", "never", "nosuch")).err).toContain(
      "No such image: nosuch:latest",
    );
    expect((await docker("kill", "taken")).err).toContain(`container ${id} is not running`);
    expect((await docker("node", "ls")).err).toContain("This node is not a swarm manager.");
  });
});

describe.skipIf(why !== undefined)("requests", () => {
  test("what has happened already is 304", async () => {
    const id = await running("web");
    expect((await ask("POST", `/containers/${id}/start`)).status).toBe(304);
    expect((await ask("POST", `/containers/${id}/stop?t=0`)).status).toBe(204);
    expect((await ask("POST", `/containers/${id}/stop?t=0`)).status).toBe(304);
  });

  test("lists filter in both shapes of the parameter, and are limited", async () => {
    for (const [name, label] of [
      ["one", "a"],
      ["two", "b"],
    ] as const)
      await ask("POST", `/containers/create?name=${name}`, { ...sleeper, Labels: { [label]: "1" } });
    const names = async (filters: object, more = "") =>
      (
        await ask(
          "GET",
          `/containers/json?all=1${more}&filters=${encodeURIComponent(JSON.stringify(filters))}`,
        )
      ).json.map((entry: { Names: string[] }) => entry.Names[0]);
    expect(await names({ label: ["a"] })).toEqual(["/one"]);
    expect(await names({ label: { "b=1": true } })).toEqual(["/two"]);
    expect(await names({ name: ["^/o"] })).toEqual(["/one"]);
    expect(await names({ ancestor: ["busybox"] }, "&limit=1")).toEqual(["/two"]);
    expect(await names({ since: ["one"] })).toEqual(["/two"]);
    const { status, json } = await ask("GET", '/containers/json?filters={"colour":["red"]}');
    expect([status, json.message]).toEqual([400, "invalid filter 'colour'"]);
  });

  test("sizes are counted when they are asked for", async () => {
    const id = await running("web", { ...sleeper, Cmd: ["sh", "-c", "yes | head -c 100000 > /f; sleep 60"] });
    await served.vial.until("it is written", async () => {
      const { json } = await ask("GET", `/containers/${id}/json?size=1`);
      return json.SizeRw >= 100000 && json.SizeRootFs > json.SizeRw;
    });
    const { json } = await ask("GET", "/containers/json?size=1");
    expect(json[0].SizeRw).toBeGreaterThanOrEqual(100000);
    expect((await ask("GET", "/containers/json")).json[0]).not.toHaveProperty("SizeRw");
  });

  test("the state of a health check is in the words of the list", async () => {
    await running("web", { ...sleeper, Healthcheck: { Test: ["CMD", "true"], Interval: 100e6 } });
    await served.vial.until("it is healthy", async () =>
      (await ask("GET", "/containers/json")).json[0].Status.endsWith("(healthy)"),
    );
  });

  test("a restart policy brings a container back", async () => {
    const id = await running("web", {
      ...sleeper,
      Cmd: ["false"],
      HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    });
    await served.vial.until(
      "it was started twice more",
      async () => (await ask("GET", `/containers/${id}/json`)).json.RestartCount === 2,
    );
  });

  test("each field of HostConfig acts", async () => {
    mkdirSync(`${served.vial.folder}/shared`, { recursive: true });
    writeFileSync(`${served.vial.folder}/shared/word`, "hello");
    const id = await running("web", {
      ...sleeper,
      Env: ["COLOUR=red"],
      WorkingDir: "/tmp",
      User: "alice",
      Hostname: "inside",
      HostConfig: {
        Binds: [`${served.vial.folder}/shared:/shared:ro`],
        Tmpfs: { "/scratch": "size=1m" },
        ReadonlyRootfs: true,
        ShmSize: 1 << 20,
        PidsLimit: 50,
        Ulimits: [{ Name: "nofile", Soft: 99, Hard: 99 }],
        NetworkMode: "none",
        ExtraHosts: ["db:10.1.2.3"],
        CapDrop: ["ALL"],
        Init: false,
        GroupAdd: ["29"],
      },
    });
    const script =
      "hostname; pwd; id -un; id -G; echo $COLOUR; cat /shared/word; ulimit -n; grep -c 10.1.2.3 /etc/hosts; touch /x 2>&1 | grep -c Read-only; df -k /scratch | tail -1 | awk '{print $2}'; df -k /dev/shm | tail -1 | awk '{print $2}'; grep CapBnd /proc/self/status";
    expect((await served.vial.ok("exec", id, "sh", "-c", script)).split("\n")).toEqual([
      "inside",
      "/tmp",
      "alice",
      "1000 29 50",
      "red",
      "hello99",
      "1",
      "1",
      "1024",
      "1024",
      "CapBnd:\t0000000000000000",
    ]);
  });

  test.each([
    [
      { HostConfig: { BlkioWeight: 300 } },
      "HostConfig.BlkioWeight is not supported: Vial sets no limits of block devices",
    ],
    [{ HostConfig: { Memory: "much" } }, "invalid JSON: HostConfig.Memory has to be a whole number"],
    [{ HostConfig: { Memory: 1000 } }, "Minimum memory limit allowed is 6MB"],
    [{ HostConfig: { Binds: ["a:b:c:d"] } }, "invalid volume specification: 'a:b:c:d'"],
    [
      { HostConfig: { Tmpfs: { "/a/../..": "" } } },
      "invalid mount path: '/a/../..' mount path must be absolute",
    ],
    [
      { HostConfig: { Sysctls: { "kernel.panic": "1" } } },
      "sysctl 'kernel.panic' is not allowed: it would change the host",
    ],
    [
      { HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
      "can't create 'AutoRemove' container with restart policy",
    ],
    [
      { HostConfig: { DeviceRequests: [{ Driver: "", Count: -1, Capabilities: [["gpu"]] }] } },
      'could not select device driver "" with capabilities: [[gpu]]',
    ],
    [{ Hostname: "a\n10.0.0.1 evil" }, "invalid hostname format: a\n10.0.0.1 evil"],
    [
      { Healthcheck: { Test: ["CMD", "true"], Interval: 5 } },
      "Interval in Healthcheck cannot be less than 1ms",
    ],
    [{ ExposedPorts: { "99999/tcp": {} } }, 'invalid port specification: "99999/tcp"'],
  ])("%j is refused with its sentence", async (wish, sentence) => {
    const { status, json } = await ask("POST", "/containers/create", { ...sleeper, ...wish });
    expect([status, json.message]).toEqual([400, sentence]);
    expect(served.vial.containerIds()).toEqual([]);
  });

  test("a field that Docker does not have is said to have no effect", async () => {
    const { status, json } = await ask("POST", "/containers/create", {
      ...sleeper,
      Colour: "red",
      name: "x",
    });
    expect(status).toBe(201);
    expect(json.Warnings).toEqual(["the field Colour is unknown and has no effect"]);
  });

  test("a body that is no JSON, or has none, is refused", async () => {
    for (const body of ["{", "[]", '"x"', ""]) {
      const answer = await fetch("http://vial/containers/create", {
        method: "POST",
        unix: served.socket,
        body,
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toHaveProperty("message");
    }
  });

  test("many starts at once leave the server free for others", async () => {
    const ids = await Promise.all(
      Array.from(
        { length: 12 },
        async () => (await ask("POST", "/containers/create", sleeper)).json.Id as string,
      ),
    );
    let answered = 0;
    let slowest = 0;
    let isBusy = true;
    const watch = async () => {
      while (isBusy) {
        const began = performance.now();
        await ask("GET", "/_ping-not-there");
        slowest = Math.max(slowest, performance.now() - began);
        answered++;
        await Bun.sleep(5);
      }
    };
    const watching = watch();
    const statuses = await Promise.all(
      ids.map(async (id) => (await ask("POST", `/containers/${id}/start`)).status),
    );
    isBusy = false;
    await watching;
    expect(new Set(statuses)).toEqual(new Set([204]));
    expect(answered).toBeGreaterThan(5);
    // A start takes the processors for about 100 ms on this kind of machine; the loop must not wait for any of them.
    expect(slowest).toBeLessThan(1000);
  });
});

describe.skipIf(why !== undefined)("the server", () => {
  test("answers of every version, and refuses the others in Docker's words", async () => {
    expect((await ask("GET", "/v1.24/version")).json.ApiVersion).toBe("1.50");
    expect((await ask("GET", "/v1.23/version")).json.message).toBe(
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    );
    expect((await ask("GET", "/v1.51/version")).json.message).toBe(
      "client version 1.51 is too new. Maximum supported API version is 1.50",
    );
    expect((await ask("GET", "/nowhere")).json).toEqual({ message: "page not found" });
    expect((await ask("GET", "/v1.30/swarm")).status).toBe(503);
    expect((await ask("POST", "/plugins/pull")).status).toBe(501);
  });

  test("says who it is in the headers of every answer", async () => {
    const { headers } = await ask("GET", "/nowhere");
    expect(headers.get("server")).toMatch(/^Vial\/[\d.]+ \(linux\)$/);
    expect([headers.get("api-version"), headers.get("ostype"), headers.get("docker-experimental")]).toEqual([
      "1.50",
      "linux",
      "false",
    ]);
    expect(headers.has("date")).toBe(true);
  });

  test("a socket that another server holds is refused, one that a dead server left is taken", async () => {
    const { vial } = served;
    const second = await vial.run("serve", "--socket", served.socket);
    expect([second.code, second.err]).toEqual([1, expect.stringContaining("another server answers there")]);
    const socket = `${vial.folder}/left.sock`;
    const killed = vial.start(["serve", "--socket", socket]);
    await vial.until("it listens", () => existsSync(socket));
    killed.kill("SIGKILL");
    await killed.exited;
    const next = vial.start(["serve", "--socket", socket]);
    await vial.until("it answers", async () => {
      try {
        return (await fetch("http://vial/_ping", { unix: socket })).ok;
      } catch {
        return false;
      }
    });
    next.kill("SIGTERM");
    expect(await next.exited).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });

  test("its end stops no container", async () => {
    const { vial } = served;
    const socket = `${vial.folder}/second.sock`;
    const server = vial.start(["serve", "--socket", socket]);
    await vial.until("it listens", () => existsSync(socket));
    const at = { unix: socket, method: "POST" };
    const made = await fetch("http://vial/containers/create?name=stays", {
      ...at,
      body: JSON.stringify(sleeper),
    });
    const { Id } = (await made.json()) as { Id: string };
    await fetch(`http://vial/containers/${Id}/start`, at);
    server.kill("SIGKILL");
    await server.exited;
    expect(await vial.inspect("stays", "{{.State.Running}}")).toBe("true");
  });

  test("TCP needs certificates of both sides, or --insecure", async () => {
    const { code, err } = await served.vial.run("serve", "--host", "tcp://127.0.0.1:0");
    expect([code, err]).toEqual([1, expect.stringContaining("without TLS")]);
  });
});
