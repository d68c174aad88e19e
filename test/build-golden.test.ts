import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { rootTar } from "./made-image.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Real Dockerfiles with their contexts, against what BuildKit made of them: the config, and every path that differs from
// the base image.

const data = fileURLToPath(new URL("../../shared/testdata/dockerfile/", import.meta.url));
const why = whyNoContainers() ?? (existsSync(data) ? undefined : "the shared test data is not here");
if (why !== undefined) console.warn(`skipped: Dockerfiles against BuildKit, because ${why}`);

interface Expected {
  readonly rc: number;
  readonly config: Record<string, unknown> | null;
  readonly tree: Readonly<Record<string, readonly (string | number)[]>>;
}

const expected: Readonly<Record<string, Expected>> =
  why === undefined ? JSON.parse(readFileSync(`${data}expected-build-buildkit.json`, "utf8")) : {};

// A file without any test would count as one that died.
test.skipIf(why !== undefined)("the Dockerfiles that BuildKit has built are here", () => {
  expect(existsSync(data)).toBe(true);
});

let vial: TestVial;
let base: Map<string, readonly (string | number)[]>;
let count = 0;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  const tar = `${vial.folder}/base.tar`;
  await Bun.write(
    tar,
    rootTar(vial.folder, (root) => {
      for (const applet of [
        "mkdir",
        "chown",
        "touch",
        "rm",
        "cp",
        "mv",
        "date",
        "test",
        "chmod",
        "ln",
        "find",
      ])
        Bun.spawnSync(["ln", "-sf", "busybox", `${root}/bin/${applet}`]);
      writeFileSync(`${root}/etc/os-release`, "");
      for (const folder of ["var/www", "root", "usr/bin", "usr/local/bin", "home"])
        mkdirSync(`${root}/${folder}`, { recursive: true });
    }),
  );
  // The names that the recipes begin with; each stand-in has the command of the image that it stands for.
  for (const [recipe, { rc }] of Object.entries(expected)) {
    if (rc !== 0) continue;
    for (const name of basesOf(readFileSync(`${data}build/${recipe}`, "utf8"))) {
      const shell = name.includes("centos") ? "bash" : name.includes("alpine") ? "/bin/sh" : "sh";
      const changes = [
        `CMD ["${shell}"]`,
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ];
      await vial.ok("import", ...changes.flatMap((change) => ["--change", change]), tar, name);
    }
  }
  base = treeOf(tar);
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

function basesOf(text: string): readonly string[] {
  const stages = [...text.matchAll(/^FROM .* as (\S+)/gim)].map((match) => match[1]?.toLowerCase());
  return [...text.matchAll(/^FROM (\S+)/gim)]
    .map((match) => match[1] ?? "")
    .filter((name) => name !== "scratch" && !stages.includes(name) && !name.includes("$"));
}

/** Every path of an archive: type, mode, owner, and for a file its size and the beginning of its digest. */
function treeOf(tar: string): Map<string, readonly (string | number)[]> {
  count++;
  const folder = `${vial.folder}/tree-${count}`;
  mkdirSync(folder);
  Bun.spawnSync(["tar", "-xpf", tar, "--numeric-owner", "-C", folder]);
  const tree = new Map<string, readonly (string | number)[]>();
  const walk = (below: string) => {
    for (const name of readdirSync(`${folder}/${below}`)) {
      const path = below === "" ? name : `${below}/${name}`;
      const at = `${folder}/${path}`;
      const info = lstatSync(at);
      const meta = [`0o${(info.mode & 0o7777).toString(8)}`, info.uid, info.gid];
      if (info.isSymbolicLink()) tree.set(path, ["l", ...meta, readlinkSync(at)]);
      else if (info.isDirectory()) {
        tree.set(path, ["d", ...meta]);
        walk(path);
      } else {
        const digest = new Bun.CryptoHasher("sha256").update(readFileSync(at)).digest("hex").slice(0, 16);
        tree.set(path, ["f", ...meta, info.size, digest]);
      }
    }
  };
  walk("");
  rmSync(folder, { recursive: true });
  return tree;
}

/** A copy with the modes that it had where the expectations were measured: here it may be read-only. */
function contextOf(folder: string): string {
  const copy = `${vial.folder}/context-${count}`;
  Bun.spawnSync(["cp", "-r", folder, copy]);
  Bun.spawnSync(["chmod", "-R", "u=rwX,g=rX,o=rX", copy]);
  Bun.spawnSync(["find", copy, "-type", "f", "-exec", "chmod", "g+w", "{}", "+"]);
  return copy;
}

/** What of the config a recipe can set. */
function configOf(document: Record<string, unknown>): Record<string, unknown> {
  const names = ["Cmd", "Entrypoint", "Env", "WorkingDir", "Volumes", "Labels", "User", "ExposedPorts"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = document[name];
      return value === undefined || value === null || value === "" ? [] : [[name, value]];
    }),
  );
}

/** Where Vial gives something else, with the reason. */
const exceptions: Readonly<Record<string, string>> = {};

describe.skipIf(why !== undefined)("Dockerfiles against BuildKit", () => {
  for (const [recipe, wanted] of Object.entries(expected)) {
    // The stand-ins that these were measured with lacked a program; there is nothing to compare.
    if (wanted.rc !== 0 || recipe in exceptions) continue;
    test(recipe, async () => {
      count++;
      const tar = `${vial.folder}/built-${count}.tar`;
      const name = `golden:${count}`;
      const folder = contextOf(`${data}build/${recipe.slice(0, recipe.lastIndexOf("/"))}`);
      const file = `${folder}/${recipe.slice(recipe.lastIndexOf("/") + 1)}`;
      await vial.ok("build", "-t", name, "-f", file, "-o", `type=tar,dest=${tar}`, folder);
      const [document] = JSON.parse(await vial.ok("image", "inspect", name));
      expect(configOf(document.Config)).toEqual(configOf(wanted.config ?? {}));
      const changed = [...treeOf(tar)].filter(
        ([path, entry]) => JSON.stringify(base.get(path)) !== JSON.stringify(entry),
      );
      expect(Object.fromEntries(changed)).toEqual(wanted.tree as never);
    }, 30_000);
  }
});
