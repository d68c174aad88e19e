import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { makeElf, makeLoaderCache } from "../src/runtime/hpc/gpu/testing/made-elf.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// --nv and --rocm without a graphics card: the loader of a real glibc in an image has to find a made-up driver, which is a
// library of this machine under another name. The host's cache of libraries is a made-up one in a mount namespace.

const folder = "/lib/x86_64-linux-gnu";
const loader = "/lib64/ld-linux-x86-64.so.2";
const why =
  whyNoContainers() ??
  (existsSync(`${folder}/libz.so.1`) ? undefined : `no ${folder}/libz.so.1 is here to play the driver`);
if (why !== undefined) console.warn(`skipped: graphics cards, because ${why}`);

const user = `vialgpu${process.pid}`;
let vial: TestVial;
let program: string;
let home: string;
/** An image with this machine's glibc, and one with a busybox alone. */
let box: string;
let bare: string;
let cache: string;

interface As {
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: boolean;
}

async function run(words: readonly string[], { env = {}, root = false }: As = {}) {
  const as = root ? [] : ["setpriv", "--reuid", user, "--regid", user, "--init-groups"];
  const withCache = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount --bind "$0" /etc/ld.so.cache && exec "$@"',
    cache,
  ];
  return await vial.command([...withCache, ...as, program, ...words], {
    env: { HOME: home, USER: user, ...env },
    cwd: home,
    timeout: 60_000,
  });
}

/** What the image's own loader loads for a program that wants the driver. */
const look = (library: string) => [
  "/bin/busybox",
  "env",
  "LD_TRACE_LOADED_OBJECTS=1",
  `LD_PRELOAD=${library}`,
  "/bin/true",
];

function setDriver(libraries: Readonly<Record<string, Uint8Array | "libz">>): void {
  const host = `${vial.folder}/host`;
  rmSync(host, { recursive: true, force: true });
  mkdirSync(host);
  for (const [name, content] of Object.entries(libraries))
    if (content === "libz") copyFileSync(`${folder}/libz.so.1`, `${host}/${name}`);
    else writeFileSync(`${host}/${name}`, content);
  const entries = Object.keys(libraries).map((name) => ({ name, path: `${host}/${name}` }));
  writeFileSync(cache, makeLoaderCache(entries));
}

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  for (const path of [`${vial.folder}/..`, vial.folder]) chmodSync(path, 0o755);
  [home, box, bare] = ["home", "box", "bare"].map((name) => `${vial.folder}/${name}`) as [
    string,
    string,
    string,
  ];
  [program, cache] = [`${vial.folder}/vial`, `${vial.folder}/cache`];
  copyFileSync(vial.program, program);
  const added = Bun.spawnSync(["useradd", "-m", "-d", home, user]);
  if (added.exitCode !== 0) throw new Error(added.stderr.toString());
  for (const name of ["bin", "usr/bin"]) mkdirSync(`${bare}/${name}`, { recursive: true });
  copyFileSync("/bin/busybox", `${bare}/bin/busybox`);
  cpSync(bare, box, { recursive: true });
  mkdirSync(`${box}${folder}`, { recursive: true });
  mkdirSync(`${box}/lib64`);
  copyFileSync(loader, `${box}${loader}`);
  copyFileSync(`${folder}/libc.so.6`, `${box}${folder}/libc.so.6`);
  copyFileSync("/bin/true", `${box}/bin/true`);
}, setupTimeout);

afterAll(async () => {
  if (vial === undefined) return;
  Bun.spawnSync(["userdel", user]);
  rmSync(home, { recursive: true, force: true });
  await vial.close();
}, setupTimeout);

describe.skipIf(why !== undefined)("--nv and --rocm", () => {
  test.each([true, false])("the image's loader finds the host's driver (as root: %p)", async (root) => {
    setDriver({ "libcuda.so.1": "libz", "libhsa-runtime64.so.1": "libz", "libunlisted.so.1": "libz" });
    for (const [flag, library] of [
      ["--nv", "libcuda.so.1"],
      ["--rocm", "libhsa-runtime64.so.1"],
    ] as const) {
      const { code, out, err } = await run(["exec", flag, box, ...look(library)], { root });
      expect(err).toBe("");
      expect(code).toBe(0);
      expect(out).toContain(`/.singularity.d/libs/${library} (0x`);
      const without = await run(["exec", box, ...look(library)], { root });
      expect(without.err).toContain("cannot be preloaded");
      const listed = await run(["exec", flag, box, "/bin/busybox", "ls", "/.singularity.d/libs"], { root });
      expect(listed.out).toBe(`${library}\n`);
    }
    const kept = `echo x > /.singularity.d/libs/libcuda.so.1`;
    const written = await run(["exec", "--nv", box, "/bin/busybox", "sh", "-c", kept], { root });
    expect(written.err).toContain("Read-only file system");
    expect(readdirSync(box).sort()).toEqual(["bin", "lib", "lib64", "usr"]);
  });

  test("also by APPTAINER_NV, and with the user's own list, programs among it", async () => {
    setDriver({ "libcuda.so.1": "libz", "libmine.so.1": "libz" });
    mkdirSync(`${home}/.config/vial`, { recursive: true });
    copyFileSync("/bin/true", `${home}/my-smi`);
    writeFileSync(`${home}/.config/vial/nvliblist.conf`, `libmine.so\n${home}/my-smi\n`);
    const list = [
      "/bin/busybox",
      "sh",
      "-c",
      "ls /.singularity.d/libs /usr/bin; /usr/bin/my-smi && echo ran",
    ];
    const { out, err } = await run(["exec", box, ...list], { env: { APPTAINER_NV: "1" } });
    expect(err).toBe("");
    expect(out).toBe("/.singularity.d/libs:\nlibmine.so.1\n\n/usr/bin:\nmy-smi\nran\n");
    rmSync(`${home}/.config`, { recursive: true });
  });

  test("an image that cannot load the driver is refused when it is asked for, and warned of by a variable", async () => {
    setDriver({
      "libcuda.so.1": makeElf({ needs: { "libc.so.6": ["GLIBC_9.99"] } }),
      "libnvidia-ml.so.1": "libz",
    });
    const refused = await run(["exec", "--nv", box, "/bin/true"]);
    expect(refused.code).toBe(125);
    expect(refused.err).toContain("libcuda.so.1 needs GLIBC_9.99 of libc.so.6, and the image has glibc 2.");
    expect(refused.err).toContain("leave out --nv");
    const goesOn = await run(["exec", box, "/bin/busybox", "echo", "on"], { env: { SINGULARITY_NV: "1" } });
    expect(goesOn).toMatchObject({ code: 0, out: "on\n" });
    expect(goesOn.err).toContain("GLIBC_9.99");
  });

  test("a host without a driver, and an image without a C library, are warned of", async () => {
    setDriver({ "libunlisted.so.1": "libz" });
    const { code, err } = await run(["exec", "--nv", box, "/bin/true"]);
    expect(code).toBe(0);
    expect(err).toContain("--nv: this host's loader (/etc/ld.so.cache) knows none of the libraries");
    setDriver({ "libcuda.so.1": "libz" });
    const plain = await run(["exec", "--nv", bare, "/bin/busybox", "ls", "/.singularity.d/libs"]);
    expect(plain).toMatchObject({ code: 0, out: "libcuda.so.1\n" });
    expect(plain.err).toContain("no C library (libc.so.6) was found");
  });

  test("contained, /dev has the cards' devices and no others", async () => {
    setDriver({ "libcuda.so.1": "libz" });
    // A device of the machine by the name of a card, in the mount namespace alone.
    const script = `mkdir -p ${vial.folder}/dev && mount --rbind /dev ${vial.folder}/dev && mount -t tmpfs none /dev &&
      for name in null zero full random urandom tty fuse; do touch /dev/$name; mount --bind ${vial.folder}/dev/$name /dev/$name; done &&
      mknod /dev/nvidiactl c 1 3 && mknod /dev/nvidia0 c 1 3 && mknod /dev/other c 1 3 &&
      mount --bind ${cache} /etc/ld.so.cache && exec ${program} exec --contain --nv ${box} /bin/busybox ls /dev`;
    const { out, err } = await vial.command(["unshare", "--mount", "sh", "-c", script], {
      env: { HOME: "/root" },
      cwd: home,
    });
    expect(err).toBe("");
    const names = out.split("\n");
    expect(names).toContain("nvidia0");
    expect(names).toContain("nvidiactl");
    expect(names).not.toContain("other");
  });
});
