// Flags that people know from Docker or Apptainer and that Vial does not have: each is refused with the reason and another way.

interface Absent {
  readonly commands: readonly string[];
  readonly flags: readonly string[];
  readonly why: string;
  readonly next: string;
}

const making = ["run", "create"];

const absent: readonly Absent[] = [
  {
    commands: making,
    flags: ["--link-local-ip"],
    why: "the kernel gives link-local addresses itself",
    next: "--ip, or --ip6, in a network with a subnet of its own",
  },
  {
    commands: making,
    flags: ["-a", "--attach"],
    why: "output and errors are always joined in the foreground, and the input by -i",
    next: "leave it out, and redirect what you do not want: `2>/dev/null`",
  },
  {
    commands: making,
    flags: ["--gpus"],
    why: "this version of Vial knows devices by their path alone",
    next: "--device /dev/NAME, and bind the driver's files with -v",
  },
  {
    commands: [...making, "update"],
    flags: [
      "--blkio-weight",
      "--blkio-weight-device",
      "--cpu-rt-period",
      "--cpu-rt-runtime",
      "--device-read-bps",
      "--device-read-iops",
      "--device-write-bps",
      "--device-write-iops",
      "--kernel-memory",
      "--memory-swappiness",
      "--oom-kill-disable",
      "--storage-opt",
    ],
    why: "this version of Vial limits memory, swap, CPU and the number of processes alone",
    next: "leave it out",
  },
  {
    commands: making,
    flags: ["--cgroup-parent"],
    why: "each container has a control group of its own at the top",
    next: "leave it out",
  },
  {
    commands: making,
    flags: ["--device-cgroup-rule"],
    why: "devices are allowed one by one",
    next: "--device /dev/NAME:/dev/NAME:rwm",
  },
  {
    commands: [...making, "pull", "push"],
    flags: ["--disable-content-trust"],
    why: "Vial verifies digests and knows no signatures, so there is nothing to disable",
    next: "leave it out",
  },
  {
    commands: ["build"],
    flags: ["--load", "--rm", "--force-rm"],
    why: "it is always so: the image is in the store, and no container is left of a step",
    next: "leave it out",
  },
  {
    commands: ["build"],
    flags: ["--push"],
    why: "building and pushing are two commands",
    next: "`vial push NAME` after the build",
  },
  {
    commands: ["build"],
    flags: ["--check", "--call"],
    why: "the linter has a flag of its own",
    next: "--lint",
  },
  {
    commands: ["build"],
    flags: ["--attest", "--provenance", "--sbom", "--annotation"],
    why: "this version of Vial writes images alone, without attestations and annotations",
    next: "leave it out; --metadata-file says what was built, and --label marks the image",
  },
  {
    commands: ["build"],
    flags: [
      "--builder",
      "--allow",
      "--isolation",
      "--cgroup-parent",
      "--security-opt",
      "--compress",
      "--squash",
    ],
    why: "Vial builds in this process, one way, without a daemon that it could be left to",
    next: "leave it out",
  },
  {
    commands: ["build"],
    flags: [
      "--memory",
      "-m",
      "--memory-swap",
      "--cpu-period",
      "--cpu-quota",
      "--cpu-shares",
      "-c",
      "--cpuset-cpus",
      "--cpuset-mems",
      "--ulimit",
    ],
    why: "this version of Vial limits running containers, and no steps of a build",
    next: "build under `systemd-run --scope -p MemoryMax=4G`",
  },
  {
    commands: ["build"],
    flags: ["--no-cache-filter"],
    why: "the cache is left out for the whole build or not at all",
    next: "--no-cache",
  },
  {
    commands: ["exec"],
    flags: ["--detach-keys"],
    why: "no process of Vial stays beside the program that could watch for the keys",
    next: "leave it out, or run the program in the background: `vial exec -d`",
  },
  {
    commands: ["start"],
    flags: ["--checkpoint", "--checkpoint-dir"],
    why: "Vial makes no checkpoints of containers",
    next: "leave it out",
  },
  {
    commands: ["verify"],
    flags: ["--url", "-u"],
    why: "Vial asks no key server: whom to believe is decided by a person",
    next: "get the key from its owner, and take it in by `vial key import FILE`",
  },
  {
    commands: ["verify"],
    flags: ["--ocsp-verify"],
    why: "this version of Vial does not ask whether certificates are revoked",
    next: "ask by `openssl ocsp`, and leave it out",
  },
  {
    commands: ["key generate"],
    flags: ["--push", "-U"],
    why: "Vial speaks with no key server",
    next: "write the key by `vial key export --armor FILE`, and send it yourself",
  },
];

/** Why a command does not have a flag that Docker or Apptainer has, and what to do; undefined when they have none either. */
export function absentFlag(command: string, flag: string): Pick<Absent, "why" | "next"> | undefined {
  return absent.find((entry) => entry.commands.includes(command) && entry.flags.includes(flag));
}
