// The scientist's way of running: SIF files and folders as an ordinary user and as root, beside squashfuse and bwrap by hand
// (the floor) and Charliecloud where it is installed; and a Python job on a file system that delays each question.

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { metadataOf, openSlowFiles } from "../test/slow-files/slow-files.ts";
import { type BenchUser, type Command, openBenchUser } from "./as-user.ts";
import { interleave, median, ratio, type Sample, text, time } from "./measure.ts";
import { type Row, short } from "./report.ts";

export interface HpcRows {
  readonly rows: readonly Row[];
  readonly refused: readonly string[];
  readonly versions: readonly string[];
}

interface Images {
  readonly sif: string;
  /** The same bytes as the SIF file's partition. */
  readonly squashfs: string;
  readonly offset: number;
  readonly folder: string;
}

const atOnce = 64;
const needed = ["bwrap", "busybox", "fusermount3", "setpriv", "squashfuse_ll", "unsquashfs", "useradd"];

/** Measures the profile hpc; what cannot be had here is named in `refused`. `program` is dist/vial. */
export async function hpcRows(program: string, folder: string, quick: boolean): Promise<HpcRows> {
  const missing = needed.filter(
    (name) => Bun.which(name, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }) === null,
  );
  if (process.getuid?.() !== 0) missing.unshift("root");
  if (missing.length > 0)
    return { rows: [], refused: [`hpc: ${missing.join(", ")} is not here`], versions: [] };
  const refused: string[] = [];
  const user = openBenchUser(folder);
  const vial = `${folder}/vial-hpc`;
  cpSync(program, vial);
  text(["chmod", "755", vial]);
  try {
    const images = makeImages(vial, folder, makeTree(folder), "small");
    const bench = {
      vial,
      user,
      images,
      folder,
      rounds: quick ? 5 : 15,
      hasCharlie: judgeCharlie(refused, user, images),
    };
    const rows = [
      ...userRows(bench),
      rootRow(bench),
      atOnceRow(bench, quick ? 1 : 3),
      await memoryRow(bench),
      ...(await scienceRows(bench, quick ? 1 : 3, refused)),
    ];
    return { rows, refused, versions: readVersions(bench.hasCharlie) };
  } finally {
    user.close();
  }
}

function readVersions(hasCharlie: boolean): readonly string[] {
  const first = (body: string) => text(["sh", "-c", body], { USER: "bench" }).split("\n")[0] ?? "";
  return [
    first("bwrap --version"),
    first("squashfuse_ll --help 2>&1 || true"),
    ...(hasCharlie ? [`ch-run ${first("ch-run --version 2>&1")}`] : []),
  ];
}

interface Bench {
  readonly vial: string;
  readonly user: BenchUser;
  readonly images: Images;
  readonly folder: string;
  readonly rounds: number;
  readonly hasCharlie: boolean;
}

/** Whether ch-run runs a squashfs here: not every build of it can. */
function judgeCharlie(refused: string[], user: BenchUser, images: Images): boolean {
  const refuse = (why: string) => {
    refused.push(`charliecloud: ${why}`);
    return false;
  };
  if (Bun.which("ch-run") === null) return refuse("ch-run is not installed (package charliecloud)");
  try {
    // It wants its mount point to be there.
    user.interleave(new Map([["mkdir", { words: ["mkdir", "-p", `${user.home}/mnt`] }]]), 0);
    user.interleave(new Map([["ch-run", charlie(images.squashfs, `${user.home}/mnt`)]]), 0);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return refuse(`it runs no squashfs here: ${/^error: .*/m.exec(message)?.[0] ?? message}`);
  }
}

/** A root file system of busybox with all the places that the three tools mount something at. */
function makeTree(folder: string): string {
  const tree = `${folder}/tree`;
  for (const name of [
    "bin",
    "dev",
    "etc",
    "home",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "var/tmp",
  ])
    mkdirSync(`${tree}/${name}`, { recursive: true });
  cpSync("/bin/busybox", `${tree}/bin/busybox`, { dereference: true });
  for (const applet of ["sh", "true", "sleep"]) text(["ln", "-sf", "busybox", `${tree}/bin/${applet}`]);
  writeFileSync(`${tree}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\n");
  for (const name of ["group", "hostname", "hosts", "localtime", "nsswitch.conf", "resolv.conf"])
    writeFileSync(`${tree}/etc/${name}`, "");
  return tree;
}

/** A SIF file from a folder, by Vial; its partition as a file of its own; and it unpacked. */
function makeImages(vial: string, folder: string, source: string, name: string): Images {
  const at = `${folder}/images/${name}`;
  mkdirSync(at, { recursive: true });
  const env = { VIAL_ROOT: `${folder}/v`, HOME: folder };
  writeFileSync(`${folder}/${name}.def`, `Bootstrap: localimage\nFrom: ${source}\n`);
  text([vial, "build", "-q", `${at}/x.sif`, `${folder}/${name}.def`], env);
  return unpackImages(vial, at);
}

function unpackImages(vial: string, at: string): Images {
  const images = { sif: `${at}/x.sif`, squashfs: `${at}/x.sqfs`, folder: `${at}/box` };
  const listed = text([vial, "sif", "list", images.sif]);
  const [, id = "", start = ""] =
    /^\s*(\d+)\s*\|[^|]*\|[^|]*\|\s*(\d+)-\d+\s*\|.*Squashfs/m.exec(listed) ?? [];
  if (id === "") throw new Error(`no squashfs in ${images.sif}:\n${listed}`);
  text(["sh", "-c", `"$0" sif dump ${id} "$1" > "$2"`, vial, images.sif, images.squashfs]);
  text(["unsquashfs", "-q", "-no-progress", "-d", images.folder, images.squashfs]);
  text(["chmod", "-R", "a+rX", at]);
  return { ...images, offset: Number(start) };
}

const script = (body: string, ...args: readonly string[]): Command => ({
  words: ["sh", "-c", body, ...args],
});
const charlie = (image: string, mount?: string, ...program: readonly string[]): Command => ({
  words: [
    "ch-run",
    ...(mount === undefined ? [] : ["-m", mount]),
    image,
    "--",
    ...(program.length === 0 ? ["true"] : program),
  ],
});
const places = "--dev-bind /dev /dev --bind /proc /proc --bind /sys /sys --bind /tmp /tmp";

/** squashfuse and bwrap by hand: $0 the SIF file, $1 a folder to mount it at. */
function floorCommand({ images }: Bench, mount: string, program = "true"): Command {
  const body = `mkdir -p "$1" && squashfuse_ll -o offset=${images.offset} "$0" "$1" &&
    { bwrap --ro-bind "$1" / ${places} ${program}; code=$?; fusermount3 -u "$1"; exit $code; }`;
  return script(body, images.sif, mount);
}

function userRows(bench: Bench): readonly Row[] {
  const { vial, user, images, rounds, hasCharlie } = bench;
  const start: readonly [string, Command] = ["vial --version", { words: [vial, "--version"] }];
  const sif = user.interleave(
    new Map<string, Command>([
      start,
      ["squashfuse and bwrap (floor)", floorCommand(bench, `${user.home}/floor`)],
      ["vial", { words: [vial, "exec", images.sif, "true"] }],
      ...(hasCharlie ? ([["ch-run", charlie(images.squashfs, `${user.home}/mnt`)]] as const) : []),
    ]),
    rounds,
  );
  const folder = user.interleave(
    new Map<string, Command>([
      start,
      ["bwrap (floor)", script(`bwrap --ro-bind "$0" / ${places} true`, images.folder)],
      ["vial", { words: [vial, "exec", images.folder, "true"] }],
      ...(hasCharlie ? ([["ch-run", charlie(images.folder)]] as const) : []),
    ]),
    rounds,
  );
  const own = median(find(folder, "vial")?.values ?? []);
  return [
    {
      title: "exec x.sif true, as an ordinary user",
      unit: "ms",
      samples: sif,
      goals: [
        atMost("squashfuse and bwrap by hand", 1.6, ratio(find(sif, "vial"), find(sif, "squashfuse"))),
        ...(hasCharlie ? [atMost("ch-run", 1, ratio(find(sif, "vial"), find(sif, "ch-run")))] : []),
      ],
    },
    {
      title: "exec FOLDER true, as an ordinary user",
      unit: "ms",
      samples: folder,
      goals: [{ text: "at most 15 ms", measured: `${short(own)} ms`, met: own <= 15 }],
    },
  ];
}

/** The kernel mounts: by hand a loop device, mount(8) and bwrap. */
function rootRow({ vial, images, folder, rounds }: Bench): Row {
  const mount = `${folder}/root-floor`;
  mkdirSync(mount);
  const body = `mount -t squashfs -o ro,loop,offset=${images.offset} "$0" "$1" &&
    bwrap --ro-bind "$1" / ${places} true && umount "$1"`;
  const samples = interleave(
    new Map([
      ["vial --version", () => time([vial, "--version"])],
      ["mount and bwrap (floor)", () => time(script(body, images.sif, mount).words)],
      ["vial", () => time([vial, "exec", images.sif, "true"], { HOME: folder })],
    ]),
    rounds,
  );
  const own = median(find(samples, "vial")?.values ?? []);
  return {
    title: "exec x.sif true, as root",
    unit: "ms",
    samples,
    goals: [{ text: "at most 25 ms", measured: `${short(own)} ms`, met: own <= 25 }],
  };
}

function atOnceRow(bench: Bench, rounds: number): Row {
  const { vial, user, images, hasCharlie } = bench;
  const many = ({ words }: Command): Command => ({
    words: ["sh", "-c", `seq ${atOnce} | xargs -P ${atOnce} -I@ "$0" "$@"`, ...words],
  });
  const samples = user.interleave(
    new Map<string, Command>([
      ["squashfuse and bwrap (floor)", many(floorCommand(bench, `${user.home}/floor-@`))],
      ["vial", many({ words: [vial, "exec", images.sif, "true"] })],
      ...(hasCharlie
        ? ([
            [
              "ch-run",
              many(
                script('mkdir -p "$1" && ch-run -m "$1" "$0" -- true', images.squashfs, `${user.home}/mnt-@`),
              ),
            ],
          ] as const)
        : []),
    ]),
    rounds,
  );
  return {
    title: `${atOnce} x exec x.sif true at once, as an ordinary user`,
    unit: "ms",
    samples,
    goals: [
      atMost(
        "squashfuse and bwrap by hand, as many at once",
        1.5,
        ratio(find(samples, "vial"), find(samples, "squashfuse")),
      ),
    ],
  };
}

async function memoryRow(bench: Bench): Promise<Row> {
  const { vial, user, images, hasCharlie } = bench;
  const commands = new Map<string, Command>([
    ["squashfuse and bwrap (floor)", floorCommand(bench, `${user.home}/floor`, "sleep 60")],
    ["vial", { words: [vial, "exec", images.sif, "sleep", "60"] }],
    ...(hasCharlie
      ? ([["ch-run", charlie(images.squashfs, `${user.home}/mnt`, "sleep", "60")]] as const)
      : []),
  ]);
  const samples: Sample[] = [];
  let others: readonly string[] = [];
  for (const [name, command] of commands) {
    const beside = await user.companions(command);
    samples.push({ name, values: [beside.reduce((sum, { rss }) => sum + rss, 0) / 2 ** 20] });
    if (name === "vial")
      others = beside.map((entry) => `${entry.name} (PSS ${short(entry.pss / 2 ** 20)} MiB)`);
    await Bun.sleep(500);
  }
  return {
    title: "memory that stays beside the program (RSS)",
    unit: "MiB",
    samples,
    goals: [
      {
        text: "no process but squashfuse",
        measured: others.join(", ") || "none",
        met: others.every((name) => name.startsWith("squashfuse")),
      },
    ],
  };
}

const recipe = `Bootstrap: debootstrap
OSVersion: bookworm

%post
    # SciPy of Debian 12 asks for a compiler that only its own making needs: an empty package takes its place.
    mkdir -p /tmp/stub/DEBIAN
    printf '%s\\n' 'Package: python3-pythran' 'Version: 99' 'Architecture: all' 'Maintainer: nobody <nobody@localhost>' \\
        'Description: stands in' > /tmp/stub/DEBIAN/control
    dpkg-deb --build /tmp/stub /tmp/stub.deb
    {
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends /tmp/stub.deb python3-numpy python3-scipy
        apt-get clean
        rm -r /var/lib/apt/lists/* /tmp/stub /tmp/stub.deb
    }
`;

/**
 * A Python job from a SIF file, and from the same files unpacked, on a file system that delays each request for metadata.
 * Mounted anew for each run, and the host's caches are dropped: all is cold.
 */
async function scienceRows(bench: Bench, rounds: number, refused: string[]): Promise<readonly Row[]> {
  const { vial, user, folder, hasCharlie } = bench;
  const at = `${folder}/science`;
  mkdirSync(at);
  writeFileSync(`${folder}/science.def`, recipe);
  try {
    const env = { VIAL_ROOT: `${folder}/v`, HOME: folder };
    text([vial, "build", "-q", `${at}/x.sif`, `${folder}/science.def`], env, 900_000);
  } catch (error) {
    refused.push(`numpy and scipy: no image with them can be made here: ${(error as Error).message}`);
    return [];
  }
  unpackImages(vial, at);
  const far = `${folder}/far`;
  mkdirSync(far);
  const job = ["python3", "-c", "import numpy, scipy"];
  const ways: readonly (readonly [name: string, remember: number, command: Command])[] = [
    ["vial, x.sif", 0, { words: [vial, "exec", `${far}/x.sif`, ...job] }],
    ["vial, unpacked", 0, { words: [vial, "exec", `${far}/box`, ...job] }],
    ["vial, unpacked, names remembered", 60, { words: [vial, "exec", `${far}/box`, ...job] }],
    ...(hasCharlie
      ? ([["ch-run, squashfs", 0, charlie(`${far}/x.sqfs`, `${user.home}/mnt`, ...job)]] as const)
      : []),
  ];
  const took = new Map<string, number[]>();
  const asked = new Map<string, number[]>();
  const put = (map: Map<string, number[]>, name: string, value: number) =>
    map.set(name, [...(map.get(name) ?? []), value]);
  for (let round = 0; round < rounds; round++)
    for (const [name, rememberSeconds, command] of ways) {
      await using files = await openSlowFiles(at, far, { milliseconds: 2, rememberSeconds });
      writeFileSync("/proc/sys/vm/drop_caches", "3");
      const before = metadataOf(await files.counts());
      // Once, without a round that is not counted: that one would not be cold.
      const [sample] = user.interleave(new Map([[name, command]]), 1, "cold");
      put(took, name, sample?.values[0] ?? Number.NaN);
      put(asked, name, metadataOf(await files.counts()) - before);
    }
  const samples = (map: Map<string, number[]>) => [...map].map(([name, values]) => ({ name, values }));
  const requests = median(asked.get("vial, x.sif") ?? []);
  const faster =
    ratio(find(samples(took), "vial, unpacked"), find(samples(took), "vial, x.sif")) ?? Number.NaN;
  const title = "python3 -c 'import numpy, scipy', cold, 2 ms for each question";
  return [
    {
      title,
      unit: "ms",
      samples: samples(took),
      goals: [
        {
          text: "at least 10 x faster from x.sif than unpacked",
          measured: `${short(faster)} x`,
          met: faster >= 10,
        },
      ],
    },
    {
      title: "the same, questions that reach that file system",
      unit: "requests",
      samples: samples(asked),
      goals: [{ text: "fewer than 50 from x.sif", measured: String(requests), met: requests < 50 }],
    },
  ];
}

function find(samples: readonly Sample[], start: string): Sample | undefined {
  return samples.find(({ name }) => name === start) ?? samples.find(({ name }) => name.startsWith(start));
}

function atMost(what: string, factor: number, measured = Number.NaN): Row["goals"][number] {
  return {
    text: factor === 1 ? `at least as fast as ${what}` : `at most ${factor} x ${what}`,
    measured: `${measured.toFixed(2)} x`,
    met: measured <= factor,
  };
}
