import type { Flag } from "../command.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";

/**
 * The flags of the profile `hpc`, spelt as Apptainer spells them. Of its short ones those are left out that mean another
 * thing with `run` and `exec` of a container (-c, -e, -i, -p, -u, -w), so that no word changes its meaning with the image.
 */
export const hpcFlags: readonly Flag[] = [
  textFlag("app", "name", "Run this app of the image (Scientific Filesystem)"),
  textFlag("apply-cgroups", "file", "Limits from a TOML file"),
  listFlag(
    "bind",
    "source[:target[:ro]]",
    "Show a file or folder of the host inside; several with commas",
    "B",
  ),
  textFlag("blkio-weight", "number", "Share of block I/O, 10 to 1000"),
  listFlag("blkio-weight-device", "device:weight", "Share of the block I/O of a device"),
  boolFlag("cleanenv", "Pass no variables of the host on, but TERM and those of proxies"),
  boolFlag("compat", "As Docker would: --containall, --no-init, --no-umask, --writable-tmpfs"),
  boolFlag("contain", "Empty home and /tmp, a /dev without hardware"),
  boolFlag("containall", "As --contain, with its own processes and IPC, and --cleanenv", "C"),
  textFlag("cpu-shares", "number", "Share of the processors, 1024 for each by default"),
  textFlag("cpus", "number", "How many processors, 1.5 for example"),
  textFlag("cpuset-cpus", "list", "Which processors (0-3, 0,1)"),
  textFlag("cpuset-mems", "list", "Which memory nodes (0-3, 0,1)"),
  textFlag("cwd", "path", "Working folder inside"),
  listFlag("dns", "address", "Name servers in place of the host's; several with commas"),
  listFlag("env", "name=value", "Set a variable inside; several with commas", "e"),
  listFlag("env-file", "file", "Set variables by a file that the image's shell reads"),
  boolFlag("fakeroot", "Be root inside"),
  textFlag("home", "source[:target]", "Another home", "H"),
  textFlag("hostname", "name", "Host name inside"),
  boolFlag("ipc", "Its own IPC namespace"),
  textFlag("memory", "bytes", "Limit of memory"),
  textFlag("memory-reservation", "bytes", "Memory that is kept when the host runs short"),
  textFlag("memory-swap", "bytes", "Limit of memory and swap together; -1 is unlimited swap"),
  listFlag("mount", "type=bind,src=,dst=[,ro]", "Show a file or folder of the host inside"),
  boolFlag("net", "Its own network, with nothing but its own loopback"),
  textFlag("network", "none", "The kind of that network"),
  listFlag("no-env", "name", "Do not pass this variable of the host on"),
  boolFlag("no-home", "Do not show the home inside"),
  boolFlag("no-https", "Of an address: let the registry be spoken to without TLS"),
  listFlag(
    "no-mount",
    "name",
    "Leave a mount out: proc, sys, dev, devpts, home, tmp, cwd, bind-paths, or a path",
  ),
  boolFlag("no-init", "Be process 1 with --pid, without an init"),
  boolFlag("no-pid", "Keep the host's process ids with --containall"),
  boolFlag("no-privs", "Take all capabilities from root"),
  boolFlag("no-umask", "Begin with the umask 0022"),
  boolFlag("nv", "Give NVIDIA's graphics cards"),
  boolFlag("oom-kill-disable", "Do not end processes when memory is short"),
  listFlag(
    "overlay",
    "folder|file[:ro]",
    "Keep changes in this folder, or (root) in this file of `overlay create`",
  ),
  textFlag("pids-limit", "number", "Limit of processes and threads; 0 or -1 is unlimited"),
  boolFlag("pid", "Its own process ids"),
  textFlag("profile", "hpc|web", "Whose habits: Singularity's or Docker's"),
  textFlag("pwd", "path", "Same as --cwd"),
  boolFlag("rocm", "Give AMD's graphics cards"),
  listFlag("scratch", "path", "An empty folder inside, gone at the end", "S"),
  textFlag("tmpdir", "folder", "Where an image is unpacked that cannot be mounted"),
  boolFlag("userns", "Run in a user namespace, as root too"),
  boolFlag("uts", "Its own host name"),
  textFlag("workdir", "folder", "Where the empty folders of --contain and --scratch lie", "W"),
  boolFlag("writable", "Write into the image, which is a folder"),
  boolFlag("writable-tmpfs", "Changes go into memory, and are lost at the end"),
];

/** What a command in an instance can still choose; everything else was settled when the instance was started. */
export const freeInInstance: ReadonlySet<string> = new Set([
  ...["app", "cleanenv", "cwd", "env", "env-file", "no-env", "profile", "pwd", "shell"],
]);

export const shellFlag = textFlag("shell", "path", "Shell inside", "s");

const limitNames = new Set(
  `apply-cgroups blkio-weight blkio-weight-device cpu-shares cpus cpuset-cpus cpuset-mems memory memory-reservation
   memory-swap oom-kill-disable pids-limit`.split(/\s+/),
);

/** Those of them that limit what a program may use. */
export const limitFlags: readonly Flag[] = hpcFlags.filter(({ name }) => limitNames.has(name));
