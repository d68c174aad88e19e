// Measures Vial side by side, in one run, with what the machine has: raw crun on the same bundle (the floor), bwrap,
// podman, docker; and the profile hpc with squashfuse, bwrap and Charliecloud. `npm run bench [-- --quick]`; results go to
// bench/results. `-- --only hpc` measures that part alone, into files of its own; so do `sif` and `web`, and `web` is
// measured by itself alone, for it needs a network namespace.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { type Competitor, openDocker, openPodman, openVial, type Refused } from "./competitor.ts";
import { buildRows } from "./build.ts";
import { type Floor, openFloor } from "./floor.ts";
import { hpcRows } from "./hpc.ts";
import { interleave, median, ratio, type Sample, text, time } from "./measure.ts";
import { type Row, short, writeReport } from "./report.ts";
import { missingForSif, sifRows } from "./sif.ts";
import { openTransfer, pssOf, timeWithMemory } from "./transfer.ts";
import { webRows } from "./web.ts";

const project = fileURLToPath(new URL("..", import.meta.url));
const hybrid =
  process.env.VIAL_BENCH_INSIDE !== undefined || existsSync("/sys/fs/cgroup/unified/cgroup.controllers");

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;
if (only !== undefined && only !== "hpc" && only !== "sif" && only !== "web")
  throw new Error(`--only takes "hpc", "sif" or "web", the parts that stand by themselves, not "${only}"`);

// crun refuses hybrid control groups unless the v2 hierarchy is out of sight: for all that are measured alike. Bridges and
// rules of the packet filter are made in a network namespace, so that this machine's own stay as they are.
if ((hybrid || only === "web") && process.env.VIAL_BENCH_INSIDE === undefined) {
  const hide = hybrid ? "mount -t tmpfs none /sys/fs/cgroup/unified" : ":";
  const loopback = only === "web" ? "ip link set lo up" : ":";
  const script = `${hide} && ${loopback} && exec "$@"`;
  const child = Bun.spawnSync(
    [
      "unshare",
      "--mount",
      ...(only === "web" ? ["--net"] : []),
      "sh",
      "-c",
      script,
      "sh",
      process.execPath,
      fileURLToPath(import.meta.url),
      ...process.argv.slice(2),
    ],
    {
      env: { ...process.env, VIAL_BENCH_INSIDE: "1" },
      stdio: ["inherit", "inherit", "inherit"],
    },
  );
  process.exit(child.exitCode);
}

const quick = process.argv.includes("--quick");
const rounds = quick ? 5 : 15;
const folder = mkdtempSync("/tmp/vb-");
const say = (line: string) => console.error(line);
const program = `${project}dist/vial`;
say("compile dist/vial");
time([process.execPath, `${project}tool/build.ts`]);

const loadBefore = loadavg()[0] ?? 0;
const rows: Row[] = [];
const network = only === "web" ? "bridge" : "none";
const vial = openVial(program, folder, network);
const others: Competitor[] = [];
const refused: Refused[] = [];
const versions: string[] = [];
try {
  if (only === undefined) await measureContainers();
  if (only === "web") {
    await openOthers();
    say("web");
    const web = await webRows(vial, others, `${folder}/d.sock`, folder, quick);
    rows.push(...web.rows);
    refused.push(...web.refused.map((why) => ({ name: why.split(":")[0] ?? "", why })));
  }
  if (only === undefined || only === "hpc") {
    say("hpc");
    const hpc = await hpcRows(program, folder, quick);
    rows.push(...hpc.rows);
    refused.push(...hpc.refused.map((why) => ({ name: why.split(":")[0] ?? "", why })));
    versions.push(...hpc.versions);
  }
  if (only === undefined || only === "sif") {
    say("SIF files");
    rows.push(...(await allSifRows()));
  }

  async function openOthers(): Promise<void> {
    for (const opened of [openPodman(vial, folder, network), await openDocker(vial, folder, network)]) {
      if ("why" in opened) refused.push(opened);
      else others.push(opened);
    }
  }

  async function measureContainers(): Promise<void> {
    await openOthers();
    const all = [vial, ...others];
    const floor = openFloor(vial, folder);

    say("version");
    rows.push(versionRow());
    say("run");
    rows.push(runRow(all, floor));
    say("exec");
    rows.push(execRow(all, floor));
    say("memory and many");
    rows.push(...manyRows(all));
    say("build");
    const built = buildRows(all, folder, quick ? 3 : 7);
    rows.push(...built.rows);
    refused.push(...built.refused.map((why) => ({ name: why.split(" ")[0] ?? "", why })));
    say("pull and remove");
    rows.push(...(await transferRows(all)));
  }

  function runRow(all: readonly Competitor[], floor: Floor): Row {
    const commands = new Map<string, () => number>([["crun, no seccomp (floor)", floor.run]]);
    if (floor.bwrap !== undefined) commands.set("bwrap", floor.bwrap);
    for (const tool of all)
      commands.set(tool.name, () =>
        time([...tool.words, "run", "--rm", ...tool.runFlags, "busybox", "true"], tool.env),
      );
    return compare("run --rm busybox true", interleave(commands, rounds), {
      floor: 2.2,
      podman: 6,
      docker: 10,
    });
  }

  function execRow(all: readonly Competitor[], floor: Floor): Row {
    for (const tool of all)
      text(
        [...tool.words, "run", "-d", "--name", "bench", ...tool.runFlags, "busybox", "sleep", "10000"],
        tool.env,
      );
    const id = readlinkSync(`${folder}/v/names/bench`);
    const commands = new Map<string, () => number>([
      ["crun (floor)", floor.exec(id, `${folder}/v/run/crun`)],
    ]);
    for (const tool of all)
      commands.set(tool.name, () => time([...tool.words, "exec", "bench", "true"], tool.env));
    const row = compare("exec C true", interleave(commands, rounds), { floor: 2, podman: 5, docker: 5 });
    for (const tool of all) text([...tool.words, "rm", "-f", "bench"], tool.env);
    return row;
  }
} finally {
  for (const tool of [vial, ...others]) {
    try {
      tool.close();
    } catch (error) {
      say(`${tool.name}: ${(error as Error).message}`);
    }
  }
  await Bun.sleep(1000);
  Bun.spawnSync(
    [
      "sh",
      "-c",
      `grep ' ${folder}/' /proc/self/mounts | cut -d' ' -f2 | sort -r | xargs -r -n1 umount -l; rm -rf ${folder}`,
    ],
    { stderr: "ignore" },
  );
  rmSync(folder, { recursive: true, force: true });
}
const version = (command: readonly string[]) => text(command).split("\n")[0] ?? "";
const table = writeReport(
  {
    machine: [
      `${cpus()[0]?.model ?? "?"}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, control groups ${hybrid ? "hybrid (v1 used)" : existsSync("/sys/fs/cgroup/cgroup.controllers") ? "v2" : "v1"}`,
      `load ${loadBefore.toFixed(2)} before, ${(loadavg()[0] ?? 0).toFixed(2)} after; tools in turn, round by round; ratios are medians of the rounds`,
      [
        vial.version,
        version(["crun", "--version"]),
        version(["conmon", "--version"]),
        ...others.map((tool) => tool.version),
        ...versions,
      ].join(", "),
    ],
    refused,
    rows,
  },
  `${project}bench/results`,
  only ?? "latest",
);
console.log(table);

function find(samples: readonly Sample[], start: string): Sample | undefined {
  return samples.find(({ name }) => name.startsWith(start));
}

function compare(
  title: string,
  samples: readonly Sample[],
  goals: { readonly floor: number; readonly podman: number; readonly docker: number },
): Row {
  const own = find(samples, "vial");
  const toFloor = ratio(own, find(samples, "crun")) ?? Number.NaN;
  const list = [
    {
      text: `at most ${goals.floor} x raw crun`,
      measured: `${toFloor.toFixed(2)} x`,
      met: toFloor <= goals.floor,
    },
  ];
  for (const name of ["podman", "docker"] as const) {
    const factor = ratio(find(samples, name), own);
    if (factor !== undefined)
      list.push({
        text: `at least ${goals[name]} x faster than ${name}`,
        measured: `${factor.toFixed(1)} x`,
        met: factor >= goals[name],
      });
  }
  return { title, unit: "ms", samples, goals: list };
}

/** Beside it the least that any program takes here, and the least that one compiled by Bun does: machines differ. */
function versionRow(): Row {
  const empty = compileEmpty();
  const samples = interleave(
    new Map([
      ["/bin/true", () => time(["/bin/true"])],
      ["an empty program of Bun's", () => time([empty])],
      ["vial", () => time([...vial.words, "--version"], vial.env)],
    ]),
    rounds,
  );
  const own = find(samples, "vial");
  const value = median(own?.values ?? []);
  const toEmpty = ratio(own, find(samples, "an empty")) ?? Number.NaN;
  return {
    title: "vial --version",
    unit: "ms",
    samples,
    goals: [
      {
        text: "at most 6 ms",
        measured: `${value.toFixed(1)} ms, ${toEmpty.toFixed(2)} x an empty program of Bun's`,
        met: value <= 6,
      },
    ],
  };
}

function compileEmpty(): string {
  const source = `${folder}/empty.ts`;
  writeFileSync(source, "");
  const words = [
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    source,
    "--outfile",
    `${folder}/empty`,
  ];
  time([process.execPath, "build", ...words]);
  return `${folder}/empty`;
}

/** Detached containers: what a monitor costs, and 200 of them (20 of the other tools, to keep the run short). */
function manyRows(tools: readonly Competitor[]): readonly Row[] {
  const memory: Sample[] = [];
  const start: Sample[] = [];
  const list: Sample[] = [];
  const remove: Sample[] = [];
  for (const tool of tools) {
    const count = quick ? 20 : tool.name === "vial" ? 200 : 20;
    const names = Array.from({ length: count }, (_, index) => `many-${index}`);
    start.push({
      name: tool.name,
      values: names.map((name) =>
        time(
          [...tool.words, "run", "-d", "--name", name, ...tool.runFlags, "busybox", "sleep", "10000"],
          tool.env,
        ),
      ),
    });
    const monitors = monitorsOf(tool);
    memory.push({
      name: tool.name,
      values: [monitors.reduce((sum, pid) => sum + pssOf(pid), 0) / count / 2 ** 20],
    });
    list.push({ name: tool.name, values: [1, 2, 3, 4, 5].map(() => time([...tool.words, "ps"], tool.env)) });
    remove.push({ name: tool.name, values: [time([...tool.words, "rm", "-f", ...names], tool.env) / count] });
  }
  const own = (samples: readonly Sample[]) => median(find(samples, "vial")?.values ?? []);
  const goal = (text: string, value: number, limit: number, unit: string) => [
    { text, measured: `${short(value)} ${unit}`, met: value <= limit },
  ];
  return [
    {
      title: "memory per detached container",
      unit: "MiB",
      samples: memory,
      goals: goal("at most 0.6 MiB PSS", own(memory), 0.6, "MiB"),
    },
    {
      title: "start of each of 200 detached",
      unit: "ms",
      samples: start,
      goals: goal("at most 30 ms each", own(start), 30, "ms"),
    },
    { title: "ps of them", unit: "ms", samples: list, goals: goal("at most 60 ms", own(list), 60, "ms") },
    {
      title: "removal of each",
      unit: "ms",
      samples: remove,
      goals: goal("at most 20 ms each", own(remove), 20, "ms"),
    },
  ];
}

/** The processes that stay beside the containers: conmon, a shim, anything of Vial. */
function monitorsOf(tool: Competitor): readonly number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, "latin1");
      const isMonitor = tool.name === "docker" ? line.includes("containerd-shim") : /conmon|vial/.test(line);
      const place = tool.name === "vial" ? `${folder}/v/` : tool.name === "podman" ? `${folder}/p` : folder;
      return isMonitor && line.includes(place) && Number(entry) !== process.pid ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

async function transferRows(tools: readonly Competitor[]): Promise<readonly Row[]> {
  if (Bun.which("docker-registry") === null || Bun.which("skopeo") === null || Bun.which("umoci") === null)
    return [];
  const transfer = await openTransfer(vial, folder);
  try {
    const pull = new Map<string, number[]>();
    const remove = new Map<string, number[]>();
    const put = (map: Map<string, number[]>, name: string, value: number) =>
      map.set(name, [...(map.get(name) ?? []), value]);
    let peak = 0;
    for (let round = 0; round < (quick ? 1 : 2); round++) {
      put(pull, "curl, igzip, tar, in turn", transfer.floor(false));
      put(pull, "curl, igzip, tar, at once", transfer.floor(true));
      for (const tool of tools) {
        const flags = tool.name === "podman" ? ["--tls-verify=false"] : [];
        const { took, peak: bytes } = await timeWithMemory(
          [...tool.words, "pull", ...flags, transfer.image],
          tool.env,
        );
        put(pull, tool.name, took);
        if (tool.name === "vial") peak = Math.max(peak, bytes);
        put(remove, tool.name, time([...tool.words, "rmi", transfer.image], tool.env));
        await Bun.sleep(500);
      }
    }
    const samples = [...pull].map(([name, values]) => ({ name, values }));
    const own = find(samples, "vial");
    const inTurn = ratio(own, find(samples, "curl, igzip, tar, in turn")) ?? Number.NaN;
    const atOnce = ratio(own, find(samples, "curl, igzip, tar, at once")) ?? Number.NaN;
    const goals = [
      {
        text: "at most 1.3 x a pipe of curl, igzip -d and tar x for the layers at once",
        measured: `${atOnce.toFixed(2)} x (in turn: ${inTurn.toFixed(2)} x)`,
        met: atOnce <= 1.3,
      },
      {
        text: "memory under 150 MiB (PSS of all processes)",
        measured: `${(peak / 2 ** 20).toFixed(0)} MiB`,
        met: peak < 150 * 2 ** 20,
      },
    ];
    for (const name of ["podman", "docker"]) {
      const factor = ratio(find(samples, name), own);
      if (factor !== undefined)
        goals.push({
          text: `at least 2 x faster than ${name}`,
          measured: `${factor.toFixed(1)} x`,
          met: factor >= 2,
        });
    }
    const removal = median(remove.get("vial") ?? []);
    const title = `cold pull of ${Math.round(transfer.unpackedBytes / 1e6)} MB (${Math.round(transfer.compressedBytes / 1e6)} MB compressed, 4 layers)`;
    return [
      { title, unit: "ms", samples, goals },
      {
        title: "removal of that image",
        unit: "ms",
        samples: [...remove].map(([name, values]) => ({ name, values })),
        goals: [
          {
            text: "the command returns in at most 50 ms",
            measured: `${short(removal)} ms`,
            met: removal <= 50,
          },
        ],
      },
    ];
  } finally {
    transfer.close();
  }
}

async function allSifRows(): Promise<readonly Row[]> {
  const missing = missingForSif();
  if (missing.length > 0) {
    refused.push({ name: "SIF files", why: `missing ${missing.join(", ")}` });
    return [];
  }
  const place = `${folder}/sif`;
  mkdirSync(place);
  const transfer = await openTransfer(vial, place);
  try {
    return sifRows(vial, transfer, place, quick ? 2 : 5);
  } finally {
    transfer.close();
  }
}
