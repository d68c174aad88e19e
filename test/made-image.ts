import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { type Descriptor, type Digest, digestOf, mediaType } from "#spec";
import type { FakeRegistry } from "../src/registry/fake.ts";

// Images that no builder would make, for a registry in the test's process.

/** A tar of a root file system with a static busybox; `change` puts in what is special, and takes out. */
export function rootTar(folder: string, change: (root: string) => void = () => {}): Buffer {
  const root = mkdtempSync(`${folder}/root-`);
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp"]) mkdirSync(`${root}/${name}`);
  copyFileSync("/bin/busybox", `${root}/bin/busybox`);
  for (const name of [
    "sh",
    "echo",
    "cat",
    "ls",
    "id",
    "true",
    "sleep",
    "pwd",
    "env",
    "grep",
    "readlink",
    "head",
    "tr",
    "mkdir",
  ])
    symlinkSync("busybox", `${root}/bin/${name}`);
  change(root);
  const tar = `${root}.tar`;
  const made = Bun.spawnSync([
    "tar",
    "--sparse",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "-C",
    root,
    "-cf",
    tar,
    ".",
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  const bytes = readFileSync(tar);
  rmSync(root, { recursive: true });
  rmSync(tar);
  return bytes;
}

export interface MadeImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
}

export interface ImageWish {
  readonly tars: readonly Buffer[];
  /** The part "config" of the image config. */
  readonly config?: object;
  /** What the image config says of itself, in place of the truth: rootfs, os, architecture. */
  readonly lies?: object;
}

/** Puts an image into the registry under `path:latest`. */
export function addImage(registry: FakeRegistry, path: string, wish: ImageWish): MadeImage {
  const diffIds = wish.tars.map((tar) => digestOf(tar));
  const layers = wish.tars.map((tar) =>
    registry.addBlob(
      path,
      Buffer.from(Bun.gzipSync(new Uint8Array(tar), { level: 1 })),
      mediaType.ociLayerGzip,
    ),
  );
  const document = {
    os: "linux",
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    config: wish.config ?? {},
    rootfs: { type: "layers", diff_ids: diffIds },
    ...wish.lies,
  };
  const config = registry.addBlob(path, Buffer.from(JSON.stringify(document)), mediaType.ociConfig);
  const manifest = registry.addManifest(
    path,
    "latest",
    { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers },
    mediaType.ociManifest,
  );
  return { manifest, config, layers, diffIds };
}
