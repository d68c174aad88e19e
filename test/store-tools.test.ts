import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { findProgram } from "#host";
import {
  checkStore,
  findImage,
  importImage,
  loadArchive,
  openStore,
  readPath,
  saveDockerArchive,
  saveLayout,
  saveOciArchive,
  selectImages,
  setRef,
  type Store,
} from "#image";
import { parseReference } from "#spec";

// Other people's tools judge our store and our archives.

let base: string;
let store: Store;

beforeAll(async () => {
  base = mkdtempSync(`${tmpdir()}/vial-tools-`);
  store = openStore(`${base}/store`);
  mkdirSync(`${base}/tree/etc`, { recursive: true });
  writeFileSync(`${base}/tree/etc/motd`, "hello from vial\n");
  for (const [name, pack] of [
    ["plain", "cat"],
    ["packed", "gzip"],
    ["zstandard", "zstd -q"],
  ] as const) {
    // Each its own layer: podman would take one layer for another of the same diff ID.
    writeFileSync(`${base}/tree/name`, name);
    Bun.spawnSync(["sh", "-c", `tar -C ${base}/tree -c . | ${pack} > ${base}/${name}.tar`]);
    const image = await importImage(store, readPath(`${base}/${name}.tar`), {
      reference: parseReference(`registry.example:5000/team/${name}:1.0`),
      created: "2026-01-01T00:00:00Z",
      change: (defaults) => ({ ...defaults, Cmd: ["/bin/true"] }),
    });
    setRef(store, parseReference(name), image.descriptor);
  }
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function tool(...words: string[]): string {
  const result = Bun.spawnSync(words, { env: { ...process.env, TMPDIR: base }, stderr: "pipe" });
  if (result.exitCode !== 0) throw new Error(`${words.join(" ")}: ${result.stderr}`);
  return result.stdout.toString();
}

function withTool(name: string) {
  const isHere = findProgram(name) !== undefined;
  return isHere
    ? test
    : (title: string, _run: () => unknown) => test.skip(`${title} (${name} is absent)`, () => {});
}

describe("the store as it is on disk", () => {
  withTool("skopeo")("skopeo inspects and copies each image by its full name", () => {
    for (const name of ["plain", "packed", "zstandard"]) {
      for (const full of [`docker.io/library/${name}:latest`, `registry.example:5000/team/${name}:1.0`]) {
        const told = JSON.parse(tool("skopeo", "inspect", `oci:${store.layout}:${full}`)) as {
          Digest: string;
        };
        expect(told.Digest).toBe(findImage(store, name).manifestDigest);
      }
      tool(
        "skopeo",
        "copy",
        "-q",
        "--insecure-policy",
        `oci:${store.layout}:docker.io/library/${name}:latest`,
        `oci:${base}/copied:${name}`,
      );
    }
  });

  withTool("umoci")("umoci lists, unpacks and collects nothing away", () => {
    expect(tool("umoci", "ls", "--layout", store.layout).trim().split("\n").sort()[0]).toBe(
      "docker.io/library/packed:latest",
    );
    tool(
      "umoci",
      "unpack",
      "--rootless",
      "--image",
      `${store.layout}:docker.io/library/packed:latest`,
      `${base}/bundle`,
    );
    expect(readFileSync(`${base}/bundle/rootfs/etc/motd`, "utf8")).toBe("hello from vial\n");
    tool("umoci", "gc", "--layout", store.layout);
    expect(checkStore(store).findings).toEqual([]);
  });

  withTool("umoci")("a name that umoci sets is found under the short form", () => {
    tool("umoci", "tag", "--image", `${store.layout}:docker.io/library/plain:latest`, "mine");
    expect(findImage(store, "mine").id).toBe(findImage(store, "plain").id);
  });
});

const write = (file: string, stream: Iterable<Uint8Array>) =>
  writeFileSync(`${base}/${file}`, Buffer.concat([...stream]));

describe("our archives", () => {
  withTool("skopeo")("skopeo reads docker-archive, oci-archive and layout", () => {
    const images = selectImages(store, ["plain:latest", "packed:latest", "zstandard:latest"]);
    write("d.tar", saveDockerArchive(store, images));
    write("o.tar", saveOciArchive(store, images));
    saveLayout(store, images, `${base}/folder`);
    for (const name of ["plain", "packed", "zstandard"]) {
      const full = `docker.io/library/${name}:latest`;
      const sources = [
        `docker-archive:${base}/d.tar:${full}`,
        `oci-archive:${base}/o.tar:${full}`,
        `oci:${base}/folder:${full}`,
      ];
      for (const [place, source] of sources.entries()) {
        tool("skopeo", "copy", "-q", "--insecure-policy", source, `oci:${base}/from${place}:${name}`);
        const config = JSON.parse(tool("skopeo", "inspect", "--config", source)) as {
          rootfs: { diff_ids: string[] };
        };
        expect(config.rootfs.diff_ids).toEqual([...findImage(store, name).config.rootfs.diff_ids!]);
      }
    }
  });

  withTool("podman")("podman loads both archives under our names", () => {
    const podman = [
      "podman",
      "--root",
      `${base}/podman`,
      "--runroot",
      `${base}/podman-run`,
      "--storage-driver",
      "vfs",
      "--cgroup-manager",
      "cgroupfs",
    ];
    const images = selectImages(store, ["plain:latest", "packed:latest"]);
    write("d2.tar", saveDockerArchive(store, images));
    expect(tool(...podman, "load", "-q", "-i", `${base}/d2.tar`)).toContain(
      "docker.io/library/packed:latest",
    );
    write("o2.tar", saveOciArchive(store, selectImages(store, ["zstandard:latest"])));
    expect(tool(...podman, "load", "-q", "-i", `${base}/o2.tar`)).toContain(
      "docker.io/library/zstandard:latest",
    );
    const saved = `${base}/podman.tar`;
    tool(...podman, "save", "-q", "-o", saved, "docker.io/library/packed:latest");
  });
});

describe("archives of others", () => {
  for (const kind of ["docker-archive", "oci-archive"] as const)
    withTool("skopeo")(`skopeo's ${kind} loads`, async () => {
      const file = `${base}/skopeo-${kind}.tar`;
      const from = `oci:${store.layout}:docker.io/library/packed:latest`;
      tool("skopeo", "copy", "-q", "--insecure-policy", from, `${kind}:${file}:docker.io/library/theirs:7`);
      const other = openStore(`${base}/other-${kind}`);
      const [image] = await loadArchive(other, readPath(file));
      expect(image?.names).toEqual(["theirs:7"]);
      expect(findImage(other, "theirs:7").config.rootfs.diff_ids).toEqual(
        findImage(store, "packed").config.rootfs.diff_ids!,
      );
      expect(checkStore(other).findings).toEqual([]);
    });

  withTool("podman")("podman's docker-archive loads", async () => {
    const file = `${base}/podman.tar`;
    expect(statSync(file, { throwIfNoEntry: false })?.isFile()).toBe(true);
    const other = openStore(`${base}/other-podman`);
    const [image] = await loadArchive(other, readPath(file));
    expect(image?.names).toEqual(["packed:latest"]);
  });
});
