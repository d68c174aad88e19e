import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { findProgram } from "#host";
import { framesOf, RawConnection } from "./raw-connection.ts";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { type Outcome, setupTimeout, whyNoContainers } from "./vial.ts";

// What runs in containers and what it says, by the docker command line and by plain connections, on `vial serve`.

const why =
  whyNoContainers() ?? (findProgram("docker") === undefined ? "docker is not on this machine" : undefined);
if (why !== undefined) console.warn(`skipped: streams by the docker command line, because ${why}`);
const suite = describe.skipIf(why !== undefined);

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

async function docker(words: readonly string[], input?: string): Promise<Outcome> {
  const options = { cwd: served.vial.folder, ...(input === undefined ? {} : { input }) };
  return await served.client(["docker", ...words], options);
}

async function ok(...words: readonly string[]): Promise<string> {
  return (await served.told(["docker", ...words], { cwd: served.vial.folder })).trim();
}

/** Runs a command in a terminal of 40 rows and 100 columns. */
async function inTerminal(words: readonly string[], type?: string): Promise<{ code: number; out: string }> {
  let out = "";
  const child = Bun.spawn(["docker", ...words], {
    env: { ...served.vial.environment(), DOCKER_HOST: `unix://${served.socket}` },
    terminal: {
      rows: 40,
      cols: 100,
      data: (_terminal, bytes) => {
        out += Buffer.from(bytes).toString();
      },
    },
  });
  if (type !== undefined) child.terminal?.write(type);
  const code = await child.exited;
  await Bun.sleep(50);
  return { code, out };
}

async function ask(method: string, path: string, body?: unknown) {
  const answer = await fetch(`http://vial${path}`, {
    method,
    unix: served.socket,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text === "" ? undefined : JSON.parse(text) };
}

async function execOf(container: string, wish: object): Promise<string> {
  const { json } = await ask("POST", `/containers/${container}/exec`, wish);
  return json.Id;
}

function memory(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${served.pid}/status`, "latin1"))?.[1]) * 1024;
}

const sleeper = ["run", "-d", "--stop-timeout", "0", "busybox", "sleep", "600"];

suite("docker run", () => {
  test("gives both outputs and the exit code", async () => {
    const { code, out, err } = await docker(["run", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect([code, out, err]).toEqual([3, "out\n", "err\n"]);
  });

  test("-i passes the input and its end, and the output goes on after it", async () => {
    const script = "cat; echo after; exit 4";
    const { code, out } = await docker(["run", "-i", "--rm", "busybox", "sh", "-c", script], "typed\n");
    expect([code, out]).toEqual([4, "typed\nafter\n"]);
    await served.vial.until("it is removed", () => served.vial.containerIds().length === 0);
  });

  test("-it has a terminal of the size of ours", async () => {
    const { code, out } = await inTerminal([
      "run",
      "-it",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "sleep 0.5; tty; stty size; exit 5",
    ]);
    expect(code).toBe(5);
    expect(out).toContain("/dev/pts/0");
    expect(out).toContain("40 100");
  });

  test("misses no byte of many short programs", async () => {
    const outs = await Promise.all(
      Array.from({ length: 8 }, (_, index) => docker(["run", "--rm", "busybox", "echo", `only ${index}`])),
    );
    expect(outs.map(({ out }) => out)).toEqual(Array.from({ length: 8 }, (_, index) => `only ${index}\n`));
  });

  test("says 127 and 126 of a program that is not there or cannot be run", async () => {
    expect((await docker(["run", "--rm", "busybox", "no-such-program"])).code).toBe(127);
    expect((await docker(["run", "--rm", "busybox", "/opt/not-executable"])).code).toBe(126);
  });

  test("start -ai joins before the start, once more for one that has ended", async () => {
    const id = await ok("create", "-i", "busybox", "sh", "-c", "cat; exit 6");
    for (const text of ["first\n", "second\n"]) {
      const { code, out } = await docker(["start", "-ai", id], text);
      expect([code, out]).toEqual([6, text]);
    }
  });
});

suite("attach", () => {
  test("holds for a container that `vial start` starts, and gives its first byte", async () => {
    const id = await ok("create", "busybox", "sh", "-c", "echo first; echo second >&2");
    const raw = new RawConnection(served.socket);
    expect(await raw.upgrade(`/v1.50/containers/${id}/attach?stream=1&stdout=1&stderr=1`)).toStartWith(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n",
    );
    await served.vial.ok("start", id);
    const frames = framesOf(await raw.rest());
    expect(frames.filter(({ stream }) => stream === 1).map(({ text }) => text)).toEqual(["first\n"]);
    expect(frames.filter(({ stream }) => stream === 2).map(({ text }) => text)).toEqual(["second\n"]);
  });

  test("several at once hear the same, and one that goes ends nothing", async () => {
    const id = await ok("create", "-i", "busybox", "cat");
    const all = await Promise.all(
      [1, 0, 0].map(async (stdin) => {
        const raw = new RawConnection(served.socket);
        await raw.upgrade(`/v1.50/containers/${id}/attach?stream=1&stdout=1&stdin=${stdin}`);
        return raw;
      }),
    );
    const [first, second, third] = all as [RawConnection, RawConnection, RawConnection];
    await ask("POST", `/containers/${id}/start`);
    first.socket.write("one\n");
    for (const raw of all) await raw.until((bytes) => bytes.includes("one\n"));
    second.socket.destroy();
    await Bun.sleep(100);
    first.socket.write("two\n");
    await third.until((bytes) => bytes.includes("two\n"));
    first.socket.end();
    expect(
      framesOf(await third.rest())
        .map(({ text }) => text)
        .join(""),
    ).toBe("one\ntwo\n");
  });

  test("refuses input without an upgrade, and what is paused", async () => {
    const id = await ok(...sleeper);
    await ok("pause", id);
    const { status, json } = await ask("POST", `/containers/${id}/attach?stream=1&stdout=1`);
    expect([status, json.message]).toEqual([
      409,
      `Container ${id} is paused. Unpause the container before attach`,
    ]);
    await ok("unpause", id);
  });
});

suite("docker exec", () => {
  test("gives output, exit code, user, folder, environment", async () => {
    const id = await ok(...sleeper);
    expect(await docker(["exec", id, "sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({
      code: 7,
      out: "out\n",
      err: "err\n",
    });
    const script = "id -u; pwd; echo $Q";
    expect(await ok("exec", "-u", "alice", "-w", "/tmp", "-e", "Q=1", id, "sh", "-c", script)).toBe(
      "1000\n/tmp\n1",
    );
    expect((await docker(["exec", "-i", id, "cat"], "input")).out).toBe("input");
  });

  test("-it has a terminal of the size of ours, and takes what is typed", async () => {
    const id = await ok(...sleeper);
    const script = "sleep 0.5; stty size; read word; echo got $word; exit 8";
    const { code, out } = await inTerminal(["exec", "-it", id, "sh", "-c", script], "hello\n");
    expect(code).toBe(8);
    expect(out).toContain("40 100");
    expect(out).toContain("got hello");
  });

  test("says 127 and 126 with a sentence, and 409 for a paused container", async () => {
    const id = await ok(...sleeper);
    const missing = await docker(["exec", id, "no-such-program"]);
    expect([missing.code, missing.out]).toEqual([
      127,
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: unknown\r\n',
    ]);
    expect((await docker(["exec", id, "/opt/not-executable"])).code).toBe(126);
    await ok("pause", id);
    expect((await docker(["exec", id, "true"])).err).toContain(
      "is paused, unpause the container before exec",
    );
    await ok("unpause", id);
  });

  test("-d runs in the background; inspect tells before, while and after, and it goes with the container", async () => {
    const id = await ok(...sleeper);
    const exec = await execOf(id, { Cmd: ["sh", "-c", "echo bg > /tmp/bg; sleep 0.3; exit 9"] });
    expect((await ask("GET", `/exec/${exec}/json`)).json).toMatchObject({ Running: false, ExitCode: null });
    expect((await ask("GET", `/containers/${id}/json`)).json.ExecIDs).toEqual([exec]);
    expect((await ask("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(200);
    expect((await ask("GET", `/exec/${exec}/json`)).json).toMatchObject({ Running: true, ContainerID: id });
    expect((await ask("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(409);
    await served.vial.until(
      "it has ended",
      async () => !(await ask("GET", `/exec/${exec}/json`)).json.Running,
    );
    expect((await ask("GET", `/exec/${exec}/json`)).json).toMatchObject({ ExitCode: 9, Pid: 0 });
    expect((await ask("GET", `/containers/${id}/json`)).json.ExecIDs).toBeNull();
    expect(await ok("exec", id, "cat", "/tmp/bg")).toBe("bg");
    await ok("rm", "-f", id);
    expect((await ask("GET", `/exec/${exec}/json`)).json.message).toBe(`No such exec instance: ${exec}`);
  });

  test("-i carries 300 MB in bounded memory", async () => {
    const id = await ok(...sleeper);
    const before = memory();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, memory());
    }, 50);
    const pipe = `head -c 300000000 /dev/zero | docker exec -i ${id} cat | wc -c`;
    expect((await served.told(["sh", "-c", pipe], {})).trim()).toBe("300000000");
    clearInterval(watch);
    expect(most - before).toBeLessThan(150e6);
  }, 120_000);

  test("keeps nothing for a client that does not read, by pipes and by a terminal", async () => {
    const id = await ok(...sleeper);
    for (const Tty of [false, true]) {
      const exec = await execOf(id, { Cmd: ["yes", "y".repeat(1000)], AttachStdout: true, Tty });
      const raw = new RawConnection(served.socket);
      raw.socket.pause();
      const before = memory();
      raw.socket.write(
        `POST /exec/${exec}/start HTTP/1.1\r\nHost: vial\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}`,
      );
      await Bun.sleep(1500);
      expect(memory() - before).toBeLessThan(60e6);
      raw.socket.destroy();
    }
  }, 30_000);
});

suite("docker logs and wait", () => {
  test("logs gives both streams, tails, times, and follows to the end", async () => {
    const script = "echo a; echo b >&2; sleep 1; echo c";
    const id = await ok("run", "-d", "busybox", "sh", "-c", script);
    const { out, err } = await docker(["logs", "-f", id]);
    expect([out, err]).toEqual(["a\nc\n", "b\n"]);
    expect(await ok("logs", "--tail", "1", id)).toBe("c");
    expect(await ok("logs", "-t", "--tail", "1", id)).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z c$/);
    expect(await ok("logs", "--since", "1h", "--until", "10m", id)).toBe("");
    expect((await ask("GET", `/containers/${id}/logs`)).json.message).toBe(
      "Bad parameters: you must choose at least one stream",
    );
  });

  test("a hundred followed logs end with the container, and cost little while nothing is written", async () => {
    const id = await ok(
      "run",
      "-d",
      "busybox",
      "sh",
      "-c",
      "echo ready; read line < /dev/null; sleep 4; echo last",
    );
    const before = memory();
    const all = Array.from({ length: 100 }, () => {
      const raw = new RawConnection(served.socket);
      raw.socket.write(
        `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: vial\r\nConnection: close\r\n\r\n`,
      );
      return raw;
    });
    for (const raw of all) await raw.until((bytes) => bytes.includes("ready\n"));
    const ticks = () => {
      const fields = readFileSync(`/proc/${served.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    const used = ticks();
    await Bun.sleep(1500);
    // A tick is 10 ms.
    expect(ticks() - used).toBeLessThan(40);
    for (const raw of all) expect((await raw.rest()).includes("last\n")).toBe(true);
    expect(memory() - before).toBeLessThan(100e6);
  }, 30_000);

  test("wait sends its head at once and the code at the end, by each condition", async () => {
    const id = await ok("create", "--rm", "busybox", "sh", "-c", "exit 3");
    expect((await ask("POST", `/containers/${id}/wait`)).json).toEqual({ StatusCode: 0 });
    const waits = ["next-exit", "removed"].map((condition) => {
      const raw = new RawConnection(served.socket);
      raw.socket.write(
        `POST /containers/${id}/wait?condition=${condition} HTTP/1.1\r\nHost: vial\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return raw;
    });
    for (const raw of waits) expect(await raw.head()).toStartWith("HTTP/1.1 200");
    await ask("POST", `/containers/${id}/start`);
    for (const raw of waits) expect((await raw.rest()).toString()).toContain('{"StatusCode":3}\n');
    expect((await ask("POST", `/containers/${id}/wait`)).status).toBe(404);
  });
});
