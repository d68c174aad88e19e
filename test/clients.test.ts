import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "./docker-registry.ts";
import { clientsFolder, installClients, makeStackImage, type ServedVial, serveVial } from "./served-vial.ts";
import { expectNothingLeft } from "./traces.ts";
import { setupTimeout, whyNoContainers } from "./vial.ts";

// The tools that people drive Docker with, unchanged, against `vial serve`: docker-py, dockerode, testcontainers,
// docker-compose, the devcontainers CLI, and a browser in front of nginx. The images are made from the host's own package
// sources. What test/clients holds was held against dockerd 20.10 first.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the clients, because ${why}`);

const minutes = 60_000;
/** What a person may want to look at after the tests: kept. */
const artefacts = fileURLToPath(new URL("../dist/test-artefacts", import.meta.url));

let served: ServedVial;

beforeAll(
  async () => {
    if (why !== undefined) return;
    served = await serveVial();
    await makeStackImage(served.vial);
    await installClients(served.vial);
  },
  setupTimeout + 9 * minutes,
);
afterAll(async () => await served?.close(), setupTimeout);

const names = async (): Promise<string[]> =>
  (await served.vial.ok("ps", "-a", "--format", "{{.Names}}")).split("\n").filter((name) => name !== "");

describe.skipIf(why !== undefined)("clients of the Docker Engine API", () => {
  test(
    "docker-py runs, builds, wires by name, publishes, reads logs and events",
    async () => {
      const seen = await served.seen(["/usr/bin/python3", "docker-py.py"]);
      expect(seen).toEqual({
        ping: true,
        api: true,
        run: "hello from python\n",
        error: [4, "no\n"],
        missing: expect.any(String),
        build: true,
        built: "built\n",
        exec: [0, "words"],
        "by name": "words\n",
        port: "127.0.0.1",
        status: "running",
        listed: ["py-server"],
        top: true,
        log: true,
        events: true,
      });
      expect(await names()).toEqual([]);
    },
    3 * minutes,
  );

  test(
    "dockerode attaches with both ways open, executes, reads archives and stats",
    async () => {
      const seen = await served.seen(["node", "dockerode.mjs"]);
      expect(seen).toEqual({
        ping: "OK",
        version: "1.50",
        attach: { stdout: "got hello\n", stderr: "bad\n" },
        exit: 5,
        logs: "got hello\n",
        exec: { stdout: "kept\n", stderr: "" },
        execExit: 3,
        names: 1,
        memory: true,
        archive: true,
        missing: "404 No such container: rode",
      });
      expect(await names()).toEqual([]);
    },
    3 * minutes,
  );

  const testcontainers = {
    port: true,
    exec: [0, "PONG"],
    copied: "copied",
    byName: "PONG",
    http: 200,
  };

  test(
    "testcontainers without its reaper",
    async () => {
      const env = { TESTCONTAINERS_RYUK_DISABLED: "true" };
      expect(await served.seen(["node", "testcontainers.mjs"], { env })).toEqual(testcontainers);
      expect(await names()).toEqual([]);
    },
    3 * minutes,
  );

  test(
    "testcontainers with a reaper, which removes what a program leaves",
    async () => {
      await served.told(["docker", "build", "-q", "-t", "reaper:1", "reaper"], {
        env: { DOCKER_BUILDKIT: "0" },
      });
      const env = {
        RYUK_CONTAINER_IMAGE: "reaper:1",
        TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: served.socket,
        LEAVE: "yes",
      };
      const seen = await served.seen(["node", "testcontainers.mjs"], { env });
      expect(seen).toEqual({ ...testcontainers, left: expect.any(Array) });
      expect((seen as { left: string[] }).left).toHaveLength(3);
      await served.vial.until(
        "the reaper has removed them",
        async () => (await names()).length === 0,
        30_000,
      );
      const networks = await served.told(["docker", "network", "ls", "--format", "{{.Name}}"]);
      expect(networks.trim().split("\n").sort()).toEqual(["bridge", "host", "none"]);
    },
    3 * minutes,
  );

  test(
    "docker-compose brings up a page, a store and a worker, and takes them down",
    async () => {
      const port = await freePort();
      const folder = `${served.vial.folder}/app`;
      cpSync(`${clientsFolder}/app`, folder, { recursive: true });
      const options = { cwd: folder, env: { WEB_PORT: String(port), DOCKER_BUILDKIT: "0" } };
      const compose = async (...words: string[]) =>
        await served.told(["docker-compose", "--ansi", "never", "-p", "proof", ...words], options);
      await compose("up", "-d", "--build");
      const page = async () => await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await served.vial.until(
        "the worker works",
        async () => /work [1-9]/.test(await page().catch(() => "")),
        30_000,
      );
      await served.vial.until(
        "all are healthy",
        async () => (await compose("ps")).match(/healthy/g)?.length === 2,
        30_000,
      );
      expect(await compose("logs", "worker")).toContain("worker: ready");
      expect(await compose("exec", "-T", "web", "cat", "/etc/hostname")).toMatch(/^[0-9a-f]{12}\n$/);
      // The back network is internal, and nobody from outside finds the store.
      await compose("up", "-d", "--scale", "worker=2");
      expect((await compose("ps", "-q", "worker")).trim().split("\n")).toHaveLength(2);
      const visits = Number(/visits (\d+)/.exec(await page())?.[1]);
      await compose("restart", "store");
      await served.vial.until("the page is back", async () => (await page().catch(() => "")) !== "", 30_000);
      // Kept in the volume by redis.
      expect(Number(/visits (\d+)/.exec(await page())?.[1])).toBeGreaterThanOrEqual(visits);
      await compose("down", "-v");
      expect(await names()).toEqual([]);
      expect(await served.told(["docker", "volume", "ls", "-q"])).toBe("");
    },
    4 * minutes,
  );

  test(
    "devcontainer up, with its command after creation, and exec",
    async () => {
      const folder = `${served.vial.folder}/dev`;
      cpSync(`${clientsFolder}/devcontainer`, folder, { recursive: true });
      const cli = `${clientsFolder}/node_modules/.bin/devcontainer`;
      const up = (await served.seen([cli, "up", "--workspace-folder", folder])) as {
        outcome: string;
        containerId: string;
      };
      expect(up.outcome).toBe("success");
      const exec = [cli, "exec", "--workspace-folder", folder];
      expect(await served.told([...exec, "python3", "program.py"])).toBe("it runs in yes\n");
      expect(await served.told([...exec, "cat", "/made"])).toBe("made\n");
      await served.told(["docker", "rm", "-f", up.containerId]);
    },
    3 * minutes,
  );

  test(
    "a browser shows the page that nginx serves through a published port",
    async () => {
      const port = await freePort();
      const site = `${clientsFolder}/site`;
      await served.told([
        "docker",
        ...["run", "-d", "--name", "site", "-p", `127.0.0.1:${port}:80`, "-v", `${site}:/var/www/html:ro`],
        ...["stack:1", "nginx", "-g", "daemon off;"],
      ]);
      const url = `http://127.0.0.1:${port}/`;
      await served.vial.until(
        "nginx answers",
        async () =>
          await fetch(url).then(
            (answer) => answer.ok,
            () => false,
          ),
      );
      mkdirSync(artefacts, { recursive: true });
      const picture = `${artefacts}/nginx.png`;
      const browser = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
      ];
      const common = [
        ...browser,
        `--user-data-dir=${served.vial.folder}/chromium`,
        "--virtual-time-budget=5000",
      ];
      const document = await served.told([...common, "--dump-dom", url]);
      expect(document).toContain("<h1>Served by nginx in Vial</h1>");
      expect(document).toContain("The script ran, and fetched these words.");
      await served.told([...common, "--window-size=800,400", `--screenshot=${picture}`, url]);
      expect(existsSync(picture)).toBe(true);
      expect(readFileSync(picture).subarray(1, 4).toString()).toBe("PNG");
      expect(await served.told(["docker", "logs", "site"])).toBe("");
      await served.told(["docker", "rm", "-f", "site"]);
    },
    3 * minutes,
  );

  test("nothing is left of them", async () => {
    await served.stop();
    await expectNothingLeft(served.vial);
  });
});
