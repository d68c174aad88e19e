import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type As, openPerson, type Person } from "./person.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// The profile `hpc`: a sandbox and a SIF file, run as root and as an ordinary user without a range of sub-ids. The user's
// SIF file is mounted by FUSE where the test gives a /dev/fuse for all (in a mount namespace, the host's stays as it is),
// else unpacked.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the profile hpc, because ${why}`);

let vial: TestVial;
let person: Person;
let user: string;
let home: string;
let program: string;
let box: string;
let sif: string;

const recipe = `Bootstrap: docker
From: busybox
%post
    echo from the image > /data
    mkdir /opt/there
%environment
    export OF_IMAGE=image
    export BOTH=image
%runscript
    echo "runs with $*"
%test
    echo tested
%help
    helps
%apprun tool
    echo "the tool $1"
%appenv tool
    export OF_APP=app
`;

const asRoot: Person["asRoot"] = async (words, as) => await person.asRoot(words, as);
const asUser: Person["asUser"] = async (words, as) => await person.asUser(words, as);

/** The same, with a file that is open as descriptor 9, as MPI's launchers and make(1) give them. */
async function withOpenFile(way: "root" | "user", words: readonly string[]) {
  const open = ["sh", "-c", 'exec 9< "$0" && exec "$@"', `${home}/note`];
  const start = way === "root" ? [] : ["setpriv", "--reuid", user, "--regid", user, "--init-groups"];
  const env = { HOME: home };
  return await vial.command([...open, ...start, program, ...words], { env, cwd: home, timeout: 60_000 });
}

type Run = Person["asUser"];

/** Each kind of image by each kind of person. */
const ways: readonly (readonly [string, Run, () => string])[] = [
  ["root, a sandbox", asRoot, () => box],
  ["root, a SIF file", asRoot, () => sif],
  ["a user, a sandbox", asUser, () => box],
  ["a user, a SIF file unpacked", asUser, () => sif],
  ["a user, a SIF file by FUSE", async (words, as) => await asUser(words, { ...as, fuse: true }), () => sif],
];

/** Servers of squashfs that still run, of this test. */
function servers(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(sif);
    } catch {
      return false;
    }
  });
}

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  person = openPerson(vial, "vialhpc");
  ({ user, home, program } = person);
  [box, sif] = [`${vial.folder}/box`, `${vial.folder}/x.sif`];
  writeFileSync(`${vial.folder}/x.def`, recipe);
  await vial.ok("build", "-q", sif, `${vial.folder}/x.def`);
  await vial.ok("build", "-q", "--sandbox", box, `${vial.folder}/x.def`);
  chmodSync(sif, 0o755);
}, setupTimeout);

afterAll(async () => {
  if (vial === undefined) return;
  person.close();
  await vial.close();
}, setupTimeout);

describe.skipIf(why !== undefined).each(ways)("the profile hpc: %s", (_name, run, image) => {
  const out = async (words: readonly string[], as?: As) => {
    const { code, out: said, err } = await run(words, as);
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${err}`);
    return said.trim();
  };
  const isRoot = run === asRoot;

  test("is the caller, in the caller's folder, with a root that takes no file", async () => {
    expect(await out(["exec", image(), "id", "-u"])).toBe(
      isRoot ? "0" : Bun.spawnSync(["id", "-u", user]).stdout.toString().trim(),
    );
    expect(await out(["exec", image(), "pwd"])).toBe(home);
    expect(await out(["exec", image(), "cat", "/data"])).toBe("from the image");
    const written = await run(["exec", image(), "sh", "-c", "echo 1 > /data"]);
    expect(written.err).toContain("Read-only file system");
    expect(
      await out([
        "exec",
        image(),
        "sh",
        "-c",
        'echo 1 > "$HOME/mine" && cat "$HOME/mine" && rm "$HOME/mine"',
      ]),
    ).toBe("1");
    // The file is root's, and whoever is not root does not become it by --writable-tmpfs.
    if (isRoot)
      expect(await out(["exec", "--writable-tmpfs", image(), "sh", "-c", "echo 2 > /data; cat /data"])).toBe(
        "2",
      );
  });

  test("gives the program's own code, or 127, 126, 128 and the signal", async () => {
    expect((await run(["exec", image(), "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await run(["exec", image(), "no-such-program"])).code).toBe(127);
    expect((await run(["exec", image(), "/data"])).code).toBe(126);
    expect((await run(["exec", image(), "sh", "-c", "kill -TERM $$"])).code).toBe(143);
  });

  test("run, test, run-help, shell and --app take the image's scripts", async () => {
    expect(await out(["run", image(), "a", "b c"])).toBe("runs with a b c");
    expect(await out(["test", image()])).toBe("tested");
    expect(await out(["run-help", image()])).toBe("helps");
    expect(await out(["run", "--app", "tool", image(), "x"])).toBe("the tool x");
    expect(await out(["shell", image(), "-c", "echo $OF_IMAGE"])).toBe("image");
  });

  test("the environment: the host's under the image's, --env over both, --cleanenv without the host's", async () => {
    const env = { OF_HOST: "host", BOTH: "host", APPTAINERENV_GIVEN: "given", LD_LIBRARY_PATH: "/of/host" };
    const look = ["sh", "-c", 'echo "$OF_HOST $BOTH $OF_IMAGE $GIVEN $X $LD_LIBRARY_PATH"'];
    expect(await out(["exec", "--env", "X=1", image(), ...look], { env })).toBe(
      "host image image given 1 /.singularity.d/libs",
    );
    expect(await out(["exec", "--cleanenv", "--env", "BOTH=mine", image(), ...look], { env })).toBe(
      "mine image given  /.singularity.d/libs",
    );
    expect(await out(["exec", image(), "sh", "-c", "echo $APPTAINER_CONTAINER $SINGULARITY_NAME"])).toContain(
      image(),
    );
  });

  test("binds, also where the image has no such place; what is missing is refused", async () => {
    writeFileSync(`${home}/note`, "noted\n");
    expect(await out(["exec", "--bind", `${home}/note:/new/place`, image(), "cat", "/new/place"])).toBe(
      "noted",
    );
    expect(await out(["exec", "-B", `${home}:/opt/there:ro`, image(), "cat", "/opt/there/note"])).toBe(
      "noted",
    );
    const locked = await run(["exec", "-B", `${home}:/opt/there:ro`, image(), "touch", "/opt/there/x"]);
    expect(locked.err).toContain("Read-only");
    const missing = await run(["exec", "--bind", "/no/such:/x", image(), "true"]);
    expect(missing.code).toBe(125);
    expect(missing.err).toContain("/no/such");
    const contained = await out([
      "exec",
      "--contain",
      image(),
      "sh",
      "-c",
      'ls -A "$HOME" /tmp; ls /dev | grep -c .',
    ]);
    expect(contained).not.toContain("note");
    // The home of this test lies in /tmp, which is another one inside.
    expect(await out(["exec", "--contain", image(), "sh", "-c", "cd && pwd"])).toBe(isRoot ? "/root" : home);
  });

  test("--pid, --ipc, --uts, --net and --hostname are namespaces of its own", async () => {
    expect(await out(["exec", "--pid", image(), "sh", "-c", "echo $$; cat /proc/1/comm"])).toBe(
      "2\ndumb-init",
    );
    expect(await out(["exec", "--pid", "--no-init", image(), "sh", "-c", "echo $$"])).toBe("1");
    expect(await out(["exec", "--hostname", "node7", image(), "hostname"])).toBe("node7");
    const links = await out(["exec", "--net", "--network", "none", image(), "ls", "/sys/class/net"]);
    expect(links).toBe("lo");
    // IFF_UP and IFF_LOOPBACK: a program can speak with itself.
    expect(await out(["exec", "--net", image(), "cat", "/sys/class/net/lo/flags"])).toBe("0x9");
  });

  test("nothing is left: no server, no loop device, no mount", async () => {
    await vial.until("squashfuse has ended", () => servers().length === 0);
    expect(Bun.spawnSync(["losetup", "-a"]).stdout.toString()).not.toContain(sif);
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(vial.folder);
  });
});

describe.skipIf(why !== undefined)("the profile hpc", () => {
  test("no Vial process stays: the program has its process id, and FUSE goes on while anybody is inside", async () => {
    const marker = `${home}/pid`;
    const child = Bun.spawn([program, "exec", sif, "sh", "-c", `echo $$ > ${marker}; exec sleep 30`], {
      env: { ...vial.environment(), HOME: "/root" },
      cwd: home,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await vial.until("it runs", () => existsSync(marker) && readFileSync(marker, "utf8") !== "");
    expect(readFileSync(marker, "utf8").trim()).toBe(String(child.pid));
    await vial.until("it is the program", () =>
      readFileSync(`/proc/${child.pid}/cmdline`, "utf8").startsWith("sleep"),
    );
    child.kill("SIGKILL");
    await child.exited;
    expect(Bun.spawnSync(["losetup", "-a"]).stdout.toString()).not.toContain(sif);
    rmSync(marker);
    // The first program ends, one that it left in the background reads on.
    const late = `(sleep 0.5; cat /data > ${home}/late) > /dev/null 2>&1 &`;
    expect((await asUser(["exec", sif, "sh", "-c", late], { fuse: true })).code).toBe(0);
    await vial.until("what stayed behind has read", () => existsSync(`${home}/late`));
    await vial.until("squashfuse has ended", () => servers().length === 0);
    expect(readFileSync(`${home}/late`, "utf8")).toBe("from the image\n");
  });

  test("the program has the descriptors that the command was started with, and none of Vial's", async () => {
    writeFileSync(`${home}/note`, "noted\n");
    for (const way of ["root", "user"] as const)
      for (const image of [box, sif]) {
        const look = "cat <&9; ls -l /proc/self/fd; env | grep -c ^BUN_";
        const { out } = await withOpenFile(way, ["exec", image, "sh", "-c", look]);
        expect(out.split("\n").slice(0, 1)).toEqual(["noted"]);
        expect(out.endsWith("\n0\n")).toBe(true);
        const files = [...out.matchAll(/ -> (\/.*)/g)].map((match) => match[1]);
        const others = files.filter((file) => file !== "/dev/null" && file !== `${home}/note`);
        expect(files).toContain(`${home}/note`);
        // One is given on purpose: by it an image that had to be unpacked is held until the last program has ended.
        const held =
          way === "user" && image === sif ? [expect.stringMatching(/\/unpacked\/[0-9a-f]{32}\.lock$/)] : [];
        expect(others).toEqual(held as string[]);
        expect(out).not.toContain("anon_inode");
      }
  });

  test("a file whose file system is damaged is refused, with what squashfuse says of it", async () => {
    const bad = `${vial.folder}/bad.sqsh`;
    writeFileSync(bad, Buffer.concat([Buffer.from("hsqs"), Buffer.alloc(4092, 7)]));
    const { code, err } = await asUser(["exec", bad, "true"], { fuse: true });
    expect(code).toBe(125);
    expect(err).toContain(bad);
    expect(err).toContain("squashfuse_ll");
  });

  test("a user without a capability, and no setuid program of the image changes that", async () => {
    const look = ["grep", "-E", "^(CapEff|CapBnd|NoNewPrivs)", "/proc/self/status"];
    const { out } = await asUser(["exec", box, ...look]);
    expect(out).toContain("CapEff:\t0000000000000000");
    expect(out).toContain("NoNewPrivs:\t1");
  });

  test("links of a hostile image lead nowhere outside", async () => {
    const evil = `${vial.folder}/evil`;
    const outside = `${vial.folder}/outside`;
    mkdirSync(outside);
    cpSync(box, evil, { recursive: true, verbatimSymlinks: true });
    for (const name of ["tmp", "home", "var"]) {
      rmSync(`${evil}/${name}`, { recursive: true, force: true });
      symlinkSync(`../../../../../../../../..${outside}`, `${evil}/${name}`);
    }
    for (const run of [asRoot, asUser]) {
      await run(["exec", "--bind", `${home}:/var/made/here`, evil, "true"]);
      await run(["exec", evil, "sh", "-c", "echo 1 > /tmp/x"]);
      expect(readdirSync(outside)).toEqual([]);
    }
    rmSync(`${evil}/etc/passwd`, { force: true });
    symlinkSync("/../../../../../../etc/shadow", `${evil}/etc/passwd`);
    const { out } = await asRoot(["exec", evil, "cat", "/etc/passwd"]);
    expect(out).not.toContain("$y$");
    // A proc that is a link would hide what the container is given for one.
    rmSync(`${evil}/proc`, { recursive: true, force: true });
    symlinkSync("/etc", `${evil}/proc`);
    expect((await asRoot(["exec", evil, "true"])).code).toBe(125);
  });

  test("is not unpacked where another person could put files", async () => {
    const open = `${vial.folder}/open`;
    mkdirSync(open);
    chmodSync(open, 0o1777);
    const uid = Bun.spawnSync(["id", "-u", user]).stdout.toString().trim();
    const planted = `${open}/vial-unpacked-${uid}`;
    mkdirSync(planted);
    const refused = await asUser(["exec", "--tmpdir", open, sif, "true"]);
    expect(refused.code).toBe(125);
    expect(refused.err).toContain(`Cannot unpack an image below "${planted}"`);
    rmSync(planted, { recursive: true });
    expect((await asUser(["exec", "--tmpdir", open, sif, "cat", "/data"])).out).toBe("from the image\n");
    expect(readdirSync(planted).filter((name) => !name.endsWith(".lock"))).toHaveLength(1);
  });

  test("names stay Docker's, unless --profile hpc is given", async () => {
    const { out } = await vial.call(["run", "--profile", "hpc", "busybox", "pwd"], { cwd: home });
    expect(out.trim()).toBe(home);
    expect(await vial.ok("run", "--rm", "--network", "none", "busybox", "pwd")).toBe("/");
    const missing = await vial.run("exec", "./nowhere", "true");
    expect(missing.code).toBe(125);
    expect(missing.err).toContain("there is no such file or folder");
  });

  test("a damaged file, another kind of file, and a folder that is no image are refused", async () => {
    writeFileSync(`${vial.folder}/bad.sif`, "no image\n");
    mkdirSync(`${vial.folder}/plain`);
    for (const name of ["bad.sif", "plain"]) {
      const { code, err } = await asRoot(["exec", `${vial.folder}/${name}`, "true"]);
      expect(code).toBe(125);
      expect(err).toContain(`${vial.folder}/${name}`);
    }
  });

  test("what does not act is refused", async () => {
    const fetched = await asRoot(["shell", "library://a/b/c"]);
    expect(fetched.code).toBe(125);
    expect(fetched.err).toContain("no default library server");
    const bridged = await asRoot(["exec", "--network", "bridge", box, "true"]);
    expect(bridged.code).toBe(125);
    expect(bridged.err).toContain("--network");
  });
});

describe.skipIf(why !== undefined)("a policy", () => {
  test("lets run what is signed as it demands, and nothing else, however the image is mounted", async () => {
    const config = `${home}/policy`;
    const env = { XDG_CONFIG_HOME: config };
    const signed = `${vial.folder}/signed.sif`;
    const changed = `${vial.folder}/changed.sif`;
    copyFileSync(sif, signed);
    const make = ["key", "generate", "-N", "Builder", "--algorithm", "ed25519", "-P", ""];
    const { out: key } = await vial.call(make, { env });
    expect((await vial.call(["sign", signed], { env })).code).toBe(0);
    const bytes = readFileSync(signed);
    // The last bytes of the root file system, which an image may never read.
    const root = JSON.parse(await vial.ok("sif", "list", "--json", signed)) as {
      type: string;
      offset: number;
      size: number;
    }[];
    const { offset, size } = root.find(({ type }) => type === "partition")!;
    bytes[offset + size - 1]! ^= 1;
    writeFileSync(changed, bytes);
    for (const path of [signed, changed]) chmodSync(path, 0o755);
    const rules = `[[rule]]\npath = "${vial.folder}"\nmode = "any-of"\nkeys = ["${key.trim()}"]\n`;
    writeFileSync(`${config}/vial/policy.toml`, `default = "allow"\n${rules}`, { mode: 0o644 });
    await vial.command(["chown", "-R", user, config]);
    for (const [name, run, image] of ways) {
      if (image() === box) {
        expect(await run(["exec", box, "true"], { env })).toMatchObject({
          code: 125,
          err: expect.stringContaining("only a SIF file can have one"),
        });
        continue;
      }
      const ran = await run(["exec", signed, "cat", "/data"], { env });
      expect(`${name}: ${ran.out}${ran.code === 0 ? "" : ran.err}`).toBe(`${name}: from the image\n`);
      for (const [path, why] of [
        [changed, "the data of object"],
        [sif, "there is no signature of group 1"],
      ] as const)
        expect(await run(["exec", path, "cat", "/data"], { env })).toMatchObject({
          ...{ code: 125, out: "" },
          err: expect.stringContaining(why),
        });
    }
    expect((await asRoot(["exec", sif, "cat", "/data"])).out).toBe("from the image\n");
    expect(await asRoot(["instance", "start", changed, "held"], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining("the data of object"),
    });
    expect(await vial.call(["convert", changed, `${vial.folder}/other.sif`], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining("the policy does not let it"),
    });
    const recipe = `${vial.folder}/from.def`;
    writeFileSync(recipe, `Bootstrap: localimage\nFrom: ${changed}\n`);
    const built = await vial.call(["build", "-q", `${vial.folder}/from.sif`, recipe], {
      env,
      timeout: 60_000,
    });
    expect(built).toMatchObject({ code: 1, err: expect.stringContaining("the policy does not let it") });
    writeFileSync(recipe, `Bootstrap: localimage\nFrom: ${signed}\n`);
    expect(
      await vial.call(["build", "-q", `${vial.folder}/from.sif`, recipe], { env, timeout: 60_000 }),
    ).toMatchObject({ code: 0 });
  }, 120_000);
});
