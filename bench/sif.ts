// What a SIF file of a 500 MB image costs: from the store, beside mksquashfs of the same files with the same compressor
// and level, and from a registry, beside a pipe of curl, igzip and tar2sqfs.

import { mkdirSync, rmSync } from "node:fs";
import type { Competitor } from "./competitor.ts";
import { interleave, ratio, text, time } from "./measure.ts";
import type { Row } from "./report.ts";
import type { Transfer } from "./transfer.ts";

const programs = ["docker-registry", "skopeo", "umoci", "curl", "igzip", "mksquashfs", "tar2sqfs"];

/** What is missing for it here. */
export function missingForSif(): readonly string[] {
  return programs.filter((program) => Bun.which(program) === null);
}

/** Measures both; `transfer` is the image of four layers in its registry. */
export function sifRows(
  vial: Competitor,
  transfer: Transfer,
  folder: string,
  rounds: number,
): readonly Row[] {
  const { host, layer } = pushOneLayer(transfer, folder);
  const one = `${host}/bench/one:1`;
  const [sif, squashfs] = [`${folder}/bench.sif`, `${folder}/bench.sqfs`];
  const pipe = `curl -sf http://${host}/v2/bench/one/blobs/${layer} | igzip -dc | tar2sqfs -q -f -c zstd -X level=1 ${squashfs}`;
  text([...vial.words, "pull", "-q", one], vial.env);
  const pack = ["mksquashfs", `${folder}/sif-tree`, squashfs, "-noappend", "-quiet", "-no-progress"];
  const zstd = ["-comp", "zstd", "-Xcompression-level", "1"];
  const stored = interleave(
    new Map([
      ["mksquashfs", () => time([...pack, ...zstd])],
      ["vial", () => time([...vial.words, "convert", "-q", "-F", one, sif], vial.env)],
    ]),
    rounds,
  );
  // A store that has none of the layers.
  text([...vial.words, "rmi", one], vial.env);
  const pull = (image: string) => () =>
    time([...vial.words, "pull", "-q", "-F", sif, `docker://${image}`], vial.env);
  const remote = interleave(
    new Map([
      ["curl, igzip, tar2sqfs", () => time(["sh", "-c", pipe])],
      ["vial", pull(one)],
      ["vial, the same in four layers", pull(transfer.image)],
    ]),
    rounds,
  );
  for (const path of [sif, squashfs, `${folder}/sif-tree`]) rmSync(path, { recursive: true, force: true });
  const size = `${Math.round(transfer.unpackedBytes / 1e6)} MB`;
  const [packed, piped] = [ratio(stored[1], stored[0]) ?? NaN, ratio(remote[1], remote[0]) ?? NaN];
  return [
    {
      title: `an image of ${size} in the store to a SIF file`,
      unit: "ms",
      samples: stored,
      goals: [
        {
          text: "at most 1.15 x mksquashfs of the same files with the same compressor and level",
          measured: `${packed.toFixed(2)} x`,
          met: packed <= 1.15,
        },
      ],
    },
    {
      title: `an image of ${size} in a registry to a SIF file`,
      unit: "ms",
      samples: remote,
      goals: [
        {
          text: "at most 1.3 x a pipe of curl, igzip and tar2sqfs",
          measured: `${piped.toFixed(2)} x`,
          met: piped <= 1.3,
        },
      ],
    },
  ];
}

/** The files of the image as one layer, for a pipe can pack no more, and as a folder. */
function pushOneLayer(transfer: Transfer, folder: string): { readonly host: string; readonly layer: string } {
  const host = transfer.image.slice(0, transfer.image.indexOf("/"));
  const [tree, tar, layout] = [`${folder}/sif-tree`, `${folder}/sif.tar`, `${folder}/sif-layout`];
  mkdirSync(tree);
  for (const digest of layersOf(host, "big"))
    text([
      "sh",
      "-c",
      `curl -sf http://${host}/v2/bench/big/blobs/${digest} | igzip -dc | tar -x -C ${tree}`,
    ]);
  text(["tar", "--numeric-owner", "-C", tree, "-cf", tar, "."]);
  text(["umoci", "init", "--layout", layout]);
  text(["umoci", "new", "--image", `${layout}:one`]);
  text(["umoci", "raw", "add-layer", "--image", `${layout}:one`, tar]);
  text([
    "skopeo",
    "copy",
    "-q",
    "--dest-tls-verify=false",
    `oci:${layout}:one`,
    `docker://${host}/bench/one:1`,
  ]);
  for (const path of [tar, layout]) rmSync(path, { recursive: true });
  return { host, layer: layersOf(host, "one")[0] ?? "" };
}

function layersOf(host: string, name: string): readonly string[] {
  const url = `http://${host}/v2/bench/${name}/manifests/1`;
  const manifest = JSON.parse(
    text(["curl", "-sf", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", url]),
  ) as { layers: { digest: string }[] };
  return manifest.layers.map(({ digest }) => digest);
}
