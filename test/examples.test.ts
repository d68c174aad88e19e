import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";
import { expectNothingLeft } from "./traces.ts";

// The recipes of examples/: each builds from this machine's own package sources alone, runs, and gives the same image when
// it is built again, without the cache, elsewhere, by another clock, umask, language and working folder.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the examples, because ${why}`);

const examples = fileURLToPath(new URL("../examples", import.meta.url));
const minutes = 60_000;

let vial: TestVial;

beforeAll(
  async () => {
    if (why !== undefined) return;
    vial = await openVial();
    const made = await vial.call(["bootstrap", "debian", "bookworm"], { timeout: 5 * minutes });
    if (made.code !== 0) throw new Error(made.err);
  },
  setupTimeout + 5 * minutes,
);
afterAll(async () => await vial?.close(), setupTimeout);

/** A copy of an example whose files have other times, and with `modes` those of a checkout under the umask 077. */
function copyOf(name: string, modes: boolean): string {
  const folder = `${vial.folder}/elsewhere/${name}`;
  mkdirSync(folder, { recursive: true });
  cpSync(`${examples}/${name}`, folder, { recursive: true });
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    if (statSync(`${folder}/${entry}`).isFile()) {
      utimesSync(`${folder}/${entry}`, 1_000_000_000, 1_500_000_000);
      if (modes) chmodSync(`${folder}/${entry}`, 0o600);
    }
  return folder;
}

/** Builds an example twice, under other conditions, and gives the image IDs. */
async function buildTwice(
  name: string,
  tag: string,
  flags: readonly string[] = [],
): Promise<readonly string[]> {
  const words = (folder: string) => flags.map((flag) => flag.replace("@", folder));
  const at = `${examples}/${name}`;
  const first = await vial.call(["build", "-q", "-t", tag, ...words(at), at], { timeout: 8 * minutes });
  if (first.code !== 0) throw new Error(first.err);
  // %files of a definition file keeps the modes of the host, as in Apptainer.
  const copy = copyOf(name, flags.length === 0);
  const varied = 'umask 077; cd /; exec "$0" "$@"';
  const second = await vial.command(
    [
      "sh",
      "-c",
      varied,
      vial.program,
      "build",
      "-q",
      "--no-cache",
      "-t",
      `${tag}-again`,
      ...words(copy),
      copy,
    ],
    {
      timeout: 8 * minutes,
      env: { TZ: "Pacific/Auckland", LANG: "tr_TR.UTF-8", LC_ALL: "C", HOME: "/nonexistent", USER: "nobody" },
    },
  );
  if (second.code !== 0) throw new Error(second.err);
  return [first.out, second.out];
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe.skipIf(why !== undefined)("the examples", () => {
  test(
    "c-simulation: a small image with one program, which computes what the theory says",
    async () => {
      const [first, second] = await buildTwice("c-simulation", "heat");
      expect(second).toBe(first!);
      expect(await vial.ok("run", "--rm", "--network", "none", "heat")).toContain(
        "right: of second order, as the theory says",
      );
      const [image] = JSON.parse(await vial.ok("image", "inspect", "heat")) as { readonly Size: number }[];
      expect(image?.Size).toBeLessThan(3 << 20);
    },
    10 * minutes,
  );

  test(
    "python-web: a page and an API that keep what they are given, and a health check that says so",
    async () => {
      const [first, second] = await buildTwice("python-web", "register");
      expect(second).toBe(first!);
      const port = await freePort();
      const flags = ["--network", "host", "-e", "HOST=127.0.0.1", "-e", `PORT=${port}`];
      await vial.ok("run", "-d", "--name", "web", "--health-interval", "1s", ...flags, "register");
      const at = `http://127.0.0.1:${port}`;
      const answers = async () => {
        try {
          return (await fetch(`${at}/health`)).ok;
        } catch {
          return false;
        }
      };
      await vial.until("the application answers", answers, 20_000);
      const added = await fetch(`${at}/api/samples`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: "S-1", place: "shelf <3>" }),
      });
      expect(added.status).toBe(201);
      const twice = await fetch(`${at}/`, {
        method: "POST",
        body: new URLSearchParams({ name: "S-1", place: "x" }),
      });
      expect(twice.status).toBe(409);
      expect(await (await fetch(`${at}/api/samples`)).json()).toMatchObject([
        { name: "S-1", place: "shelf <3>" },
      ]);
      expect(await (await fetch(at)).text()).toContain("shelf &lt;3&gt;");
      const health = () => vial.inspect("web", "{{.State.Health.Status}}");
      await vial.until("it is healthy", async () => (await health()) === "healthy", 30_000);
      expect(await vial.ok("exec", "web", "id", "-u")).toBe("10001");
      await vial.ok("stop", "web");
      // gunicorn ends by itself when it is asked to: no program that ignores its signal.
      expect(await vial.inspect("web", "{{.State.ExitCode}}")).toBe("0");
      await vial.ok("rm", "web");
    },
    10 * minutes,
  );

  test(
    "science-stack: NumPy, SciPy and Matplotlib by debootstrap; the fit finds what the data was made with",
    async () => {
      const [first, second] = await buildTwice("science-stack", "pendulum", ["-f", "@/pendulum.def"]);
      expect(second).toBe(first!);
      const out = `${vial.folder}/out`;
      mkdirSync(out);
      const run = async (...words: readonly string[]) =>
        await vial.call(["run", "--rm", "--network", "none", "-v", `${out}:/out`, "pendulum", ...words], {
          timeout: minutes,
        });
      const { code, out: said } = await run("--check", "--plot", "/out/fit.svg");
      expect(said).toMatch(/frequency +0\.(?:499|500)\d \+- 0\.\d+ 1\/s/);
      expect(code).toBe(0);
      const drawn = readFileSync(`${out}/fit.svg`, "utf8");
      expect(drawn).toContain("<svg");
      rmSync(`${out}/fit.svg`);
      await run("--plot", "/out/fit.svg");
      expect(readFileSync(`${out}/fit.svg`, "utf8")).toBe(drawn);
    },
    16 * minutes,
  );

  test("leave nothing", async () => await expectNothingLeft(vial));
});
