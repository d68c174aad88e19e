import { closeSync, fchmodSync, openSync, renameSync, statSync } from "node:fs";
import { copyFileAt, insertRange, mksquashfs } from "#host";
import type { Digest } from "#spec";
import type { SifArchitecture } from "./architecture.ts";
import { createSif, type PackedObject } from "./create.ts";
import { sifUnreadable } from "./error.ts";
import { nilId } from "./header.ts";
import { idOfDigest, type NewObject } from "./new-object.ts";
import type { SquashfsPacking } from "./squashfs.ts";
import { noTime } from "./time.ts";

/** By it a SIF file can be started like a program. Apptainer writes the same (internal/pkg/build/assemblers/sif.go). */
export const rootLaunch = "#!/usr/bin/env run-singularity\n";

/** The group of all objects of the image; a signature signs a group. */
const imageGroup = 1;

export interface RootSif {
  readonly architecture: SifArchitecture;
  /** A squashfs that is there, or what to pack, which then goes into the file without a copy. */
  readonly root:
    | { readonly kind: "squashfs"; readonly path: string }
    /** A squashfs that becomes the SIF file: where it can be, it is moved into its place and not copied. */
    | { readonly kind: "own-squashfs"; readonly path: string }
    | ({ readonly packing: SquashfsPacking } & (
        | { readonly kind: "folder"; readonly path: string; readonly allRoot: boolean }
        /**
         * Seconds since 1970: the newest time of a file, or an earlier one, which newer files then get. The root folder gets
         * it too, unless it is yet to come: then that has the time of the clock.
         */
        | { readonly kind: "tar"; readonly tar: number | AsyncIterable<Uint8Array>; readonly newest: number }
      ));
  /** The full text of the recipe. */
  readonly deffile?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The member `config` of the OCI image config, as it was. */
  readonly ociConfig?: object;
  /** Which image it is, for the id; none gives the id of zeros. */
  readonly identity?: Digest;
  /** Seconds since 1970: of the SIF file, and the latest that a packed file may claim. */
  readonly time?: number;
  readonly force?: boolean;
}

/**
 * Writes a SIF file that runs. The order, the names and the group are Apptainer's: recipe, JSON objects by name, root file
 * system. Labels go into "inspect-metadata.json", where `apptainer inspect` looks; the old data type for labels
 * (JSON.Labels) is read by nobody today, and not written.
 */
export async function createRootSif(path: string, wish: RootSif): Promise<void> {
  const time = wish.time ?? noTime;
  const json: Record<string, object | undefined> = {
    "inspect-metadata.json": inspectMetadata(wish),
    "oci-config.json": wish.ociConfig,
  };
  const objects = [
    ...(wish.deffile === undefined ? [] : [textObject("deffile", "", wish.deffile, time)]),
    ...Object.keys(json)
      .sort()
      .flatMap((name) => {
        const value = json[name];
        return value === undefined ? [] : [textObject("generic-json", name, JSON.stringify(value), time)];
      }),
  ];
  const sif = {
    launch: rootLaunch,
    id: wish.identity === undefined ? nilId : idOfDigest(wish.identity),
    time,
    ...(wish.force === undefined ? {} : { force: wish.force }),
  };
  const partition: Omit<PackedObject, "pack"> = {
    type: "partition",
    extra: {
      kind: "partition",
      fileSystem: "squashfs",
      partition: "primary-system",
      architecture: wish.architecture,
    },
    group: imageGroup,
    link: { kind: "none" },
    name: "",
    time,
  };
  const { root } = wish;
  if (root.kind !== "squashfs") {
    const pack = (target: string, offset: number) =>
      root.kind === "own-squashfs"
        ? moveRoot(root.path, target, offset)
        : packRoot(root, target, offset, wish.time);
    await createSif(path, { ...sif, objects, packed: { ...partition, pack } });
    return;
  }
  const fd = openRoot(root.path);
  try {
    const content = { kind: "descriptor", fd } as const;
    await createSif(path, { ...sif, objects: [...objects, { ...partition, content }] });
  } finally {
    closeSync(fd);
  }
}

/** The file takes the place of the empty one, and is shifted behind the descriptors; else its bytes are copied. */
async function moveRoot(path: string, target: string, offset: number): Promise<void> {
  const from = openRoot(path, "r+");
  try {
    const { mode } = statSync(target);
    if (statSync(path).dev === statSync(target).dev && insertRange(from, offset)) {
      renameSync(path, target);
      fchmodSync(from, mode & 0o7777);
      return;
    }
    const to = openSync(target, "r+");
    try {
      copyFileAt(from, to, offset);
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

async function packRoot(
  root: Exclude<RootSif["root"], { kind: "squashfs" | "own-squashfs" }>,
  target: string,
  offset: number,
  time: number | undefined,
): Promise<void> {
  const { packing: compression } = root;
  if (root.kind === "tar") {
    const source = { kind: "tar", fileTimes: "clamped" } as const;
    await mksquashfs({ source, target, offset, compression, time: time ?? root.newest }, root.tar);
    return;
  }
  const { path, allRoot } = root;
  const fileTimes = time === undefined ? "kept" : "clamped";
  await mksquashfs({
    source: { kind: "folder", path, allRoot, fileTimes },
    ...{ target, offset, compression, time: time ?? 0 },
  });
}

/** What `apptainer inspect --json` prints (pkg/inspect): here the labels and the recipe, which are known before any run. */
function inspectMetadata({ labels, deffile }: RootSif): object {
  const sorted = Object.fromEntries(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    data: {
      attributes: {
        ...(deffile === undefined ? {} : { deffile }),
        ...(labels === undefined ? {} : { labels: sorted }),
      },
    },
    type: "container",
  };
}

function textObject(type: "deffile" | "generic-json", name: string, text: string, time: number): NewObject {
  return {
    type,
    content: { kind: "bytes", bytes: Buffer.from(text) },
    extra: { kind: "none" },
    group: imageGroup,
    link: { kind: "none" },
    name,
    time,
  };
}

function openRoot(path: string, access: "r" | "r+" = "r"): number {
  try {
    return openSync(path, access);
  } catch (error) {
    throw sifUnreadable(path, error);
  }
}
