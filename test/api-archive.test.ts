import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { findProgram } from "#host";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { type Outcome, setupTimeout, whyNoContainers } from "./vial.ts";

// Files in and out of containers, and what is told of them: cp, events, stats, top by the docker command line.

const why =
  whyNoContainers() ?? (findProgram("docker") === undefined ? "docker is not on this machine" : undefined);
if (why !== undefined) console.warn(`skipped: files and events by the docker command line, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let served: ServedVial;
let folder: string;

beforeAll(async () => {
  if (why !== undefined) return;
  served = await serveVial();
  ({ folder } = served.vial);
}, setupTimeout);
afterAll(async () => await served?.close(), setupTimeout);

// One that failed leaves nothing to the next one.
afterEach(async () => {
  const ids = served?.vial.containerIds() ?? [];
  if (ids.length > 0) await served.vial.run("rm", "-f", ...ids);
});

async function docker(...words: readonly string[]): Promise<Outcome> {
  return await served.client(["docker", ...words], { cwd: folder });
}

async function ok(...words: readonly string[]): Promise<string> {
  return (await served.told(["docker", ...words], { cwd: folder })).trim();
}

async function sleeper(...flags: readonly string[]): Promise<string> {
  return await ok("run", "-d", ...flags, "busybox", "sleep", "600");
}

async function put(id: string, path: string, tar: Uint8Array, more = ""): Promise<Response> {
  const query = `path=${encodeURIComponent(path)}${more}`;
  return await fetch(`http://vial/containers/${id}/archive?${query}`, {
    method: "PUT",
    unix: served.socket,
    body: tar,
  });
}

function tarOf(files: Readonly<Record<string, string>>, ...flags: readonly string[]): Buffer {
  const root = `${folder}/tar-${crypto.randomUUID()}`;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(`${root}/${name}`), { recursive: true });
    writeFileSync(`${root}/${name}`, text);
  }
  const made = Bun.spawnSync(["tar", "-C", root, ...flags, "-cf", "-", ...Object.keys(files)]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  return Buffer.from(made.stdout);
}

suite("docker cp", () => {
  test("goes both ways, into one that runs and one that does not", async () => {
    const id = await sleeper("--stop-timeout", "0");
    mkdirSync(`${folder}/tree/below`, { recursive: true });
    writeFileSync(`${folder}/tree/below/file`, "text");
    await ok("cp", "tree", `${id}:/root/new`);
    expect(await ok("exec", id, "cat", "/root/new/below/file")).toBe("text");
    await ok("stop", "-t", "0", id);
    await ok("cp", "tree/below/file", `${id}:/root/again`);
    await ok("cp", `${id}:/root/again`, "back");
    expect(readFileSync(`${folder}/back`, "utf8")).toBe("text");
    const missing = await docker("cp", `${id}:/no-such`, "x");
    expect(missing.err).toContain(`Could not find the file /no-such in container ${id}`);
  });

  test("a link of the container leads nowhere else", async () => {
    const id = await sleeper();
    await ok("exec", id, "ln", "-s", folder, "/out");
    const answer = await put(id, "/out", tarOf({ escaped: "x" }));
    expect([answer.status, existsSync(`${folder}/escaped`)]).toEqual([404, false]);
    expect((await put(id, "/", tarOf({ escaped: "x" }, "--transform", "s,^,../../tmp/,", "-P"))).status).toBe(
      400,
    );
  });

  test("HEAD tells what a path is, as Go has it", async () => {
    const id = await sleeper();
    const look = async (path: string) => {
      const answer = await fetch(`http://vial/containers/${id}/archive?path=${path}`, {
        method: "HEAD",
        unix: served.socket,
      });
      const header = answer.headers.get("X-Docker-Container-Path-Stat") ?? "";
      return JSON.parse(Buffer.from(header, "base64").toString());
    };
    expect(await look("/etc")).toMatchObject({ name: "etc", mode: 0o20000000755, linkTarget: "" });
    expect(await look("/bin/sh")).toMatchObject({ name: "sh", linkTarget: "busybox", mode: 2 ** 27 + 0o777 });
  });

  test("PUT keeps owners, gives them to the container's user when asked, and takes gzip", async () => {
    const id = await sleeper("-u", "alice");
    const tar = tarOf({ mine: "x" }, "--owner=7", "--group=8");
    expect((await put(id, "/tmp", Bun.gzipSync(new Uint8Array(tar)))).status).toBe(200);
    expect(await ok("exec", id, "stat", "-c", "%u:%g", "/tmp/mine")).toBe("7:8");
    expect((await put(id, "/tmp", tar, "&copyUIDGID=1")).status).toBe(200);
    expect(await ok("exec", id, "stat", "-c", "%u:%g", "/tmp/mine")).toBe("1000:1000");
  });

  test("PUT refuses a read-only root, what is no folder, and half an archive", async () => {
    const id = await sleeper("--read-only", "--tmpfs", "/scratch");
    const tar = tarOf({ file: "x".repeat(5000) });
    const say = async (answer: Response) => [
      answer.status,
      ((await answer.json()) as { message: string }).message,
    ];
    expect(await say(await put(id, "/root", tar))).toEqual([403, "container rootfs is marked read-only"]);
    expect((await put(id, "/scratch", tar)).status).toBe(200);
    expect(await say(await put(id, "/etc/passwd", tar, ""))).toEqual([
      403,
      "container rootfs is marked read-only",
    ]);
    expect(await say(await put(id, "/scratch/file", tar))).toEqual([
      400,
      "extraction point is not a directory",
    ]);
    expect((await put(id, "/scratch", tar.subarray(0, 2000))).status).toBeGreaterThanOrEqual(400);
  });

  test("carries 500 MB both ways in bounded memory", async () => {
    const id = await sleeper();
    writeFileSync(`${folder}/big`, "");
    truncateSync(`${folder}/big`, 500_000_000);
    await ok("cp", "big", `${id}:/tmp/big`);
    await ok("cp", `${id}:/tmp/big`, "big-back");
    expect(statSync(`${folder}/big-back`).size).toBe(500_000_000);
    const most = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${served.pid}/status`, "latin1"))?.[1];
    expect(Number(most) * 1024).toBeLessThan(200e6);
  }, 120_000);
});

suite("what is told of containers", () => {
  test("events, as they happen and afterwards, by filters", async () => {
    const live = served.vial.command(
      [
        "docker",
        "events",
        "--filter",
        "event=die",
        "--filter",
        "event=exec_start",
        "--format",
        "{{.Action}}",
      ],
      { env: { DOCKER_HOST: `unix://${served.socket}` }, timeout: 8000 },
    );
    await Bun.sleep(1500);
    const id = await sleeper("--name", "told", "--label", "tier=front");
    await ok("exec", id, "true");
    await ok("kill", id);
    const seen = await live;
    expect(seen.out).toBe("exec_start: true\ndie\n");
    const words = ["events", "--since", "1m", "--until", "0s", "--format", "{{.Action}}"];
    const all = await ok(...words, "--filter", "container=told", "--filter", "type=container");
    const fixed = all.split("\n").filter((line) => !line.startsWith("kill"));
    expect(fixed).toEqual(["create", "start", "exec_create: true", "exec_start: true", "exec_die", "die"]);
    expect(await ok(...words, "--filter", "label=tier=back")).toBe("");
    expect((await docker("events", "--filter", "no=1")).err).toContain("invalid filter");
  });

  test("stats shows sensible numbers, once and as a stream", async () => {
    const id = await ok("run", "-d", "busybox", "sh", "-c", "while :; do :; done");
    const row = await ok("stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}", id);
    const [, percent = "", used = "", pids = ""] = /^([\d.]+)% ([\d.]+)[KM]iB \/ .* (\d+)$/.exec(row) ?? [];
    expect(Number(percent)).toBeGreaterThan(5);
    expect(Number(used)).toBeGreaterThan(0);
    expect(pids).toBe("1");
    const answer = await fetch(`http://vial/containers/${id}/stats?stream=0&one-shot=1`, {
      unix: served.socket,
    });
    const document = (await answer.json()) as {
      id: string;
      precpu_stats: { cpu_usage: { total_usage: number } };
    };
    expect([document.id, document.precpu_stats.cpu_usage.total_usage]).toEqual([id, 0]);
  });

  test("top lists the processes by ps's words, and refuses what it does not know", async () => {
    const id = await sleeper();
    expect(await ok("top", id)).toMatch(/^UID +PID +PPID .*\n.*sleep 600$/);
    expect(await ok("top", id, "-o", "pid,comm")).toMatch(/^PID .*\n\d+ +sleep$/);
    expect((await docker("top", id, "-Q")).code).toBe(1);
    await ok("kill", id);
    expect((await docker("top", id)).err).toContain(`container ${id} is not running`);
  });
});
