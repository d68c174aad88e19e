import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { text, time } from "./measure.ts";

/** A tool that runs containers, ready to be timed. */
export interface Competitor {
  readonly name: string;
  readonly version: string;
  /** The words before a verb: program and global options. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Flags of `run` that make it alike. */
  readonly runFlags: readonly string[];
  close(): void;
}

export interface Refused {
  readonly name: string;
  readonly why: string;
}

/** What the tools are measured with: no network, or a bridge. */
export type BenchNetwork = "none" | "bridge";

/** dist/vial on a root of its own, with the image busybox. */
export function openVial(program: string, folder: string, network: BenchNetwork = "none"): Competitor {
  const env = { VIAL_ROOT: `${folder}/v`, HOME: folder };
  const tar = makeBusybox(folder);
  text([program, "import", "--change", 'CMD ["sh"]', tar, "busybox"], env);
  return {
    name: "vial",
    version: text([program, "--version"]),
    words: [program],
    env,
    runFlags: ["--network", network],
    close() {
      const ids = text([program, "ps", "-aq"], env)
        .split("\n")
        .filter((id) => id !== "");
      if (ids.length > 0) time([program, "rm", "-f", ...ids], env);
    },
  };
}

function makeBusybox(folder: string): string {
  const root = `${folder}/busybox`;
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp", "root"])
    mkdirSync(`${root}/${name}`, { recursive: true });
  cpSync("/bin/busybox", `${root}/bin/busybox`, { dereference: true });
  for (const applet of ["sh", "true", "sleep", "httpd", "wget", "touch", "test", "mkdir"])
    text(["ln", "-sf", "busybox", `${root}/bin/${applet}`]);
  writeFileSync(`${root}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\n");
  for (const file of ["hosts", "hostname", "resolv.conf", "group"]) writeFileSync(`${root}/etc/${file}`, "");
  text(["tar", "-C", root, "-cf", `${folder}/busybox.tar`, "."]);
  return `${folder}/busybox.tar`;
}

// Its default limits are beyond the hard limits of some hosts.
const podmanLimits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];

/** Loads the image that Vial saved, and gives the tool, or the reason why it cannot be had here. */
export function openPodman(
  vial: Competitor,
  folder: string,
  network: BenchNetwork = "none",
): Competitor | Refused {
  const podmanFlags = ["--network", network, ...podmanLimits];
  if (Bun.which("podman") === null) return { name: "podman", why: "not installed" };
  const words = [
    "podman",
    "--root",
    `${folder}/p`,
    "--runroot",
    `${folder}/pr`,
    "--cgroup-manager",
    "cgroupfs",
    "--events-backend",
    "none",
  ];
  try {
    text([...words, "load", "-i", saved(vial, folder)]);
    text([...words, "tag", "docker.io/library/busybox:latest", "busybox"]);
    time([...words, "run", "--rm", ...podmanFlags, "busybox", "true"]);
  } catch (error) {
    return { name: "podman", why: (error as Error).message };
  }
  return {
    name: "podman",
    version: text(["podman", "--version"]),
    words,
    env: {},
    runFlags: podmanFlags,
    close() {
      time([...words, "rm", "-fa", "-t", "0"]);
      time([...words, "rmi", "-fa"]);
    },
  };
}

/** A dockerd of its own on FOLDER/d.sock; for `none` without a bridge or firewall rules. */
export async function openDocker(
  vial: Competitor,
  folder: string,
  network: BenchNetwork = "none",
): Promise<Competitor | Refused> {
  const daemon = ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd"].find((path) =>
    existsSync(path),
  );
  if (daemon === undefined || Bun.which("docker") === null)
    return { name: "docker", why: "no dockerd or no docker command line here" };
  const socket = `unix://${folder}/d.sock`;
  const words = ["docker", "-H", socket];
  const child = Bun.spawn(
    [
      daemon,
      "-H",
      socket,
      "--data-root",
      `${folder}/d`,
      "--exec-root",
      `${folder}/dx`,
      "-p",
      `${folder}/d.pid`,
      ...(network === "none" ? ["--iptables=false", "--ip6tables=false", "--bridge=none"] : []),
    ],
    { stdin: "ignore", stdout: "ignore", stderr: Bun.file(`${folder}/dockerd.log`) },
  );
  const close = () => {
    child.kill("SIGTERM");
  };
  try {
    for (let tries = 0; ; tries++) {
      try {
        text([...words, "info"]);
        break;
      } catch (error) {
        if (tries > 60 || child.exitCode !== null) throw error;
        await Bun.sleep(250);
      }
    }
    text([...words, "load", "-i", saved(vial, folder)]);
    time([...words, "run", "--rm", "--network", network, "busybox", "true"]);
  } catch (error) {
    close();
    const log = existsSync(`${folder}/dockerd.log`)
      ? readFileSync(`${folder}/dockerd.log`, "utf8").trim().split("\n").at(-1)
      : "";
    return { name: "docker", why: `${(error as Error).message} ${log}`.slice(0, 300) };
  }
  return {
    name: "docker",
    version: `${text([...words, "version", "--format", "{{.Server.Version}}"])} (dockerd)`,
    words,
    env: {},
    runFlags: ["--network", network],
    close() {
      const ids = text([...words, "ps", "-aq"])
        .split("\n")
        .filter((id) => id !== "");
      if (ids.length > 0) time([...words, "rm", "-f", ...ids]);
      close();
    },
  };
}

function saved(vial: Competitor, folder: string): string {
  const file = `${folder}/busybox-saved.tar`;
  if (!existsSync(file)) text([...vial.words, "save", "-o", file, "busybox"], vial.env);
  return file;
}
