// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the shell's variables
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { findProgram } from "#host";
import { type DockerRegistry, startDockerRegistry } from "./docker-registry.ts";
import { type As, openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Apptainer's commands beside those that start a program: keys, signatures, registries, the cache, instances. By root and by
// an ordinary user, with one image for all of them.

const why =
  whyNoContainers() ??
  (findProgram("docker-registry") === undefined ? "docker-registry is not here" : undefined);
if (why !== undefined) console.warn(`skipped: Apptainer's other commands, because ${why}`);

let vial: TestVial;
let person: Person;
let registry: DockerRegistry | undefined;
let bin: string;
let sif: string;

const recipe = `Bootstrap: docker
From: busybox
%environment
    export OF_IMAGE=image
%startscript
    echo "starts with $*"
    trap 'exit' TERM
    while :; do sleep 0.1; done
`;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  person = openPerson(vial, "vialapc");
  bin = `${vial.folder}/bin`;
  mkdirSync(bin);
  for (const name of ["apptainer", "singularity"]) symlinkSync(person.program, `${bin}/${name}`);
  registry = await startDockerRegistry(vial.folder);
  sif = `${vial.folder}/x.sif`;
  writeFileSync(`${vial.folder}/x.def`, recipe);
  await vial.ok("build", "-q", sif, `${vial.folder}/x.def`);
  await vial.ok("tag", "busybox", `${registry.host}/team/box:2`);
  await vial.ok("push", "-q", `${registry.host}/team/box:2`);
}, setupTimeout);

afterAll(async () => {
  await registry?.close();
  if (vial === undefined) return;
  if (person !== undefined) {
    await person.asRoot(["instance", "stop", "--all", "--force"]);
    await person.asUser(["instance", "stop", "--all", "--force"]);
    person.close();
  }
  await vial.close();
}, setupTimeout);

type Call = (words: readonly string[], as?: As) => ReturnType<Person["asUser"]>;

/** A folder of one's own for each: both would fetch into one. */
const called = (who: "asRoot" | "asUser"): Call => {
  return async (words, { env, ...as } = {}) => {
    const place = `${person.home}/${who}`;
    if (!existsSync(place)) {
      mkdirSync(place);
      if (who === "asUser") Bun.spawnSync(["chown", `${person.user}:`, place]);
    }
    const folders = { APPTAINER_KEYSDIR: `${place}/keys`, APPTAINER_CACHEDIR: `${place}/cache` };
    const path = `${bin}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    return await person[who](words, {
      ...{ program: "apptainer", fuse: true, cwd: place },
      ...as,
      env: { PATH: path, ...folders, ...env },
    });
  };
};

const ways: readonly (readonly [string, "asRoot" | "asUser"])[] = [
  ["root", "asRoot"],
  ["an ordinary user", "asUser"],
];

interface Listed {
  readonly instances: readonly Record<string, unknown>[];
}

describe.skipIf(why !== undefined).each(ways)("apptainer, called by %s,", (_name, who) => {
  const run = called(who);
  const ok = async (words: readonly string[], as?: As) => {
    const { code, out, err } = await run(words, as);
    if (code !== 0) throw new Error(`apptainer ${words.join(" ")} ended with ${code}: ${err}`);
    return { out: out.trim(), err };
  };
  const place = () => `${person.home}/${who}`;
  const uri = (kind: string, name: string) => `${kind}://${registry?.host}/team/${name}`;

  test("makes a key, signs, verifies, and moves the key", async () => {
    const own = `${place()}/own.sif`;
    await ok(["build", own, sif]);
    const unsigned = await run(["verify", own]);
    expect([unsigned.code, unsigned.err]).toEqual([
      255,
      expect.stringContaining("\nFATAL:   Cannot confirm"),
    ]);
    const owner = ["-n", "Ada", "-e", "ada@example.org", "-c", "of the test"];
    await ok(["key", "newpair", ...owner, "-p", "", "-b", "2048"]);
    expect(existsSync(`${place()}/keys/pgp-secret`)).toBe(true);
    const listed = (await ok(["key", "list", "-s"])).out;
    expect(listed).toContain("Ada (of the test) <ada@example.org>");
    const print = /Fingerprint: *([0-9A-F]{40})/.exec(listed)?.[1] ?? "";
    expect((await ok(["sign", "-k", "0", own])).err).toEndWith(
      `INFO:    Signature created and applied to image '${own}'\n`,
    );
    const verified = await ok(["verify", own]);
    expect(verified.err).toBe(
      `INFO:    Verifying image with PGP key material\nINFO:    Verified signature(s) from image '${own}'\n`,
    );
    expect(verified.out).toContain(`Fingerprint: ${print}`);
    expect(JSON.parse((await ok(["verify", "-j", own])).out).Signatures).toBe(1);
    await ok(["key", "export", "-a", "ada.asc"]);
    expect(readFileSync(`${place()}/ada.asc`, "utf8")).toStartWith("-----BEGIN PGP PUBLIC KEY BLOCK-----");
    await ok(["key", "remove", "-b", print]);
    expect((await run(["verify", own])).code).toBe(255);
    await ok(["key", "import", "ada.asc"]);
    await ok(["verify", own]);
    for (const words of [
      ["verify", "--ocsp-verify", own],
      ["verify", "--url", "https://keys.example", own],
      ["key", "import", "--new-password", "ada.asc"],
      ["key", "newpair", "--push"],
    ]) {
      const { code, err } = await run(words);
      expect([words, code, err]).toEqual([words, 255, expect.stringMatching(/^FATAL: {3}Cannot do .*\(/)]);
    }
  });

  test("pushes and pulls", async () => {
    const name = `image-${who.toLowerCase()}`;
    const pushed = await ok(["push", sif, uri("oras", `${name}:1`)]);
    expect(pushed).toMatchObject({ out: "", err: expect.stringContaining("INFO:    Upload complete\n") });
    expect((await ok(["pull", uri("oras", `${name}:1`)])).out).toBe("");
    const file = `${place()}/${name}_1.sif`;
    expect(readFileSync(file).equals(readFileSync(sif))).toBe(true);
    const again = await run(["pull", uri("oras", `${name}:1`)]);
    expect([again.code, again.err]).toEqual([255, expect.stringContaining("--force")]);
    await ok(["pull", "-F", "--no-https", uri("oras", `${name}:1`)]);
    mkdirSync(`${place()}/there`);
    Bun.spawnSync(["chmod", "777", `${place()}/there`]);
    // A SIF file, whatever it is called.
    await ok(["pull", "--arch", "amd64", "box.img", uri("docker", "box:2")], {
      env: { APPTAINER_PULLDIR: `${place()}/there` },
    });
    expect(readFileSync(`${place()}/there/box.img`).toString("latin1", 32, 41)).toBe("SIF_MAGIC");
    expect((await ok(["exec", "there/box.img", "echo", "runs"])).out).toBe("runs");
    await ok(["pull", "--sandbox", uri("docker", "box:2")]);
    expect(statSync(`${place()}/box_2`).isDirectory()).toBe(true);
    for (const words of [["alpine"], ["library://alpine"], ["--arch", "pdp11", uri("docker", "box:2")]]) {
      const { code, err } = await run(["pull", ...words]);
      expect([words, code, err]).toEqual([words, 255, expect.stringMatching(/^FATAL: /)]);
    }
    expect((await run(["push", sif, "library://me/x"])).code).toBe(255);
  });

  test("runs an image by its address, and shows and empties the cache", async () => {
    const address = uri("docker", "box:2");
    expect(await ok(["exec", address, "echo", "first"])).toEqual({ out: "first", err: "" });
    expect((await ok(["exec", "--no-https", address, "echo", "again"])).out).toBe("again");
    expect((await ok(["run", address, "sh", "-c", "echo ran"])).out).toBe("ran");
    const summary = (await ok(["cache", "list"])).out;
    expect(summary).toStartWith("There are 1 container file(s) using ");
    expect((await ok(["cache", "list", "-v"])).out).toMatch(/ [KM]iB +oci-tmp$/m);
    expect((await ok(["cache", "list", "-T", "oras,blob"])).out).toStartWith("There are 0 ");
    expect((await run(["cache", "list", "-T", "cake"])).code).toBe(255);
    expect((await ok(["cache", "clean", "--dry-run"])).err).toMatch(
      /^INFO: {4}Removing oci-tmp cache entry: /m,
    );
    expect((await ok(["cache", "clean"], { input: "n\n" })).out).toContain("This will delete everything");
    await ok(["cache", "clean", "-f", "-D", "1"]);
    expect((await ok(["cache", "list"])).out).toBe(summary);
    await ok(["cache", "clean", "-f"]);
    expect((await ok(["cache", "list"])).out).toStartWith("There are 0 ");
  });

  test("starts, lists, enters and stops instances", async () => {
    const started = await ok([
      "instance",
      "start",
      "--pid-file",
      "pid",
      "-B",
      `${place()}:/mnt`,
      sif,
      "web-1",
      "a b",
    ]);
    expect(started).toEqual({ out: "", err: "INFO:    instance started successfully\n" });
    await ok(["instance", "start", sif, "web-2"]);
    const list = async () =>
      (JSON.parse((await ok(["instance", "list", "-j", "web*"])).out) as Listed).instances;
    const [one, two] = await list();
    expect(Object.keys(one ?? {})).toEqual(["instance", "pid", "img", "ip", "logErrPath", "logOutPath"]);
    expect([one?.instance, one?.img, two?.instance]).toEqual(["web-1", sif, "web-2"]);
    expect(readFileSync(`${place()}/pid`, "utf8")).toBe(`${one?.pid}\n`);
    const log = String(one?.logOutPath);
    await vial.until("the startscript has begun", () => readFileSync(log, "utf8") === "starts with a b\n");
    expect((await ok(["instance", "list", "-l"])).out).toContain(log);
    expect((await ok(["instance", "stats", "--no-stream", "web-1"])).out).toStartWith("INSTANCE NAME ");
    const look = ["sh", "-c", 'echo "$APPTAINER_INSTANCE $OF_IMAGE"; ls /mnt/pid'];
    expect((await ok(["exec", "instance://web-1", ...look])).out).toBe("web-1 image\n/mnt/pid");
    expect((await run(["exec", "instance://web-1", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await ok(["shell", "instance://web-1"], { input: "echo $OF_IMAGE\n" })).out).toBe("image");
    expect((await run(["instance", "start", sif, "web-1"])).err).toStartWith("FATAL:   ");
    const stopped = await ok(["instance", "stop", "-s", "TERM", "-t", "5", "web-1"]);
    expect(stopped).toEqual({
      out: "",
      err: `INFO:    Stopping web-1 instance of ${sif} (PID=${one?.pid})\n`,
    });
    expect((await list()).map(({ instance }) => instance)).toEqual(["web-2"]);
    expect((await run(["exec", "instance://web-1", "true"])).code).toBe(255);
    for (const name of ["web-1", "x*"]) {
      const none = await run(["instance", "stop", name]);
      expect([none.code, none.err]).toEqual([255, expect.stringContaining("no instance found")]);
    }
    expect((await ok(["instance", "stop", "--all"])).err).toContain("Stopping web-2 instance");
    expect(await list()).toEqual([]);
    expect((await run(["instance", "start", "--pid-file", "/no/such/pid", sif, "web-3"])).code).toBe(255);
    expect(await list()).toEqual([]);
  });

  test("--nv of a machine without a card is warned of; --no-nv turns the variable off", async () => {
    for (const [words, env] of [
      [["--nv"], {}],
      [["--rocm"], {}],
      [[], { APPTAINER_NV: "1" }],
      [[], { SINGULARITY_ROCM: "1" }],
    ] as const) {
      const { out, err } = await ok(["exec", ...words, sif, "echo", "ran"], { env });
      expect([words, out, err]).toEqual([words, "ran", expect.stringMatching(/^WARNING: --(nv|rocm): /m)]);
    }
    for (const words of [["--no-nv"], ["--nv", "--no-nv"]])
      expect(await ok(["exec", ...words, sif, "echo", "ran"], { env: { APPTAINER_NV: "1" } })).toEqual({
        out: "ran",
        err: "",
      });
  });
});

describe.skipIf(why !== undefined)("apptainer", () => {
  const run = called("asRoot");

  test("lists where one is signed in, and no secret", async () => {
    const folder = `${vial.folder}/docker`;
    mkdirSync(folder);
    const auths = { "https://index.docker.io/v1/": { auth: "YTpiLXNlY3JldA==" }, "ghcr.io": {} };
    writeFileSync(`${folder}/config.json`, JSON.stringify({ auths }));
    const { out } = await run(["registry", "list"], { env: { DOCKER_CONFIG: folder } });
    expect(out).toContain("docker://docker.io");
    expect(out).toContain("docker://ghcr.io");
    expect(out).not.toContain("YTpi");
  });

  test("completes words in bash by the script that it prints", async () => {
    const script = `${vial.folder}/completion.bash`;
    writeFileSync(script, (await run(["completion", "bash"])).out);
    const complete = (...words: readonly string[]) => {
      const line =
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _apptainer; echo "${COMPREPLY[@]}"';
      return Bun.spawnSync(["bash", "-c", line, script, "apptainer", ...words])
        .stdout.toString()
        .trim();
    };
    expect(complete("pu")).toBe("pull push");
    expect(complete("-q", "instance", "")).toBe("start run list stop stats");
    expect(complete("instance", "stop", "--ti")).toBe("--timeout");
    expect(complete("exec", "--cleane")).toBe("--cleanenv");
    // A command that is refused is not offered.
    expect(complete("plugi")).toBe("");
    for (const shell of ["zsh", "fish"]) expect((await run(["completion", shell])).code).toBe(0);
    expect((await run(["completion", "powershell"])).code).toBe(255);
  });
});
