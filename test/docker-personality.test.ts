import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The compiled program by a link named docker, as scripts call it. What is expected is what the real client printed.

const reason = whyNoContainers();
if (reason !== undefined) console.log(`docker-personality.test.ts is skipped: ${reason}`);

let vial: TestVial;
let docker: string;

async function run(...words: readonly string[]) {
  return await vial.command([docker, ...words]);
}

describe.skipIf(reason !== undefined)("docker", () => {
  beforeAll(async () => {
    vial = await openVial();
    mkdirSync(`${vial.folder}/bin`);
    docker = `${vial.folder}/bin/docker`;
    symlinkSync(vial.program, docker);
  }, setupTimeout);

  afterAll(async () => await vial.close(), setupTimeout);

  test("runs a program with its output, its errors and its exit code", async () => {
    expect(await run("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")).toEqual({
      code: 3,
      out: "out\n",
      err: "err\n",
    });
  });

  test("takes the long name of a command", async () => {
    expect((await run("container", "run", "--rm", "busybox", "echo", "hi")).out).toBe("hi\n");
    expect((await run("image", "ls", "--format", "{{.Repository}}")).out).toBe("busybox\n");
  });

  test.each([
    [["rm", "nosuch"], 1, "Error response from daemon: No such container: nosuch\n"],
    [["rm", "-f", "nosuch"], 0, "Error response from daemon: No such container: nosuch\n"],
    [["exec", "nosuch", "true"], 1, "Error response from daemon: No such container: nosuch\n"],
    [["rmi", "nosuch"], 1, "Error response from daemon: No such image: nosuch:latest\n"],
    [["exec", "-it", "nosuch", "true"], 1, "the input device is not a TTY\n"],
    [["foo"], 1, "docker: unknown command: docker foo\n\nRun 'docker --help' for more information\n"],
    [
      ["run", "--pull", "never", "nosuch"],
      125,
      "docker: Error response from daemon: No such image: nosuch:latest\n\nRun 'docker run --help' for more information\n",
    ],
    [
      ["run", "--foo", "busybox"],
      125,
      "unknown flag: --foo\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'docker run --help' for more information\n",
    ],
    [
      ["rm"],
      1,
      "docker: 'docker rm' requires at least 1 argument\n\nUsage:  docker rm [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'docker rm --help' for more information\n",
    ],
    [
      ["ps", "extra"],
      1,
      "docker: 'docker ps' accepts no arguments\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n",
    ],
    [
      ["ps", "-Z"],
      125,
      "unknown shorthand flag: 'Z' in -Z\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n",
    ],
  ] as const)("%p is refused as the real client does", async (words, code, err) => {
    expect(await run(...words)).toEqual({ code, out: "", err });
  });

  test.each([
    ["nosuchcmd", 127, 'exec: "nosuchcmd": executable file not found in $PATH'],
    ["/etc/passwd", 126, 'exec: "/etc/passwd": permission denied'],
  ])("run of %s ends with %d", async (program, code, sentence) => {
    const outcome = await run("run", "--rm", "busybox", program);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(sentence);
  });

  test("inspect of nothing prints an empty list", async () => {
    expect(await run("inspect", "nosuch")).toEqual({
      code: 1,
      out: "[]\n",
      err: "Error: No such object: nosuch\n",
    });
  });

  test("a name that is taken is told in Docker's sentence, and the life of a container goes as in Docker", async () => {
    const id = (await run("run", "-d", "--name", "life", "busybox", "sleep", "100")).out.trim();
    const again = await run("run", "-d", "--name", "life", "busybox", "true");
    expect(again.code).toBe(125);
    expect(again.err).toContain('Conflict. The container name "/life" is already in use by container "');
    expect((await run("ps", "--format", "{{.ID}} {{.Image}} {{.Names}}")).out).toBe(
      `${id.slice(0, 12)} busybox life\n`,
    );
    expect((await run("exec", "life", "sh", "-c", "exit 4")).code).toBe(4);
    expect((await run("rm", "life")).err).toContain(
      "container is running: stop the container before removing",
    );
    expect((await run("inspect", "-f", "{{.State.Status}}", "life")).out).toBe("running\n");
    expect(await run("stop", "-t", "0", "life")).toEqual({ code: 0, out: "life\n", err: "" });
    expect(await run("rm", "life")).toEqual({ code: 0, out: "life\n", err: "" });
  });

  test("takes options that mean what Vial does anyway, and refuses others with the reason", async () => {
    const taken = ["--disable-content-trust", "-a", "stdout", "-a", "stderr"];
    expect((await run("run", "--rm", ...taken, "busybox", "echo", "hi")).out).toBe("hi\n");
    const alone = await run("run", "--rm", "-a", "stdout", "busybox", "echo", "hi");
    expect(alone.code).toBe(125);
    expect(alone.err).toContain('Cannot do "docker run --attach"');
    expect(alone.out).toBe("");
  });

  test("publishes on every address where none is named, and Vial on loopback", async () => {
    const words = ["create", "-p", "18080:80", "-p", "127.0.0.2:18081:81", "busybox"];
    const bindings = async (id: string) =>
      JSON.parse(await vial.inspect(id.trim(), "{{json .HostConfig.PortBindings}}"));
    const [docked, own] = [(await run(...words)).out, await vial.ok(...words)];
    const named = [{ HostIp: "127.0.0.2", HostPort: "18081" }];
    expect(await bindings(docked)).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "18080" }],
      "81/tcp": named,
    });
    expect(await bindings(own)).toEqual({
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "18080" }],
      "81/tcp": named,
    });
    await run("rm", docked.trim(), own);
  });

  test.each([
    ["compose", "this version of Vial reads no compose files"],
    ["swarm", "Vial has no swarm"],
  ])("%s is refused in one sentence", async (word, sentence) => {
    const outcome = await run(word, "up");
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain(sentence);
  });

  test("builds by the words of buildx", async () => {
    mkdirSync(`${vial.folder}/context`);
    writeFileSync(`${vial.folder}/context/Dockerfile`, "FROM busybox\nRUN echo built > /built\n");
    const words = ["buildx", "build", "--load", "--provenance=false", "--progress", "plain"];
    const built = await run(...words, "-t", "built:1", `${vial.folder}/context`);
    expect(built.code).toBe(0);
    expect((await run("run", "--rm", "built:1", "cat", "/built")).out).toBe("built\n");
    const attested = await run("build", "--provenance=true", `${vial.folder}/context`);
    expect(attested.code).toBe(1);
    expect(attested.err).toContain("--provenance");
  });

  test("system prune says what it would do, and does it", async () => {
    const id = (await run("create", "busybox")).out.trim();
    expect((await run("system", "prune")).out).toContain("  - all stopped containers\n");
    const pruned = await run("system", "prune", "--force");
    expect(pruned.out).toContain(`Deleted Containers:\n${id}\n`);
    expect(pruned.out).toContain("Total reclaimed space: ");
    expect((await run("ps", "-aq")).out).toBe("");
  });

  test("gives versions that scripts can compare", async () => {
    expect((await run("--version")).out).toMatch(
      /^Docker version 28\.2\.2\+vial\.\d+\.\d+\.\d+, build vial\n$/,
    );
    expect((await run("version", "--format", "{{.Server.Version}}")).out).toMatch(/^28\.2\.2\+vial\./);
    expect((await run("info", "--format", "{{.OSType}}")).out).toBe("linux\n");
  });

  test("a completion for bash is one that bash can read", async () => {
    const script = (await run("completion", "bash")).out;
    const complete = (words: string, at: number) =>
      `COMP_WORDS=(${words}); COMP_CWORD=${at}; _docker; echo $(printf '%s\n' "\${COMPREPLY[@]}")`;
    const words = `${complete('docker volume ""', 2)}\n${complete("docker container ls --no", 3)}`;
    const bash = await vial.command(["bash", "-c", `${script}\n${words}`]);
    expect(bash.out).toBe("create inspect list ls prune remove rm update\n--no-trunc\n");
  });
});
