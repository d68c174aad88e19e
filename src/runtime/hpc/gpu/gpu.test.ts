import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { type OpenFile, openRoot } from "#host";
import type { MountStep } from "../plan.ts";
import type { GpuWish } from "../wish.ts";
import { ownMachine } from "./elf-file.ts";
import { planGpus } from "./gpu.ts";
import { type MadeElf, makeElf, makeLoaderCache } from "./testing/made-elf.ts";

// Made-up drivers for made-up images: no graphics card is needed to know what would be mounted.

let folder: string;
let warnings: string[];
const opened: OpenFile[] = [];

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-gpu-`);
});
afterAll(() => {
  for (const root of opened) root[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  warnings = [];
});

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const elf = (object: MadeElf) => makeElf({ machine: ownMachine, ...object });

let count = 0;

/** A host with these libraries in its cache. */
function makeHost(libraries: Readonly<Record<string, MadeElf>>, list?: string) {
  const at = `${folder}/host-${count++}`;
  for (const [name, object] of Object.entries(libraries)) write(`${at}/lib/${name}`, elf(object));
  const names = Object.keys(libraries);
  write(`${at}/cache`, makeLoaderCache(names.map((name) => ({ name, path: `${at}/lib/${name}` }))));
  if (list !== undefined) write(`${at}/etc/nvliblist.conf`, list.replaceAll("@", at));
  for (const name of ["nvidia0", "nvidiactl", "null", "kfd"]) write(`${at}/dev/${name}`, "");
  mkdirSync(`${at}/dev/dri`);
  return { at, cacheFile: `${at}/cache`, listFolders: [`${at}/etc`], deviceFolder: `${at}/dev` };
}

/** An image with these files; gives its root, open. */
function makeImage(files: Readonly<Record<string, Uint8Array>>): number {
  const at = `${folder}/image-${count++}`;
  mkdirSync(at);
  for (const [path, content] of Object.entries(files)) write(`${at}${path}`, content);
  const root = openRoot(at);
  opened.push(root);
  return root.fd;
}

const libcPath = "/lib/x86_64-linux-gnu/libc.so.6";
const libc = (...versions: readonly string[]) => elf({ defines: versions.map((text) => `GLIBC_${text}`) });
const needs = (...versions: readonly string[]): MadeElf => ({
  needs: { "libc.so.6": versions.map((text) => `GLIBC_${text}`) },
});

interface Wanted {
  readonly wishes?: readonly GpuWish[];
  readonly contain?: boolean;
  readonly makesNothing?: boolean;
}

function plan(image: number, host: ReturnType<typeof makeHost>, wanted: Wanted = {}) {
  const { wishes = [{ maker: "nvidia", origin: "asked" }], contain = false, makesNothing = false } = wanted;
  const place = { image, imageName: "x.sif", contain, makesNothing, env: {} };
  return planGpus(wishes, { ...place, warn: (sentence) => warnings.push(sentence) }, host);
}

const targets = (steps: readonly MountStep[]) => steps.map(({ target }) => target);

const driver = {
  "libcuda.so.1": needs("2.2.5", "2.17"),
  "libnvidia-ml.so.1": needs("2.2.5"),
  "libother.so.1": needs("2.2.5"),
};

describe.skipIf(ownMachine !== 62)("planGpus() (the made-up libraries are for x86-64)", () => {
  test("shows the listed libraries of the cache in one folder, read-only, and nothing else", () => {
    const host = makeHost(driver);
    const steps = plan(makeImage({ [libcPath]: libc("2.2.5", "2.17", "2.31") }), host);
    expect(targets(steps)).toEqual([
      "/.singularity.d/libs",
      "/.singularity.d/libs/libcuda.so.1",
      "/.singularity.d/libs/libnvidia-ml.so.1",
    ]);
    expect(steps[0]).toMatchObject({ kind: "tmpfs" });
    expect(steps[1]).toEqual({
      kind: "bind",
      source: `${host.at}/lib/libcuda.so.1`,
      target: "/.singularity.d/libs/libcuda.so.1",
      attributes: ["nosuid", "nodev", "readonly"],
      origin: "default",
    });
    expect(warnings).toEqual([]);
  });

  test("takes no library for other programs than this machine's 64-bit ones", () => {
    const host = makeHost({ "libcuda.so.1": { ...needs("2.0"), bits: 32, machine: 3 }, ...{} });
    expect(plan(makeImage({ [libcPath]: libc("2.31") }), host)).toEqual([]);
    expect(warnings[0]).toContain("knows none of the libraries of NVIDIA's driver");
  });

  test("refuses an image whose glibc is too old for the driver itself, and says which would do", () => {
    const host = makeHost({
      ...driver,
      "libcuda.so.1": {
        needs: { ...needs("2.2.5", "2.9", "2.34").needs, "libstdc++.so.6": ["GLIBCXX_3.4.30"] },
      },
    });
    const image = makeImage({
      [libcPath]: libc("2.2.5", "2.9", "2.31"),
      "/usr/lib/libstdc++.so.6": elf({ defines: ["GLIBCXX_3.4.28"] }),
    });
    let error: unknown;
    try {
      plan(image, host);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({
      code: "gpu-image-older",
      why: expect.stringContaining(
        "libcuda.so.1 needs GLIBC_2.34 of libc.so.6, and the image has glibc 2.31",
      ),
      next: expect.stringContaining("glibc 2.34 or later (Rocky Linux 9)"),
    });
    // Set for all programs of a machine: they run, without the cards.
    const steps = plan(image, host, { wishes: [{ maker: "nvidia", origin: "default" }] });
    expect(steps).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("GLIBC_2.34");
  });

  test("leaves out single libraries that the image cannot load, and what needs those", () => {
    const host = makeHost({
      ...driver,
      "libEGL.so.1": needs("2.38"),
      "libGL.so.1": { needs: { "libEGL.so.1": ["EGL_1"], "libc.so.6": ["GLIBC_2.2.5"] } },
      "libGLX.so.0": { needs: { "libGL.so.1": ["GL_1"] } },
    });
    const image = makeImage({
      [libcPath]: libc("2.2.5", "2.17"),
      "/usr/lib/x86_64-linux-gnu/libEGL.so.1": elf({ defines: ["EGL_0"] }),
    });
    const steps = plan(image, host);
    expect(targets(steps)).not.toContain("/.singularity.d/libs/libEGL.so.1");
    expect(targets(steps)).not.toContain("/.singularity.d/libs/libGL.so.1");
    // Its image has no libGL: whether something else brings one is not known.
    expect(targets(steps)).toContain("/.singularity.d/libs/libGLX.so.0");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("libEGL.so.1 (needs GLIBC_2.38), libGL.so.1 (needs EGL_1)");
  });

  test("looks at each part of glibc, and for the image's libraries where its own cache says", () => {
    const host = makeHost({ "libcuda.so.1": { needs: { "libm.so.6": ["GLIBC_2.29"] } } });
    const cache = makeLoaderCache([{ name: "libm.so.6", path: "/odd/libm.so.6" }]);
    const others = { [libcPath]: libc("2.31"), "/etc/ld.so.cache": cache };
    const newer = makeImage({ ...others, "/odd/libm.so.6": elf({ defines: ["GLIBC_2.29"] }) });
    expect(plan(newer, host)).toHaveLength(2);
    const older = makeImage({ ...others, "/odd/libm.so.6": elf({ defines: ["GLIBC_2.2.5"] }) });
    expect(() => plan(older, host)).toThrow("its own libraries are older");
    expect(() => plan(makeImage(others), host)).toThrow("its own libraries are older");
  });

  test("refuses images with musl, and images for 32-bit programs", () => {
    const host = makeHost(driver);
    expect(() => plan(makeImage({ "/lib/ld-musl-x86_64.so.1": elf({}) }), host)).toThrow("musl");
    const small = makeImage({
      "/lib/i386-linux-gnu/libc.so.6": makeElf({ bits: 32, defines: ["GLIBC_2.31"] }),
    });
    expect(() => plan(small, host)).toThrow("another kind of processor");
  });

  test("says of an image without a C library that nothing was compared, and gives the libraries", () => {
    expect(plan(makeImage({ "/bin/busybox": elf({}) }), makeHost(driver))).toHaveLength(3);
    expect(warnings[0]).toContain("no C library");
  });

  test("follows links of the image inside of it alone", () => {
    const host = makeHost({ ...driver, "libcuda.so.1": needs("2.34") });
    const image = makeImage({ "/lib64/there": elf({}) });
    const at = `${folder}/image-${count - 1}`;
    // On the host it would lead to a libc that is new enough; inside there is nothing.
    write(`${folder}/new/libc.so.6`, libc("2.34"));
    symlinkSync(`../../../../../../../../../..${folder}/new/libc.so.6`, `${at}/lib64/libc.so.6`);
    plan(image, host);
    expect(warnings[0]).toContain("no C library");
  });

  test("shows programs of the list in /usr/bin, and a library by its path with the names that lead to it", () => {
    const host = makeHost({}, "# mine\n@/bin/my-smi\n@/bin/not-there\n@/own/libmy.so.5.1\n");
    write(`${host.at}/bin/my-smi`, elf(needs("2.2.5")));
    chmodSync(`${host.at}/bin/my-smi`, 0o755);
    write(`${host.at}/own/libmy.so.5.1`, elf(needs("2.2.5")));
    write(`${host.at}/own/libmy.so.4`, elf(needs("2.2.5")));
    symlinkSync("libmy.so.5.1", `${host.at}/own/libmy.so.5`);
    const steps = plan(makeImage({ [libcPath]: libc("2.2.5") }), host);
    expect(targets(steps).sort()).toEqual([
      "/.singularity.d/libs",
      "/.singularity.d/libs/libmy.so.5",
      "/.singularity.d/libs/libmy.so.5.1",
      "/usr/bin/my-smi",
    ]);
  });

  test("shows the devices of the maker where /dev has none", () => {
    const image = makeImage({ [libcPath]: libc("2.2.5", "2.17") });
    const devices = (wanted: Wanted) =>
      targets(plan(image, makeHost(driver), wanted)).filter((target) => target.startsWith("/dev/"));
    expect(devices({})).toEqual([]);
    expect(devices({ contain: true })).toEqual(["/dev/nvidia0", "/dev/nvidiactl"]);
    const both: readonly GpuWish[] = [
      { maker: "nvidia", origin: "asked" },
      { maker: "amd", origin: "asked" },
    ];
    expect(devices({ contain: true, wishes: both })).toEqual([
      "/dev/nvidia0",
      "/dev/nvidiactl",
      "/dev/dri",
      "/dev/kfd",
    ]);
  });

  test("refuses --writable where the image has no folder for the libraries", () => {
    const bare = { [libcPath]: libc("2.2.5", "2.17") };
    expect(() => plan(makeImage(bare), makeHost(driver), { makesNothing: true })).toThrow("--writable");
    const ready = makeImage({ ...bare, "/.singularity.d/libs/x": new Uint8Array() });
    expect(plan(ready, makeHost(driver), { makesNothing: true })).toHaveLength(3);
  });

  test("a list that cannot be read is said", () => {
    const host = makeHost(driver);
    mkdirSync(`${host.at}/etc/nvliblist.conf`, { recursive: true });
    expect(() => plan(makeImage({}), host)).toThrow("nvliblist.conf");
  });
});
