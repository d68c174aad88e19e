import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { FakeRegistry } from "../src/registry/fake.ts";
import { addImage, type ImageWish, rootTar } from "./made-image.ts";
import { type ErrorText, expectError, expectNothingLeft } from "./traces.ts";
import { openVial, type Outcome, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Images whose config lies or attacks: the cases of image configuration that advisories of other engines tell of.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: hostile images, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
let registry: FakeRegistry;
/** A runnable root. */
let plain: Buffer;
/** A folder of the host that hostile images point at. */
let target = "";
/** Looks like an account, for images whose /etc/passwd is a link to it. */
const secret = "daemon:x:4242:4242:secret of the host:/:/bin/sh\n";
let count = 0;
const pulled = new Set<string>();
const started = new Set<string>();

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  registry = await FakeRegistry.start();
  plain = rootTar(vial.folder);
  target = `${vial.folder}/host`;
  mkdirSync(target);
  writeFileSync(`${target}/secret`, secret);
}, setupTimeout);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await vial?.close();
}, setupTimeout);

afterEach(async () => {
  if (why !== undefined) return;
  for (const name of started) await vial.run("rm", "-f", name);
  started.clear();
  for (const name of pulled) await vial.run("rmi", name);
  pulled.clear();
  await expectNothingLeft(vial);
  expect(readdirSync(target)).toEqual(["secret"]);
  expect(readFileSync(`${target}/secret`, "utf8")).toBe(secret);
});

/** Puts an image into the registry. After the test it is removed, and nothing may be left, here or in the host's folder. */
function imageOf(wish: Partial<ImageWish>): string {
  count++;
  const path = `bad/image${count}`;
  addImage(registry, path, { tars: [plain], ...wish });
  const name = `${registry.host}/${path}`;
  pulled.add(name);
  return name;
}

/** Runs an image, made of a wish or made before. */
async function runImage(
  image: Partial<ImageWish> | string,
  words: readonly string[],
  flags: readonly string[] = [],
) {
  const name = typeof image === "string" ? image : imageOf(image);
  return await vial.run("run", "-q", "--rm", ...flags, name, ...words);
}

/** Starts a container in the background. After the test it is removed. */
async function startImage(image: string, ...words: readonly string[]): Promise<string> {
  const name = `bad${count}`;
  started.add(name);
  await vial.ok("run", "-q", "-d", "--name", name, image, ...words);
  return name;
}

function root(change: (root: string) => void): Pick<ImageWish, "tars"> {
  return { tars: [rootTar(vial.folder, change)] };
}

/** Puts a link in the place of whatever is there. */
function link(at: string, to: string): void {
  rmSync(at, { recursive: true, force: true });
  symlinkSync(to, at);
}

function unreadable(reason: string | RegExp): ErrorText {
  return {
    what: "Cannot read the image config",
    why: reason,
    next: "use another version of the image, or build and push this one again",
  };
}

suite("a config that lies", () => {
  const refused: readonly [string, object, ErrorText][] = [
    [
      "about the digest of a layer",
      { rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] } },
      {
        what: /^Cannot accept the layer sha256:[0-9a-f]{64}: its bytes are not what its digest says$/,
        why: new RegExp(`^found sha256:[0-9a-f]{64}, wanted sha256:${"1".repeat(64)}$`),
        next: "try again; if it happens again, the source is damaged or lies",
      },
    ],
    [
      "about the number of layers",
      { rootfs: { type: "layers", diff_ids: [] } },
      {
        what: /^Cannot pull ".*": its manifest and its config do not agree$/,
        why: "the manifest names 1 layers, the config 0",
        next: "build and push the image again",
      },
    ],
    [
      "about the form of digests",
      { rootfs: { type: "layers", diff_ids: ["../../../etc"] } },
      unreadable("rootfs.diff_ids.0: is no sha256 or sha512 digest"),
    ],
    [
      "in the type of its command",
      { config: { Cmd: "sh -c true" } },
      unreadable('config.Cmd: Invalid type: Expected Array but received "sh -c true"'),
    ],
    [
      "in the type of its environment",
      { config: { Env: { A: "1" } } },
      unreadable("config.Env: Invalid type: Expected Array but received Object"),
    ],
    [
      "about how often its health is to be checked",
      { config: { Healthcheck: { Test: ["CMD", "true"], Interval: 1 } } },
      {
        what: "Cannot use the health check of the image",
        why: "its Interval is 1, and no number of nanoseconds from 1000000",
        next: "give `--no-healthcheck`",
      },
    ],
    [
      "in its environment",
      { config: { Env: ["PATH=/bin", "BARE"] } },
      unreadable("config.Env.1: is no NAME=VALUE"),
    ],
    [
      "in its environment, with a zero byte",
      { config: { Env: ["A=b\0c"] } },
      unreadable("config.Env.0: holds a NUL"),
    ],
    [
      "by its sheer size",
      { config: { Labels: { a: "x".repeat(5 * 1024 * 1024) } } },
      {
        what: /^Cannot pull ".*": the image config is larger than 4194304 bytes$/,
        why: "a well-meant one is far smaller",
        next: "check the name of the image",
      },
    ],
  ];

  for (const [name, lies, text] of refused)
    test(name, async () => expectError(await runImage({ lies }, ["true"]), 125, text));
});

suite("a root that is hostile", () => {
  for (const name of ["proc", "sys", "dev"])
    test(`its /${name} is a link (CVE-2019-19921, CVE-2023-28642)`, async () =>
      expectError(
        await runImage(
          root((path) => link(`${path}/${name}`, "/tmp")),
          ["true"],
        ),
        125,
        {
          what: new RegExp(`^Cannot run the image ".*": its /${name} is not a folder$`),
          why: /^the kernel's file systems are mounted there/,
          next: `make an image whose /${name} is a folder, or has none`,
        },
      ));

  test("its /proc is a file", async () =>
    expectError(
      await runImage(
        root((path) => {
          rmSync(`${path}/proc`, { recursive: true });
          writeFileSync(`${path}/proc`, "");
        }),
        ["true"],
      ),
      125,
      { what: /its \/proc is not a folder$/, why: /./, next: /./ },
    ));

  test("the engine's own files are never written through links of the image", async () => {
    const hostile = root((path) => {
      for (const name of ["hosts", "hostname", "resolv.conf", "mtab"])
        link(`${path}/etc/${name}`, `${target}/${name}`);
    });
    expect(await runImage(hostile, ["cat", "/etc/hostname"], ["--hostname", "inside"])).toEqual({
      code: 0,
      out: "inside\n",
      err: "",
    });
  });

  for (const [name, change] of [
    ["a link to the host's", (path: string) => link(`${path}/etc/passwd`, `${target}/secret`)],
    ["a link out of the root", (path: string) => link(`${path}/etc/passwd`, "../../../../../etc/passwd")],
    ["a fifo", (path: string) => void Bun.spawnSync(["mkfifo", `${path}/etc/passwd`])],
    ["a folder", (path: string) => mkdirSync(`${path}/etc/passwd`)],
    [
      "a gigabyte of nothing",
      (path: string) => {
        writeFileSync(`${path}/etc/passwd`, "");
        truncateSync(`${path}/etc/passwd`, 2 ** 30);
      },
    ],
  ] as const) {
    test(`its /etc/passwd is ${name} (CVE-2022-36109 and others)`, async () => {
      const wish = imageOf(root(change));
      const { code, out } = await runImage(
        wish,
        ["grep", "-E", "^(Uid|Groups)", "/proc/self/status"],
        ["--user", "1234"],
      );
      expect([code, out.replaceAll(/\s+/g, " ")]).toEqual([0, "Uid: 1234 1234 1234 1234 Groups: 0 "]);
      expectError(await runImage(wish, ["id"], ["--user", "daemon"]), 125, {
        what: 'Cannot run as the user "daemon": the image does not know it',
        why: 'its /etc/passwd has no user "daemon"',
        next: "give a number, or a name of the image's /etc/passwd",
      });
    });
  }

  test("a number is never a name, and a number that the kernel would cut is refused", async () => {
    const hostile = imageOf(
      root((path) => {
        writeFileSync(`${path}/etc/passwd`, "1000:x:0:0::/:\nbig:x:4294967296:0::/:\nalice:x:7:8::/:\n");
        writeFileSync(`${path}/etc/group`, "alice:x:8:\naudio:x:29:alice,1000\n50:x:0:\n");
      }),
    );
    const ids = async (user: string) =>
      (await runImage(hostile, ["sh", "-c", "id -u; id -g; id -G"], ["--user", user])).out;
    expect(await ids("1000")).toBe("1000\n0\n0\n");
    expect(await ids("alice:50")).toBe("7\n50\n50\n");
    expect(await ids("alice")).toBe("7\n8\n8 29\n");
    expectError(await runImage(hostile, ["id"], ["--user", "big"]), 125, {
      what: 'Cannot run as the user "big": the image does not know it',
      why: 'its /etc/passwd gives "big" a number above 2147483647',
      next: "give a number, or a name of the image's /etc/passwd",
    });
  });

  test("what is mounted at a link stays in the root (CVE-2021-30465)", async () => {
    const files = root((path) => {
      mkdirSync(`${path}/real`);
      link(`${path}/inside`, "../../../../../../real");
      link(`${path}/data`, target);
    });
    const hostile = imageOf(files);
    const source = `${vial.folder}/source`;
    // The folder for the mount below.
    mkdirSync(`${source}/below`, { recursive: true });
    writeFileSync(`${source}/mine`, "mine\n");
    const mounts = ["-v", `${source}:/inside`, "--tmpfs", "/inside/below"];
    const command = "echo new > /real/below/new; cat /real/mine";
    const { code, out } = await runImage(hostile, ["sh", "-c", command], mounts);
    expect([code, out]).toEqual([0, "mine\n"]);
    const refused = {
      what: /^Cannot mount at "\/data(\/below)?" of the container ".*"$/,
      why: "it is a link of the image to something that the image does not have",
      next: "mount at another path, by `-v SOURCE:/other/path`",
    };
    for (const path of ["/data", "/data/below"])
      expectError(await runImage(hostile, ["true"], ["-v", `${source}:${path}`]), 125, refused);
    // A volume that the image itself wants there.
    for (const path of ["/data", "/data/below"]) {
      const wanting = imageOf({ ...files, config: { Volumes: { [path]: {} } } });
      expectError(await runImage(wanting, ["true"]), 125, refused);
    }
    expect(readdirSync(source)).toEqual(["below", "mine"]);
  });
});

suite("a config that is hostile", () => {
  for (const folder of [
    "/proc/self/fd/7",
    "/./proc/self/../self/fd/7",
    "/proc/self/cwd",
    "/proc/1/root",
    "/fd",
    "/fds/7",
  ])
    test(`its working folder is ${folder} (CVE-2024-21626)`, async () => {
      const hostile = root((path) => {
        link(`${path}/fd`, "/proc/self/fd/7");
        link(`${path}/fds`, "../../../proc/self/fd");
      });
      expectError(await runImage({ ...hostile, config: { WorkingDir: folder } }, ["pwd"]), 125, {
        what: /^Cannot work in the folder "(\/proc\/(self|1)|\/fd).*" of the container$/,
        why: /CVE-2024-21626/,
        next: "give another by `--workdir /path`",
      });
    });

  test("its working folder leads through links to the host: it is made inside, or refused (CVE-2026-55686)", async () => {
    const hostile = root((path) => {
      link(`${path}/to-host`, target);
      link(`${path}/to-root`, "../../../..");
    });
    expectError(await runImage({ ...hostile, config: { WorkingDir: "/to-host/new" } }, ["pwd"]), 125, {
      what: 'Cannot work in the folder "/to-host" of the container',
      why: /leads through a link to nothing/,
      next: "give another by `--workdir /path`",
    });
    const made = await runImage({ ...hostile, config: { WorkingDir: `/to-root${target}/new` } }, ["pwd"]);
    expect(made).toEqual({ code: 0, out: `${target}/new\n`, err: "" });
  });

  test("no descriptor of the engine comes with the program, whoever starts it", async () => {
    const image = imageOf({});
    // The fourth is the one that the shell opens to read the folder.
    const list = ["sh", "-c", "echo $(ls /proc/self/fd)"];
    for (const flags of [[], ["-i"], ["-m", "64m"]])
      expect((await runImage(image, list, flags)).out).toMatch(/^0 1 2( 3)?\n$/);
    const container = await startImage(image, "sh", "-c", `${list[2]}; sleep 1000`);
    await vial.until("it has printed", async () => (await vial.ok("logs", container)) !== "");
    expect(await vial.ok("logs", container)).toMatch(/^0 1 2( 3)?$/);
    for (const flags of [[], ["-i"], ["-w", "/tmp"]])
      expect(await vial.ok("exec", ...flags, container, ...list)).toMatch(/^0 1 2( 3)?$/);
  });

  for (const user of ["-1", "4294967295", "99999999999999999999", "0:0:0", "0:-1", "1:"])
    test(`its user is ${user}`, async () =>
      expectError(await runImage({ config: { User: user } }, ["id"]), 125, {
        what: `Cannot run as the user "${user}"`,
        why: "a user is a name or a number from 0 to 2147483647, with an optional group after a colon",
        next: 'write it like "--user 1000:1000"',
      }));

  test("its user is a name that the image does not know", async () =>
    expectError(await runImage({ config: { User: "nobody-knows" } }, ["id"]), 125, {
      what: 'Cannot run as the user "nobody-knows": the image does not know it',
      why: 'its /etc/passwd has no user "nobody-knows"',
      next: "give a number, or a name of the image's /etc/passwd",
    }));

  test("its environment has odd names, lines and the engine's own variables: for the program alone", async () => {
    const Env = ["PATH=/bin", "A B=odd", "LINES=a\nb", `VIAL_ROOT=${target}`, `LD_PRELOAD=${target}/x.so`];
    const { code, out, err } = await runImage({ config: { Env } }, ["env"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("A B=odd\nLINES=a\nb\n");
    expect(out).toContain(`VIAL_ROOT=${target}\nLD_PRELOAD=${target}/x.so\n`);
  });

  for (const [where, config] of [
    ["command", { Cmd: ["echo", "a\0b"] }],
    ["working folder", { WorkingDir: "/a\0b" }],
  ] as const)
    test(`a zero byte in its ${where} is refused`, async () =>
      expectError(await runImage({ config }, where === "command" ? [] : ["true"]), 125, {
        what: `Cannot run a program with a zero byte in its ${where}`,
        why: /./,
        next: /./,
      }));

  test("a zero byte in its user is refused", async () =>
    expectError(await runImage({ config: { User: "0\0" } }, ["true"]), 125, {
      what: 'Cannot run as the user "0\\u0000": the image does not know it',
      why: /has no user "0\\u0000"$/,
      next: /./,
    }));

  test("its entrypoint is /proc/self/exe: the runtime's own program stays as it is (CVE-2019-5736)", async () => {
    const runtime = Bun.which("crun") ?? "";
    const before = Bun.hash(readFileSync(runtime));
    const script = root((path) => {
      writeFileSync(`${path}/bin/self`, "#!/proc/self/exe\n", { mode: 0o755 });
    });
    for (const [wish, words] of [
      [{ config: { Entrypoint: ["/proc/self/exe"] } }, ["--version"]],
      [script, ["/bin/self"]],
      [{}, ["sh", "-c", "echo gone > /proc/1/exe"]],
    ] as const) {
      const { code, err } = await runImage(wish, words);
      expect(err).not.toContain("bug in Vial");
      expect(code).not.toBe(70);
    }
    expect(Bun.hash(readFileSync(runtime))).toBe(before);
  });

  test("nothing that it says can steer the terminal", async () => {
    const steer = "\x1b]0;owned\x07\x1b[2J\u009b2J\n";
    const name = imageOf({
      config: {
        Labels: { [steer]: steer },
        Cmd: ["sh", "-c", "sleep 1000; true", steer],
        Env: [`A=${steer}`],
      },
      lies: { author: steer, history: [{ created_by: steer, comment: steer, author: steer }] },
    });
    const container = await startImage(name);
    for (const words of [
      ["inspect", container],
      ["ps", "-a", "--no-trunc"],
      ["ps", "-a", "--format", "json"],
      ["top", container],
      ["image", "inspect", name],
      ["image", "inspect", "--format", "{{json .Config}}", name],
      ["history", "--no-trunc", name],
      ["events", "--since", "1h", "--until", "0s"],
      ["events", "--since", "1h", "--until", "0s", "--format", "json"],
    ]) {
      const text = await vial.ok(...words);
      const shows = /owned/.test(text);
      expect({ words, shows, steers: /[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(text) }).toEqual({
        words,
        shows: true,
        steers: false,
      });
    }
  });

  test("its health check runs inside alone, and what it prints is cut", async () => {
    const Test = [
      "CMD-SHELL",
      `echo owned > ${target}/secret; head -c 2000000 /dev/zero | tr '\\0' x; $(exit 3)`,
    ];
    const name = imageOf({ config: { Healthcheck: { Test, Interval: 2e8, Retries: 1 } } });
    const container = await startImage(name, "sh", "-c", `mkdir -p ${target}; sleep 1000`);
    const health = async (field: string) => await vial.inspect(container, `{{json .State.Health.${field}}}`);
    await vial.until("it was checked", async () => (await health("Status")) === '"unhealthy"');
    const log = JSON.parse(await health("Log")) as { ExitCode: number; Output: string }[];
    expect([log[0]?.ExitCode, log[0]?.Output]).toEqual([3, "x".repeat(4096)]);
  });

  test("its stop signal is none: SIGTERM stops it", async () => {
    const name = imageOf({ config: { StopSignal: "SIGNONE" } });
    const container = await startImage(name, "sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done");
    await vial.ok("stop", container);
    expect(await vial.inspect(container, "{{.State.ExitCode}}")).toBe("7");
  });

  test("it has no command", async () => {
    const { code, err } = (await runImage({}, [])) satisfies Outcome;
    expect(code).toBe(125);
    expect(err).toMatch(
      /^vial: Cannot run ".*": the image names no command, and none was given \[next: vial run .* COMMAND\]\n$/,
    );
  });
});

suite("what a program can reach by default", () => {
  test("fourteen capabilities, none to inherit, a filter, and no view of the kernel", async () => {
    const { out } = await runImage({}, ["grep", "-E", "^(Cap|Seccomp:|NoNewPrivs)", "/proc/self/status"]);
    expect(
      Object.fromEntries(
        out
          .trim()
          .split("\n")
          .map((line) => line.split(":\t")),
      ),
    ).toEqual({
      CapInh: "0000000000000000",
      CapPrm: "00000000a80425fb",
      CapEff: "00000000a80425fb",
      CapBnd: "00000000a80425fb",
      CapAmb: "0000000000000000",
      NoNewPrivs: "0",
      Seccomp: "2",
    });
  });

  test("masked and read-only paths, and namespaces of its own", async () => {
    const image = imageOf({});
    const masked = "/proc/kcore /proc/keys /proc/timer_list /proc/interrupts /sys/firmware";
    const look = `for path in ${masked}; do cat $path; ls $path | grep -v ^$path$; done 2>/dev/null; true`;
    expect(await runImage(image, ["sh", "-c", look])).toEqual({ code: 0, out: "", err: "" });
    const readonly = ["/proc/sysrq-trigger", "/proc/sys/kernel/domainname", "/sys/kernel/mm/ksm/run"];
    for (const path of readonly.filter((file) => existsSync(file))) {
      const { code, err } = await runImage(image, ["sh", "-c", `echo 0 > ${path}`]);
      expect({ path, code, refused: /Read-only file system|Permission denied/.test(err) }).toEqual({
        path,
        code: 1,
        refused: true,
      });
    }
    const kinds = ["ipc", "mnt", "net", "pid", "uts"];
    const links = kinds.map((kind) => `/proc/self/ns/${kind}`);
    const { out } = await runImage(image, [
      "sh",
      "-c",
      `for at in ${links.join(" ")}; do readlink $at; done`,
    ]);
    const seen = out.trim().split("\n");
    expect(seen.map((text) => text.split(":")[0])).toEqual(kinds);
    for (const [index, at] of links.entries()) expect(seen[index]).not.toBe(readlinkSync(at));
  });

  test("--privileged gives what the engine has, and nothing that it lacks", async () => {
    const mask = (text: string) => BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(text)?.[1]}`);
    const own = mask(readFileSync("/proc/self/status", "latin1"));
    const { out } = await runImage({}, ["cat", "/proc/self/status"], ["--privileged"]);
    expect(mask(out)).toBe(own);
    expect(out).toContain("CapInh:\t0000000000000000\n");
    // A process of the engine without CAP_SYS_BOOT (22) and CAP_SYSLOG (34) cannot give them.
    const argv = [
      "setpriv",
      "--bounding-set=-sys_boot,-syslog",
      "--inh-caps=-sys_boot,-syslog",
      vial.program,
    ];
    const less = await vial.command([
      ...argv,
      "run",
      "-q",
      "--rm",
      "--privileged",
      imageOf({}),
      "cat",
      "/proc/self/status",
    ]);
    expect(mask(less.out)).toBe(own & ~((1n << 22n) | (1n << 34n)));
  });
});
