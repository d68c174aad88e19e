import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Competitor } from "./competitor.ts";
import { text, time } from "./measure.ts";

/** Raw crun on the bundle that Vial itself wrote, without seccomp and with a plain folder as root: the floor. */
export interface Floor {
  run(): number;
  /** Starts a container for `exec`, and gives the timer. */
  exec(id: string, root: string): () => number;
  readonly bwrap: (() => number) | undefined;
}

export function openFloor(vial: Competitor, folder: string): Floor {
  text(
    [...vial.words, "run", "-d", "--name", "floor", ...vial.runFlags, "busybox", "sleep", "1000"],
    vial.env,
  );
  const bundles = `${folder}/v/run/c`;
  const [name = ""] = readdirSync(bundles);
  const config = JSON.parse(readFileSync(`${bundles}/${name}/config.json`, "utf8"));
  mkdirSync(`${folder}/floor/etc`, { recursive: true });
  for (const file of readdirSync(`${bundles}/${name}/etc`)) writeFileSync(`${folder}/floor/etc/${file}`, "");
  text([...vial.words, "rm", "-f", "floor"], vial.env);
  config.process.args = ["true"];
  config.root.path = `${folder}/busybox`;
  config.annotations = {};
  delete config.linux.seccomp;
  config.linux.cgroupsPath = "/vial-bench-floor";
  for (const mount of config.mounts) {
    const file = /\/etc\/([a-z.]+)$/.exec(mount.source ?? "")?.[1];
    if (file !== undefined) mount.source = `${folder}/floor/etc/${file}`;
  }
  writeFileSync(`${folder}/floor/config.json`, JSON.stringify(config));
  const crun = ["crun", "--root", `${folder}/floor-state`];
  const bwrap = [
    "bwrap",
    "--unshare-all",
    "--bind",
    `${folder}/busybox`,
    "/",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "/bin/true",
  ];
  return {
    run: () => time([...crun, "run", "--bundle", `${folder}/floor`, "floor"]),
    exec: (id, root) => () => time(["crun", "--root", root, "exec", id, "true"]),
    bwrap: Bun.which("bwrap") === null ? undefined : () => time(bwrap),
  };
}
