import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Competitor } from "./competitor.ts";
import { text, time } from "./measure.ts";

/** A loopback registry with one image of four gzip layers, about 500 MB unpacked, made of this machine's own files. */
export interface Transfer {
  readonly image: string;
  readonly unpackedBytes: number;
  readonly compressedBytes: number;
  /** curl | igzip -d | tar x for each layer, one after the other. */
  floor(parallel: boolean): number;
  close(): void;
}

export async function openTransfer(vial: Competitor, folder: string): Promise<Transfer> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${folder}/registry` } },
    http: { addr: host },
  };
  writeFileSync(`${folder}/registry.yml`, JSON.stringify(config));
  const registry = Bun.spawn(["docker-registry", "serve", `${folder}/registry.yml`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(`http://${host}/v2/`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    await Bun.sleep(50);
  }
  const image = `${host}/bench/big:1`;
  const unpackedBytes = makeLayout(folder);
  text(["skopeo", "copy", "--dest-tls-verify=false", `oci:${folder}/layout:big`, `docker://${image}`]);
  rmSync(`${folder}/layers`, { recursive: true });
  const manifest = JSON.parse(
    text([
      "curl",
      "-s",
      "-H",
      "Accept: application/vnd.oci.image.manifest.v1+json",
      `http://${host}/v2/bench/big/manifests/1`,
    ]),
  ) as { layers: { digest: string; size: number }[] };
  const pipes = manifest.layers.map(
    (layer, index) =>
      `mkdir -p ${folder}/floor-pull/${index} && curl -s http://${host}/v2/bench/big/blobs/${layer.digest} | igzip -d | tar -x -C ${folder}/floor-pull/${index}`,
  );
  return {
    image,
    unpackedBytes,
    compressedBytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
    floor(parallel) {
      const took = time([
        "sh",
        "-c",
        parallel ? `${pipes.map((pipe) => `(${pipe}) &`).join(" ")} wait` : pipes.join(" && "),
      ]);
      rmSync(`${folder}/floor-pull`, { recursive: true, force: true });
      return took;
    },
    close() {
      registry.kill("SIGKILL");
      void vial;
    },
  };
}

/** Four layers by umoci from parts of /usr, each at most 130 MB. */
function makeLayout(folder: string): number {
  const layout = `${folder}/layout`;
  text(["umoci", "init", "--layout", layout]);
  text(["umoci", "new", "--image", `${layout}:big`]);
  const files = text(["sh", "-c", "find /usr/lib /usr/share -xdev -type f -size -4096k | sort"]).split("\n");
  let total = 0;
  let next = 0;
  for (let layer = 0; layer < 4; layer++) {
    const root = `${folder}/layers/${layer}`;
    mkdirSync(root, { recursive: true });
    const list: string[] = [];
    for (let bytes = 0; bytes < 130_000_000 && next < files.length; next++) {
      const file = files[next] ?? "";
      bytes += Bun.file(file).size;
      total += Bun.file(file).size;
      list.push(file);
    }
    writeFileSync(`${folder}/list`, `${list.join("\n")}\n`);
    text(["sh", "-c", `tar -cf - -T ${folder}/list 2>/dev/null | tar -x -C ${root}`]);
    text(["umoci", "raw", "add-layer", "--image", `${layout}:big`, tarOf(root, folder)]);
  }
  return total;
}

function tarOf(root: string, folder: string): string {
  text(["tar", "-C", root, "-cf", `${folder}/layer.tar`, "."]);
  return `${folder}/layer.tar`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Milliseconds of a command, and the highest sum of proportional memory (PSS, bytes) of its process tree, every 20 ms. */
export async function timeWithMemory(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly took: number; readonly peak: number }> {
  const began = performance.now();
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let peak = 0;
  let running = true;
  const sampler = (async () => {
    while (running) {
      peak = Math.max(
        peak,
        treeOf(child.pid).reduce((sum, pid) => sum + pssOf(pid), 0),
      );
      await Bun.sleep(20);
    }
  })();
  const code = await child.exited;
  const took = performance.now() - began;
  running = false;
  await sampler;
  if (code !== 0)
    throw new Error(`${command.join(" ")} ended with ${code}: ${await new Response(child.stderr).text()}`);
  return { took, peak };
}

function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "latin1");
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has just ended.
    }
  }
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** Proportional set size in bytes (proc(5), smaps_rollup). */
export function pssOf(pid: number): number {
  try {
    return (
      Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}
