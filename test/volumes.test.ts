import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { printSize } from "#spec";
import { rootTar } from "./made-image.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Volumes from create to rm, what containers see of them, and what hostile images, archives and a kill -9 do to them.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: volumes, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  await importImage("full", fillRoot, 'VOLUME ["/asked"]');
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

afterEach(async () => {
  const ids = vial?.containerIds() ?? [];
  if (ids.length > 0) await vial.run("rm", "-f", "-v", ...ids);
  const volumes = (await vial?.ok("volume", "ls", "-q"))?.split("\n") ?? [];
  if (volumes[0] !== "") await vial.ok("volume", "rm", ...volumes);
});

async function importImage(name: string, change: (root: string) => void, ...instructions: readonly string[]) {
  const tar = `${vial.folder}/${name}.tar`;
  writeFileSync(tar, rootTar(vial.folder, change));
  const changes = ['CMD ["sh"]', ...instructions].flatMap((text) => ["--change", text]);
  await vial.ok("import", ...changes, tar, name);
  rmSync(tar);
}

/** A folder with everything that a copy can lose. */
function fillRoot(root: string): void {
  mkdirSync(`${root}/data/sub`, { recursive: true });
  writeFileSync(`${root}/data/one`, "one\n");
  sh(`cd ${root}/data && ln one hard && ln -s /etc link && mkfifo pipe && printf 2 > sub/two`);
  sh(`setfattr -n user.note -v kept ${root}/data/one 2>/dev/null; chmod 4711 ${root}/data/sub/two`);
  writeFileSync(`${root}/data/holes`, "");
  truncateSync(`${root}/data/holes`, 2 ** 40);
  sh(`touch -d '2001-02-03 04:05:06 UTC' ${root}/data/one ${root}/data/sub ${root}/data`);
  chmodSync(`${root}/data`, 0o2750);
  mkdirSync(`${root}/closed`, { mode: 0o700 });
  writeFileSync(`${root}/etc/secret`, "of the image\n");
  mkdirSync(`${root}/asked`);
  writeFileSync(`${root}/asked/file`, "asked\n");
  symlinkSync("/etc", `${root}/absolute`);
  symlinkSync("../../../../../../etc", `${root}/upwards`);
}

function sh(script: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", script]);
  if (exitCode !== 0) throw new Error(`${script}: ${stderr.toString()}`);
}

function dataOf(name: string): string {
  return `${vial.root}/volumes/${name}/_data`;
}

async function volumes(): Promise<readonly string[]> {
  const text = await vial.ok("volume", "ls", "-q");
  return text === "" ? [] : text.split("\n");
}

suite("volume create, ls, inspect, rm", () => {
  test("create prints the name; inspect has Docker's shape", async () => {
    expect(await vial.ok("volume", "create", "--label", "a=b", "one")).toBe("one");
    const [document] = JSON.parse(await vial.ok("volume", "inspect", "one")) as [Record<string, unknown>];
    expect(document).toEqual({
      CreatedAt: document.CreatedAt,
      Driver: "local",
      Labels: { a: "b" },
      Mountpoint: dataOf("one"),
      Name: "one",
      Options: null,
      Scope: "local",
    });
    expect(document.CreatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await vial.ok("inspect", "--type", "volume", "--format", "{{.Name}}", "one")).toBe("one");
    expect(await vial.ok("volume", "rm", "one")).toBe("one");
    const { code, err } = await vial.run("volume", "inspect", "one");
    expect([code, err.includes('Cannot find the volume "one"')]).toEqual([1, true]);
  });

  test("without a name it is anonymous, with 64 digits", async () => {
    const name = await vial.ok("volume", "create");
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(await vial.ok("volume", "inspect", "-f", "{{json .Labels}}", name)).toBe(
      '{"com.docker.volume.anonymous":""}',
    );
  });

  test("the same again gives the same one; other options are refused", async () => {
    await vial.ok("volume", "create", "same");
    expect(await vial.ok("volume", "create", "same")).toBe("same");
    const { code, err } = await vial.run(
      "volume",
      "create",
      "-o",
      "type=tmpfs",
      "-o",
      "device=tmpfs",
      "same",
    );
    expect([code, err.includes("exists with another set of options")]).toEqual([1, true]);
  });

  test("bad names, drivers and options are refused with the reason", async () => {
    const cases: readonly (readonly [words: readonly string[], said: string])[] = [
      [["../x"], 'Cannot use "../x" as the name of a volume'],
      [["x"], 'Cannot use "x" as the name of a volume'],
      [[".new-1-1-1"], "Cannot use"],
      [["-d", "rexray", "ok"], 'by the driver "rexray"'],
      [["-o", "size=1g", "ok"], 'invalid option: "size"'],
      [["-o", "type=tmpfs", "ok"], 'missing required option: "device"'],
      [["-o", "o=bind", "ok"], "missing required option"],
      [["-o", "type=none", "-o", "device=here", "-o", "o=bind", "ok"], "absolute path"],
    ];
    for (const [words, said] of cases) {
      const { code, err } = await vial.run("volume", "create", ...words);
      expect([words.join(" "), code !== 0, err.includes(said)]).toEqual([words.join(" "), true, true]);
    }
    expect(await volumes()).toEqual([]);
  });

  test("ls filters and formats as Docker does", async () => {
    await vial.ok("volume", "create", "--label", "k=v", "aa");
    await vial.ok("volume", "create", "bb");
    await vial.ok("create", "-v", "bb:/b", "busybox");
    expect(await vial.ok("volume", "ls")).toBe("DRIVER    VOLUME NAME\nlocal     aa\nlocal     bb");
    const ls = async (...filter: readonly string[]) =>
      await vial.ok("volume", "ls", "-q", ...filter.flatMap((text) => ["-f", text]));
    expect(await ls("dangling=true")).toBe("aa");
    expect(await ls("dangling=0")).toBe("bb");
    expect(await ls("label=k=v")).toBe("aa");
    expect(await ls("name=b", "driver=local")).toBe("bb");
    expect(await vial.ok("volume", "ls", "--format", "{{.Name}} {{.Mountpoint}}", "-f", "name=aa")).toBe(
      `aa ${dataOf("aa")}`,
    );
    expect(JSON.parse(await vial.ok("volume", "ls", "--format", "json", "-f", "name=aa"))).toMatchObject({
      Driver: "local",
      Labels: "k=v",
      Name: "aa",
      Scope: "local",
    });
  });

  test("one in use stays, and says who uses it; -f misses none", async () => {
    await vial.ok("create", "--name", "user", "-v", "held:/h", "busybox");
    const { code, err } = await vial.run("volume", "rm", "-f", "held");
    expect([code, err.includes('in use by the container "user"')]).toEqual([1, true]);
    expect(await vial.ok("volume", "rm", "-f", "never")).toBe("never");
    expect((await vial.run("volume", "rm", "never")).code).toBe(1);
  });

  test("one in which somebody has mounted something is not removed with it", async () => {
    await vial.ok("volume", "create", "under");
    mkdirSync(`${dataOf("under")}/point`);
    const script = `mount -t tmpfs none ${dataOf("under")}/point && ${vial.program} volume rm under`;
    const { code, err } = await vial.command(["unshare", "-m", "sh", "-c", script]);
    expect([code, err.includes("something is mounted in it")]).toEqual([1, true]);
    expect(await volumes()).toEqual(["under"]);
  });

  test("twenty at once claim one name, and have one volume", async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => await vial.run("volume", "create", "race")),
    );
    expect(all.map(({ code, out }) => `${code}${out}`)).toEqual(Array(20).fill("0race\n"));
    expect(readdirSync(`${vial.root}/volumes`)).toEqual(["race"]);
  }, 60_000);

  test("prune takes the anonymous ones, --all those with a name, never one in use", async () => {
    await vial.ok("volume", "create");
    await vial.ok("volume", "create", "--label", "keep=1", "kept");
    await vial.ok("volume", "create", "named");
    await vial.ok("create", "-v", "used:/u", "-v", "/anonymous", "busybox");
    const [anonymous] = (await volumes()).filter((name) => name.length === 64);
    expect(anonymous).toBeDefined();
    const first = await vial.ok("volume", "prune", "-f");
    expect(first).toMatch(/^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
    expect((await volumes()).length).toBe(4);
    await vial.ok("volume", "prune", "-af", "--filter", "label!=keep=1");
    expect((await volumes()).filter((name) => name.length < 64)).toEqual(["kept", "used"]);
  });

  test("a half-made one that a kill -9 left is swept", async () => {
    await vial.ok("volume", "create", "whole");
    mkdirSync(`${vial.root}/volumes/.new-999999-1-0/_data`, { recursive: true });
    expect(await volumes()).toEqual(["whole"]);
    expect(readdirSync(`${vial.root}/volumes`)).toEqual(["whole"]);
  });
});

suite("what a container sees", () => {
  test("files outlive the container; ro is read-only", async () => {
    await vial.ok("run", "--rm", "-v", "stays:/s", "busybox", "sh", "-c", "echo written > /s/file");
    expect(await vial.ok("run", "--rm", "-v", "stays:/other:ro", "busybox", "cat", "/other/file")).toBe(
      "written",
    );
    const { code } = await vial.run("run", "--rm", "-v", "stays:/s:ro", "busybox", "touch", "/s/no");
    expect(code).not.toBe(0);
    expect(readFileSync(`${dataOf("stays")}/file`, "utf8")).toBe("written\n");
  });

  test("inspect shows the mounts as Docker does", async () => {
    await vial.ok("create", "--name", "shown", "-v", "named:/n:ro", "-v", "/anon", "busybox");
    const mounts = JSON.parse(await vial.inspect("shown", "{{json .Mounts}}")) as Record<string, unknown>[];
    expect(mounts[0]).toEqual({
      Type: "volume",
      Name: "named",
      Source: dataOf("named"),
      Destination: "/n",
      Driver: "local",
      Mode: "ro",
      RW: false,
      Propagation: "",
    });
    const name = String(mounts[1]?.Name);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(mounts[1]).toMatchObject({ Source: dataOf(name), Destination: "/anon", RW: true });
    expect(await vial.inspect("shown", "{{json .HostConfig.Binds}} {{json .Config.Volumes}}")).toBe(
      '["named:/n:ro"] {"/anon":{}}',
    );
  });

  test("ps shows and filters by volume", async () => {
    await vial.ok("create", "--name", "lists", "-v", "known:/k", "busybox");
    await vial.ok("create", "--name", "other", "busybox");
    const format = "{{.Names}} {{.Mounts}} {{.LocalVolumes}}";
    expect(await vial.ok("ps", "-a", "-f", "volume=known", "--format", format)).toBe("lists known 1");
    expect(await vial.ok("ps", "-aq", "-f", "volume=/k", "--format", "{{.Names}}")).toBe("lists");
  });

  test("VOLUME of an image is an anonymous volume with the image's files; --rm and rm -v take it, rm does not", async () => {
    expect(await vial.ok("run", "--rm", "full", "cat", "/asked/file")).toBe("asked");
    expect(await volumes()).toEqual([]);
    const id = await vial.ok("create", "-v", "stays:/s", "full");
    expect((await volumes()).length).toBe(2);
    await vial.ok("rm", id);
    expect((await volumes()).length).toBe(2);
    await vial.ok("volume", "prune", "-f");
    await vial.ok("rm", "-v", await vial.ok("create", "-v", "stays:/s", "full"));
    expect(await volumes()).toEqual(["stays"]);
    await vial.ok("rm", "-f", "-v", await vial.ok("run", "-d", "full", "sleep", "1000"));
    expect(await volumes()).toEqual(["stays"]);
  });

  test("a container that does not come about leaves no anonymous volume", async () => {
    await vial.ok("create", "--name", "taken", "busybox");
    expect((await vial.run("create", "--name", "taken", "full")).code).not.toBe(0);
    expect(await volumes()).toEqual([]);
  });

  test("a hostile VOLUME does not replace what the kernel mounts", async () => {
    await importImage("hostile", () => {}, 'VOLUME ["/proc/self"]');
    const { code, err } = await vial.run("run", "--rm", "hostile", "true");
    expect([code, err.includes("CVE-2019-16884")]).toEqual([125, true]);
  });

  test("--volumes-from gives volumes and binds, read-only when asked, replaced by its own", async () => {
    mkdirSync(`${vial.folder}/bound`, { recursive: true });
    writeFileSync(`${vial.folder}/bound/b`, "bound\n");
    await vial.ok("create", "--name", "from", "-v", "v1:/a", "-v", `${vial.folder}/bound:/b`, "full");
    const run = async (...words: readonly string[]) => await vial.run("run", "--rm", ...words);
    const { out } = await run(
      "--volumes-from",
      "from",
      "busybox",
      "sh",
      "-c",
      "touch /a/x; cat /b/b /asked/file",
    );
    expect(out).toBe("bound\nasked\n");
    expect(existsSync(`${dataOf("v1")}/x`)).toBe(true);
    expect((await run("--volumes-from", "from:ro", "busybox", "touch", "/a/y")).code).not.toBe(0);
    expect((await run("-v", "v2:/a", "--volumes-from", "from", "busybox", "ls", "/a")).out).toBe("");
    // The anonymous one is still that of `from`.
    expect(await vial.ok("start", "-a", "from")).toBe("");
    expect((await run("--volumes-from", "from:odd", "busybox", "true")).err).toContain("Cannot take volumes");
    expect((await run("--volumes-from", "nobody", "busybox", "true")).err).toContain(
      "Cannot find the container",
    );
  });

  test("cp reaches into the volume of a stopped container", async () => {
    await vial.ok("create", "--name", "still", "-v", "cpv:/v", "busybox");
    writeFileSync(`${vial.folder}/in`, "copied\n");
    await vial.ok("cp", `${vial.folder}/in`, "still:/v/in");
    expect(readFileSync(`${dataOf("cpv")}/in`, "utf8")).toBe("copied\n");
  });

  test("events tell of create, mount, unmount and destroy", async () => {
    const since = String(Date.now() / 1000);
    await vial.ok("run", "--rm", "-v", "told:/t", "busybox", "true");
    await vial.ok("volume", "rm", "told");
    const events = await vial.ok(
      "events",
      "--since",
      since,
      "--until",
      String(Date.now() / 1000),
      "-f",
      "type=volume",
      "--format",
      "{{.Action}} {{.Actor.ID}}",
    );
    expect(events.split("\n")).toEqual(["create told", "mount told", "unmount told", "destroy told"]);
  });
});

suite("--mount", () => {
  async function mount(text: string, ...command: readonly string[]) {
    return await vial.run("run", "--rm", "--mount", text, "full", ...command);
  }

  test("a volume with labels, options and a subpath, which stays inside", async () => {
    await mount(
      "source=lab,target=/l,volume-label=a=1,volume-label=b=2",
      "sh",
      "-c",
      "mkdir -p /l/in && echo deep > /l/in/f",
    );
    expect(await vial.ok("volume", "inspect", "-f", "{{json .Labels}}", "lab")).toBe('{"a":"1","b":"2"}');
    expect((await mount("source=lab,target=/l,volume-subpath=in,readonly", "cat", "/l/f")).out).toBe(
      "deep\n",
    );
    expect((await mount("source=lab,target=/l,volume-subpath=in/f", "cat", "/l")).out).toBe("deep\n");
    symlinkSync("/etc", `${dataOf("lab")}/away`);
    symlinkSync("../../../../../../../../etc", `${dataOf("lab")}/up`);
    for (const subpath of ["../../etc", "away", "up", "/in", "missing"]) {
      const { code, err } = await mount(`source=lab,target=/l,volume-subpath=${subpath}`, "ls", "/l");
      expect([subpath, code, err.includes("Cannot mount the subpath")]).toEqual([subpath, 125, true]);
    }
  });

  test("another image, read-only, whole and in part", async () => {
    expect((await mount("type=image,source=busybox,target=/i", "cat", "/i/etc/passwd")).out).toContain(
      "alice",
    );
    expect(
      (await mount("type=image,source=busybox,target=/i,image-subpath=etc", "cat", "/i/passwd")).out,
    ).toContain("alice");
    expect((await mount("type=image,source=busybox,target=/i", "mkdir", "/i/x")).code).not.toBe(0);
    await vial.ok("create", "--name", "holds", "--mount", "type=image,source=full,target=/i", "busybox");
    expect((await vial.run("rmi", "full")).code).toBe(1);
  });

  test("a tmpfs by size and mode", async () => {
    const { out } = await mount(
      "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700",
      "sh",
      "-c",
      "grep ' /t ' /proc/mounts",
    );
    expect(out).toContain("size=1024k,mode=700");
  });

  test("read-only is so for what is mounted below, unless it is asked not to be", async () => {
    const source = `${vial.folder}/nest`;
    mkdirSync(`${source}/below`, { recursive: true });
    const probe = async (more: string) => {
      const words = [
        vial.program,
        "run",
        "--rm",
        "--mount",
        `type=bind,src=${source},dst=/n,ro${more}`,
        "busybox",
        "touch",
        "/n/below/x",
      ];
      return (
        await vial.command([
          "unshare",
          "-m",
          "sh",
          "-c",
          `mount -t tmpfs none ${source}/below && exec "$@"`,
          "sh",
          ...words,
        ])
      ).code;
    };
    expect(await probe("")).not.toBe(0);
    expect(await probe(",bind-recursive=readonly")).not.toBe(0);
    expect(await probe(",bind-recursive=writable")).toBe(0);
    expect(existsSync(`${source}/below/x`)).toBe(false);
  });

  test("storage elsewhere: a bind and a file system in memory", async () => {
    const device = `${vial.folder}/device`;
    mkdirSync(device);
    writeFileSync(`${device}/there`, "elsewhere\n");
    await vial.ok("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", `device=${device}`, "else");
    expect((await mount("source=else,target=/e", "cat", "/e/there")).out).toBe("elsewhere\n");
    await vial.ok("volume", "rm", "else");
    expect(readFileSync(`${device}/there`, "utf8")).toBe("elsewhere\n");
    const options = 'volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=2m,uid=7"';
    const probe = "grep ' /m ' /proc/mounts; ls -lnd /m";
    const { out } = await mount(`source=mem,target=/m,${options}`, "sh", "-c", probe);
    expect(out).toContain("size=2048k,uid=7");
    expect(out).toMatch(/^d\S+ +\d+ 7 /m);
    await vial.ok("run", "-d", "--name", "first", "-v", "mem:/m", "busybox", "sleep", "1000");
    const second = await vial.run("run", "--rm", "-v", "mem:/m", "busybox", "true");
    expect([second.code, second.err.includes('the running container "first" has it')]).toEqual([125, true]);
    const gone = await vial.run(
      "run",
      "--rm",
      "--mount",
      `source=bad,target=/m,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=${device}/gone`,
      "busybox",
      "true",
    );
    expect([gone.code, gone.err.includes("was refused")]).toEqual([125, true]);
  });

  test("what is wrong is refused with the reason", async () => {
    symlinkSync("/nowhere/at/all", `${vial.folder}/dangling`);
    const cases: readonly (readonly [flags: readonly string[], said: string])[] = [
      [["-v", "ab:/"], 'its path inside is "/"'],
      [["-v", "ab:inside"], "not absolute"],
      [["-v", "a/b:/x"], "no name of a volume"],
      [["-v", "ab:/x:rslave"], 'unknown option "rslave"'],
      [["-v", `${"a".repeat(300)}:/x`], "no name of a volume"],
      [["-v", `${vial.folder}/dangling:/x`], "a link to what is not there"],
      [["-v", "ab:/x", "--mount", "dst=/x/"], "Cannot mount twice"],
      [["-v", "ab:/x", "--tmpfs", "/x"], "Cannot mount twice"],
      [["--mount", "type=bind,src=/etc,dst=/x,bind-propagation=rshared"], "propagation"],
      [["--mount", "type=bind,src=/etc,dst=/x,volume-nocopy"], "is for type=volume"],
      [["--mount", "type=volume,src=/etc,dst=/x"], "no name of a volume"],
      [["--mount", "type=volume,dst=/x,odd=1"], 'unknown key "odd"'],
      [["--mount", "type=volume,dst=/x,volume-opt=bad=1"], 'invalid option: "bad"'],
      [["--mount", "type=volume,dst=/x,volume-driver=far"], 'by the driver "far"'],
      [["--volume-driver", "far", "-v", "ab:/x"], 'by the driver "far"'],
      [["--mount", "type=npipe,dst=/x"], "Windows"],
      [["--mount", "type=volume,dst=/x,consistency=odd"], "consistency"],
      [["--mount", "type=tmpfs,dst=/x,tmpfs-mode=9"], "octal"],
      [["--mount", 'type=volume,dst=/x,"half'], "quote"],
      [["--mount", "type=image,src=no-such-image,dst=/x", "--pull", "never"], "no-such-image"],
    ];
    for (const [flags, said] of cases) {
      const { code, err } = await vial.run("create", ...flags, "busybox");
      expect([flags.join(" "), code === 0, err.includes(said) ? said : err]).toEqual([
        flags.join(" "),
        false,
        said,
      ]);
    }
    expect(vial.containerIds()).toEqual([]);
    expect((await volumes()).filter((name) => name.length === 64)).toEqual([]);
  }, 60_000);
});

suite("copy-up", () => {
  const look =
    "cd /data && stat -c '%n %F %a %u %g %Y %h' . one hard link pipe sub sub/two holes && stat -c %s holes && ls sub";

  test("an empty volume gets files, owners, modes, times, links, attributes and holes", async () => {
    const wanted = await vial.ok("run", "--rm", "full", "busybox", "sh", "-c", look);
    expect(await vial.ok("run", "--rm", "-v", "cu:/data", "full", "busybox", "sh", "-c", look)).toBe(wanted);
    expect(statSync(`${dataOf("cu")}/holes`).blocks).toBeLessThan(1000);
    expect(statSync(dataOf("cu")).mode & 0o7777).toBe(0o2750);
    expect(readdirSync(`${vial.root}/volumes/cu`).sort()).toEqual(["_data", "lock", "volume.json"]);
  });

  test("create is enough, and an empty folder gives its mode", async () => {
    await vial.ok("create", "-v", "early:/data", "-v", "shut:/closed", "full");
    expect(existsSync(`${dataOf("early")}/sub/two`)).toBe(true);
    expect(statSync(dataOf("shut")).mode & 0o777).toBe(0o700);
  });

  test("nocopy, one that is not empty, and a second start copy nothing", async () => {
    await vial.ok("run", "--rm", "-v", "no:/data:nocopy", "full", "true");
    expect(readdirSync(dataOf("no"))).toEqual([]);
    writeFileSync(`${dataOf("no")}/own`, "");
    await vial.ok("run", "--rm", "-v", "no:/data", "full", "true");
    expect(readdirSync(dataOf("no"))).toEqual(["own"]);
    await vial.ok("create", "--name", "again", "-v", "re:/data", "full", "sh", "-c", "true");
    rmSync(dataOf("re"), { recursive: true });
    mkdirSync(dataOf("re"));
    await vial.ok("start", "-a", "again");
    expect(readdirSync(dataOf("re"))).toEqual([]);
  });

  test("a target that is a link stays in the image", async () => {
    await vial.ok("create", "-v", "abs:/absolute", "-v", "up:/upwards", "full");
    expect(readdirSync(dataOf("abs"))).toEqual(["secret"]);
    expect(readdirSync(dataOf("up"))).toEqual(["secret"]);
  });

  test("many at once see all of it or nothing", async () => {
    const words = ["run", "--rm", "-v", "crowd:/data", "full", "cat", "/data/one"];
    const all = await Promise.all(Array.from({ length: 8 }, async () => await vial.run(...words)));
    expect(all.map(({ out }) => out)).toEqual(Array(8).fill("one\n"));
  }, 60_000);

  test("a kill -9 in the middle leaves no half", async () => {
    await importImage("many", (root) => {
      mkdirSync(`${root}/data`);
      for (let index = 0; index < 3000; index++) writeFileSync(`${root}/data/f${index}`, "x".repeat(5000));
    });
    await vial.ok("volume", "create", "cut");
    const child = vial.start(["create", "-v", "cut:/data", "many"]);
    const part = `${vial.root}/volumes/cut/_copy`;
    await vial.until("the copy has begun", () => existsSync(part) && readdirSync(part).length > 20);
    child.kill("SIGKILL");
    await child.exited;
    expect(readdirSync(dataOf("cut")).length === 0 || readdirSync(dataOf("cut")).length === 3000).toBe(true);
    const count = "ls /data | busybox wc -l";
    expect(await vial.ok("run", "--rm", "-v", "cut:/data", "many", "sh", "-c", count)).toBe("3000");
    // Of a kill between the two steps.
    await vial.ok("volume", "create", "moved");
    mkdirSync(`${vial.root}/volumes/moved/_copied`);
    writeFileSync(`${vial.root}/volumes/moved/_copied/rest`, "");
    expect(await vial.ok("run", "--rm", "-v", "moved:/data", "many", "ls", "/data")).toBe("rest");
  }, 60_000);

  test("a full disk says so, and leaves nothing of the copy", async () => {
    const folder = `${vial.folder}/small`;
    mkdirSync(folder);
    await importImage("large", (root) => {
      mkdirSync(`${root}/data`);
      writeFileSync(`${root}/data/large`, Buffer.alloc(3 << 20, 1));
    });
    await vial.ok("volume", "create", "tight");
    const place = `${vial.root}/volumes/tight`;
    const script = [
      `cp -a ${place}/. ${folder} && mount -t tmpfs -o size=1m none ${place} && cp -a ${folder}/. ${place}`,
      `${vial.program} create -v tight:/data large; echo "code $?"; ls -A ${place} ${place}/_data`,
    ].join(" && ");
    const { out, err } = await vial.command(["unshare", "-m", "sh", "-c", script]);
    expect(err).toContain("the disk is full");
    expect(out).toContain("code 125");
    expect(out).not.toContain("_cop");
    expect(out).not.toContain("large");
    expect(vial.containerIds()).toEqual([]);
  });
});

suite("volume export and import", () => {
  async function importTar(name: string, make: string) {
    const tar = `${vial.folder}/hostile.tar`;
    rmSync(tar, { force: true });
    sh(`set -e; d=$(mktemp -d -p ${vial.folder}); cd $d; ${make.replaceAll("TAR", tar)}; cd /; rm -rf $d`);
    return await vial.run("volume", "import", name, tar);
  }

  test("what goes out comes in again, by pipe and file, with the volume's own owner and mode", async () => {
    await vial.ok("create", "-v", "out:/data:", "full");
    sh(`chown 1234:5678 ${dataOf("out")}`);
    rmSync(`${dataOf("out")}/holes`);
    const tar = `${vial.folder}/out.tar`;
    await vial.ok("volume", "export", "-o", tar, "out");
    sh(`gzip -kf ${tar}`);
    expect(await vial.ok("volume", "import", "in", `${tar}.gz`)).toBe("in");
    const look = (name: string) =>
      Bun.spawnSync([
        "sh",
        "-c",
        `cd ${dataOf(name)} && stat -c '%n %F %a %u %g %Y %h' . one hard link pipe sub sub/two`,
      ]);
    expect(look("in").stdout.toString()).toBe(look("out").stdout.toString());
    const piped = await vial.command([
      "sh",
      "-c",
      `${vial.program} volume export in | ${vial.program} volume import piped`,
    ]);
    expect([piped.code, piped.out, piped.err]).toEqual([0, "piped\n", ""]);
    expect(readFileSync(`${dataOf("piped")}/one`, "utf8")).toBe("one\n");
  });

  test("into a volume with files: the archive's replace those of the same name, the others stay", async () => {
    await vial.ok("volume", "create", "mixed");
    writeFileSync(`${dataOf("mixed")}/same`, "old");
    writeFileSync(`${dataOf("mixed")}/other`, "stays");
    const { code } = await importTar("mixed", "printf new > same; tar cf TAR same");
    expect([code, readFileSync(`${dataOf("mixed")}/same`, "utf8")]).toEqual([0, "new"]);
    expect(readFileSync(`${dataOf("mixed")}/other`, "utf8")).toBe("stays");
  });

  test("hostile archives leave nothing outside, and a refused one nothing at all", async () => {
    const outside = `${vial.folder}/outside`;
    writeFileSync(outside, "untouched");
    const up = await importTar("bad", "echo x > x; tar cPf TAR --transform 's,^x,../../../outside,' x");
    expect([up.code, up.err.includes("Cannot")]).toEqual([2, true]);
    const linked = await importTar(
      "bad",
      `ln -s ${vial.folder} away; tar cf TAR away; rm away; mkdir away; echo x > away/outside; tar rf TAR away/outside`,
    );
    expect([linked.code > 0, readFileSync(outside, "utf8")]).toEqual([true, "untouched"]);
    const hard = await importTar(
      "bad",
      "echo x > a; ln a b; tar cPf TAR --transform 's,^a$,/etc/passwd,RSh;s,^a$,c,S' b a || tar cf TAR a",
    );
    expect(readFileSync(outside, "utf8")).toBe("untouched");
    expect(hard.code === 0 || !(await volumes()).includes("bad")).toBe(true);
    const cut = await importTar("cut", "head -c 100000 /dev/zero > z; tar cf - z | head -c 20000 > TAR");
    expect([cut.code, (await volumes()).includes("cut")]).toEqual([1, false]);
    const noise = await importTar("noise", "head -c 4096 /dev/urandom > TAR");
    expect([noise.code, (await volumes()).includes("noise")]).toEqual([1, false]);
    const device = await importTar("device", "mknod null c 1 3; echo f > f; tar cf TAR null f");
    expect([device.code, device.err.includes('the device "null" was left out')]).toEqual([0, true]);
    expect(readdirSync(dataOf("device"))).toEqual(["f"]);
    const absolute = await importTar("absolute", "echo in > x; tar cPf TAR --transform 's,^x,/deep/x,' x");
    expect([absolute.code, readFileSync(`${dataOf("absolute")}/deep/x`, "utf8")]).toEqual([0, "in\n"]);
  });
});

suite("system df and system prune", () => {
  function du(path: string, withTop: boolean): number {
    const bytes = Number(Bun.spawnSync(["du", "-s", "-B1", path]).stdout.toString().split("\t")[0]);
    return withTop ? bytes : bytes - statSync(path).blocks * 512;
  }

  test("the sizes are those of du, to the byte", async () => {
    const write = "mkdir -p D/d; head -c 70001 /dev/urandom > D/f; ln D/f D/d/g; truncate -s 1G D/holes";
    const script = [write.replaceAll("D", "/v"), write.replaceAll("D", "/written")].join("; ");
    const id = await vial.ok(
      "run",
      "-d",
      "-v",
      "sized:/v",
      "busybox",
      "sh",
      "-c",
      `${script}; exec sleep 1000`,
    );
    await vial.until("it is written", () =>
      existsSync(`${vial.root}/containers/${id}/rw/upper/written/holes`),
    );
    await vial.ok("volume", "create", "empty");
    const rows = (
      await vial.ok("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}")
    ).split("\n");
    const size = printSize(du(dataOf("sized"), false));
    expect(rows[2]).toBe(`Local Volumes 2 1 ${size}`);
    expect(rows[1]).toBe(`Containers 1 1 ${printSize(du(`${vial.root}/containers/${id}/rw/upper`, false))}`);
    const store = ["store/blobs", "layers"].map((name) => `${vial.root}/${name}`).filter(existsSync);
    expect(store.length).toBeGreaterThan(0);
    const files = Bun.spawnSync([
      "sh",
      "-c",
      `find ${store.join(" ")} -type f -printf '%b\n'`,
    ]).stdout.toString();
    const all = files
      .trim()
      .split("\n")
      .reduce((sum, blocks) => sum + Number(blocks) * 512, 0);
    expect(rows[0]).toMatch(new RegExp(`^Images \\d+ 1 ${printSize(all).replace(".", "\\.")}$`));
    const long = await vial.ok("system", "df", "-v");
    expect(long).toMatch(new RegExp(`\nsized +1 +${size.replace(".", "\\.")}\n`));
    expect(long).toMatch(/\nempty +0 +0B\n/);
  });

  test("system prune takes what nothing uses, anonymous volumes when asked, and no volume with a name", async () => {
    await vial.ok("create", "-v", "named:/n", "-v", "/anon", "busybox");
    expect((await vial.run("system", "prune", "-f", "--volumes", "--filter", "until=1h")).code).toBe(2);
    await vial.ok("system", "prune", "-f");
    expect(vial.containerIds()).toEqual([]);
    expect((await volumes()).length).toBe(2);
    expect(await vial.ok("system", "prune", "-f", "--volumes")).toContain("Deleted Volumes:");
    expect(await volumes()).toEqual(["named"]);
  });
});
