import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
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
let count = 0;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  registry = await FakeRegistry.start();
  plain = rootTar(vial.folder);
  target = `${vial.folder}/host`;
  mkdirSync(target);
  writeFileSync(`${target}/secret`, "secret of the host\n");
}, setupTimeout);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await vial?.close();
}, setupTimeout);

/** Runs an image once, removes it, and looks whether anything is left, here or in the folder of the host. */
async function runImage(wish: Partial<ImageWish>, words: readonly string[], flags: readonly string[] = []) {
  count++;
  const path = `bad/image${count}`;
  addImage(registry, path, { tars: [plain], ...wish });
  const name = `${registry.host}/${path}`;
  const outcome = await vial.run("run", "--rm", ...flags, name, ...words);
  await vial.run("rmi", name);
  await expectNothingLeft(vial);
  expect(readdirSync(target)).toEqual(["secret"]);
  expect(readFileSync(`${target}/secret`, "utf8")).toBe("secret of the host\n");
  return outcome;
}

function root(change: (root: string) => void): Pick<ImageWish, "tars"> {
  return { tars: [rootTar(vial.folder, change)] };
}

/** Puts a link in the place of whatever is there. */
function link(at: string, to: string): void {
  rmSync(at, { recursive: true, force: true });
  symlinkSync(to, at);
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
      { what: /^Cannot /, why: /./, next: /./ },
    ],
    [
      "in the type of its command",
      { config: { Cmd: "sh -c true" } },
      { what: /^Cannot /, why: /./, next: /./ },
    ],
    [
      "in the type of its environment",
      { config: { Env: { A: "1" } } },
      { what: /^Cannot /, why: /./, next: /./ },
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
    const { code, out } = await runImage(hostile, ["cat", "/etc/hostname"], ["--hostname", "inside"]);
    expect(code === 0 ? out : "inside\n").toBe("inside\n");
  });

  for (const [name, change] of [
    ["a link to the host's", (path: string) => link(`${path}/etc/passwd`, `${target}/secret`)],
    ["a link out of the root", (path: string) => link(`${path}/etc/passwd`, "../../../../../etc/passwd")],
    ["a fifo", (path: string) => void Bun.spawnSync(["mkfifo", `${path}/etc/passwd`])],
    ["a folder", (path: string) => mkdirSync(`${path}/etc/passwd`)],
    [
      "a gigabyte of nothing",
      (path: string) => void Bun.spawnSync(["truncate", "-s", "1G", `${path}/etc/passwd`]),
    ],
  ] as const) {
    test(`its /etc/passwd is ${name} (CVE-2022-36109 and others)`, async () => {
      const { tars } = root(name.startsWith("a gigabyte") ? () => {} : change);
      // The giant comes as a sparse member, for the test's own memory.
      const giant = name.startsWith("a gigabyte") ? sparsePasswd() : undefined;
      const wish = { tars: giant === undefined ? tars : [...tars, giant] };
      expect(await runImage(wish, ["id", "-u"], ["--user", "1234"])).toEqual({
        code: 0,
        out: "1234\n",
        err: "",
      });
      expectError(await runImage(wish, ["id"], ["--user", "daemon"]), 125, {
        what: 'Cannot run as the user "daemon": the image does not know it',
        why: 'its /etc/passwd has no user "daemon"',
        next: "give a number, or a name of the image's /etc/passwd",
      });
    });
  }

  test("a mount's target that is a link is resolved in the root (CVE-2021-30465)", async () => {
    const hostile = root((path) => link(`${path}/data`, target));
    const source = `${vial.folder}/source`;
    mkdirSync(source, { recursive: true });
    writeFileSync(`${source}/mine`, "mine\n");
    const { out } = await runImage(hostile, ["cat", "/data/mine"], ["-v", `${source}:/data`]);
    expect(out).toBe("mine\n");
  });
});

suite("a config that is hostile", () => {
  for (const folder of ["/proc/self/fd/7", "/proc/self/fd/7/..", "/proc/self/cwd", "/proc/1/root"])
    test(`its working folder is ${folder} (CVE-2024-21626)`, async () => {
      expectError(await runImage({ config: { WorkingDir: folder } }, ["pwd"]), 125, {
        what: `Cannot work in the folder "${folder}" of the container`,
        why: /CVE-2024-21626/,
        next: "give another by `--workdir /path`",
      });
    });

  test("its working folder leads through a link to the host: it is made inside (CVE-2026-55686)", async () => {
    const hostile = root((path) => link(`${path}/esc`, target));
    const { code, out, err } = await runImage({ ...hostile, config: { WorkingDir: "/esc/new" } }, ["pwd"]);
    expect(err).not.toContain("bug in Vial");
    if (code === 0) expect(out).toBe(`${target}/new\n`);
    expect(existsSync(`${target}/new`)).toBe(false);
  });

  test("no descriptor of the engine comes with the program", async () => {
    for (const flags of [[], ["-i"], ["--tty"]]) {
      // The fourth is the one that ls has opened to read the folder.
      const { out } = await runImage({}, ["sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"], flags);
      expect(out.trim()).toMatch(/^0 1 2( 3)?$/);
    }
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

  test("its environment has entries without a value, with lines and with the engine's variables", async () => {
    const hostile = {
      Env: ["PATH=/bin", "BARE", "=odd", "LINES=a\nb", `VIAL_ROOT=${target}`, `LD_PRELOAD=${target}/x.so`],
    };
    const { code, out } = await runImage({ config: hostile }, ["env"]);
    expect(code).toBe(0);
    expect(out).toContain("LINES=a\nb\n");
    expect(out).toContain(`VIAL_ROOT=${target}\n`);
  });

  for (const config of [
    { Env: ["A=b\0c"] },
    { Cmd: ["echo", "a\0b"] },
    { WorkingDir: "/a\0b" },
    { User: "0\0" },
  ])
    test(`a zero byte in ${Object.keys(config)[0]} is refused`, async () => {
      const { code, err } = await runImage({ config }, "Cmd" in config ? [] : ["true"]);
      expect(code).toBe(125);
      expect(err).toMatch(/^vial: Cannot .* \[next: .*\]\n$/);
    });

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

  test("its labels cannot steer the terminal", async () => {
    addImage(registry, "bad/labels", { tars: [plain], config: { Labels: { a: "\x1b]0;owned\x07\x1b[2J" } } });
    const name = `${registry.host}/bad/labels`;
    await vial.ok("pull", "-q", name);
    const shown = [
      await vial.ok("image", "inspect", name),
      await vial.ok("image", "inspect", "--format", "{{json .Config.Labels}}", name),
    ];
    await vial.ok("create", "--name", "labelled", name);
    shown.push(await vial.ok("inspect", "labelled"), await vial.ok("ps", "-a"));
    for (const text of shown) expect(text).not.toContain("\x1b");
    await vial.ok("rm", "labelled");
    await vial.ok("rmi", name);
    await expectNothingLeft(vial);
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
    for (const path of ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"]) {
      const seen = await runImage({}, [
        "sh",
        "-c",
        `cat ${path} 2>/dev/null; ls ${path} 2>/dev/null | grep -v '^${path}$'; true`,
      ]);
      expect(seen).toEqual({ code: 0, out: "", err: "" });
    }
    const { code } = await runImage({}, ["sh", "-c", "echo h > /proc/sysrq-trigger"]);
    expect(code).not.toBe(0);
  });
});

/** A layer whose etc/passwd has a gigabyte of zeros, packed. */
function sparsePasswd(): Buffer {
  const folder = `${vial.folder}/sparse`;
  mkdirSync(`${folder}/etc`, { recursive: true });
  Bun.spawnSync(["truncate", "-s", "1G", `${folder}/etc/passwd`]);
  const made = Bun.spawnSync(["tar", "--sparse", "-C", folder, "-cf", "-", "etc/passwd"]);
  rmSync(folder, { recursive: true });
  return made.stdout;
}
