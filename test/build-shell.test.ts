import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// vial build --debug-shell, at a real terminal (tmux).

const why = whyNoContainers() ?? (Bun.which("tmux") === null ? "tmux is not here" : undefined);
if (why !== undefined) console.warn(`skipped: the shell at a failed step, because ${why}`);

let vial: TestVial;
let terminal: string;

beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

async function tmux(...words: readonly string[]): Promise<string> {
  return (await vial.command(["tmux", "-S", `${vial.folder}/tmux`, ...words])).out;
}

/** What the window shows, as one text. */
async function screen(): Promise<string> {
  return (await tmux("capture-pane", "-p", "-J", "-t", terminal)).replaceAll(/\n+/g, "\n");
}

async function type(text: string): Promise<void> {
  await tmux("send-keys", "-t", terminal, text, "Enter");
}

async function shows(text: string | RegExp): Promise<string> {
  let seen = "";
  await vial.until(`the terminal shows ${text}`, async () => {
    seen = await screen();
    return typeof text === "string" ? seen.includes(text) : text.test(seen);
  });
  return seen;
}

describe.skipIf(why !== undefined)("vial build --debug-shell", () => {
  afterAll(async () => await tmux("kill-server"));

  /** Fails until somebody leaves a file in its cache: the one thing that outlives a step. */
  const flaky = [
    "FROM busybox",
    "RUN echo one > /one",
    "RUN --mount=type=cache,target=/c echo half > /half; test -e /c/ok",
  ].join("\n");

  async function begin(name: string, recipe: string, ...words: readonly string[]): Promise<void> {
    const folder = `${vial.folder}/${name}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/recipe`, recipe);
    terminal = name;
    const call = `${vial.program} build --debug-shell -f ${folder}/recipe ${words.join(" ")} ${folder}`;
    await tmux("new-session", "-d", "-s", name, "-x", "130", "-y", "45", `${call}; echo ended $?; sleep 60`);
    await shows(/[#$] $/m);
  }

  test("shows the state before the step, and r runs the step again", async () => {
    await begin("flaky", flaky, "-t", "flaky");
    await type("ls /half; cat /one; stty size; touch /c/ok /mine; exit");
    const seen = await shows("r: run the step again");
    expect(seen).toContain("This shell is in the state right before it");
    expect(seen).toContain("ls: /half: No such file or directory");
    expect(seen).toContain("\none\n");
    expect(seen).toContain("\n45 130\n");
    await type("r");
    await shows("ended 0");
    // What was tried by hand is not in the image.
    const files = await vial.ok("run", "--rm", "flaky", "ls", "/");
    expect(files).toContain("half");
    expect(files).not.toContain("mine");
  }, 30_000);

  test("anything but r gives up with the error of the step", async () => {
    await begin("broken", "FROM busybox\nRUN echo before; false\n");
    await type("exit");
    await shows("r: run the step again");
    await type("");
    const seen = await shows("ended 1");
    expect(seen).toContain('Cannot build: "RUN echo before; false" failed');
  }, 30_000);

  test("falls back to /bin/sh when the program of SHELL is not there", async () => {
    await begin("shell", 'FROM busybox\nSHELL ["/bin/nope", "-c"]\nRUN true\n');
    expect(await screen()).toContain("/bin/nope does not start");
    await type("echo in $0; exit");
    await shows("in /bin/sh");
    await type("n");
    await shows("ended 1");
  }, 30_000);

  test("a step of %post gets the state of the steps before it, on every try", async () => {
    const recipe = "Bootstrap: docker\nFrom: busybox\n\n%post\n  V=7\n  echo $V >> /seven; test -e /root/x\n";
    await begin("post", `${recipe}`, "-t", "post");
    await type("cat /seven; exit");
    await shows("No such file or directory");
    await type("r");
    await shows(/run the step again[\s\S]*Failed: [\s\S]*[#$] $/m);
    await type("cat /seven; exit");
    const seen = await shows(/again[\s\S]*again/);
    expect(seen.match(/can't open '\/seven'/g)).toHaveLength(2);
    await type("n");
    await shows("ended 1");
  }, 30_000);

  test("is refused where there is no terminal", async () => {
    writeFileSync(`${vial.folder}/Dockerfile`, "FROM busybox\nRUN false\n");
    const { code, err } = await vial.run("build", "--debug-shell", vial.folder);
    expect(code).toBe(1);
    expect(err).toContain("the standard input is no terminal");
  });
});
