import type { HostFacts, ProgramFact } from "#host";
import { printBinarySize } from "#spec";

// What a host's facts mean for Vial. Pure: a person with an odd host can send the facts, and get the same answer.

export type Area = "Kernel" | "User" | "Control groups" | "Devices" | "Security" | "Programs" | "Store";

export interface Finding {
  readonly area: Area;
  readonly name: string;
  /** `stop`: no container can run. `lack`: something cannot be had. `fine`: nothing to do. */
  readonly status: "fine" | "lack" | "stop";
  /** What was found. */
  readonly found: string;
  /** What it costs, unless all is fine. */
  readonly cost?: string;
  /** The command or change that mends it, when there is one. */
  readonly mend?: string;
}

/** Judges the facts, in the order in which a person reads them. */
export function diagnose(facts: HostFacts): Finding[] {
  return [
    ...kernel(facts),
    ...user(facts),
    ...controlGroups(facts),
    ...devices(facts),
    ...security(facts),
    ...facts.programs.flatMap((program) => programFindings(program, facts)),
    ...store(facts),
  ];
}

/** Whether a container can run on the host that has these findings. */
export function canRunContainers(findings: readonly Finding[]): boolean {
  return !findings.some((finding) => finding.status === "stop");
}

function fine(area: Area, name: string, found: string): Finding {
  return { area, name, status: "fine", found };
}

function kernel(facts: HostFacts): Finding[] {
  const { release, fileSystems, erofsFromFile, seccomp } = facts.kernel;
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const tooOld = major < 5 || (major === 5 && minor < 2);
  const findings: Finding[] = [
    tooOld
      ? {
          area: "Kernel",
          name: "Linux",
          status: "stop",
          found: release,
          cost: "Vial mounts by fsopen(2), which came with Linux 5.2",
          mend: "boot a newer kernel",
        }
      : fine("Kernel", "Linux", release),
  ];
  const costs = {
    overlay: "no layer can be put on another",
    erofs: "layers are unpacked into folders instead of one file each",
    squashfs: "SIF files are mounted through FUSE",
    fuse: "no file system can be mounted by an ordinary user's program",
  } as const;
  for (const name of ["overlay", "erofs", "squashfs", "fuse"] as const) {
    const support = fileSystems[name];
    if (support === "yes") findings.push(fine("Kernel", name, "built in"));
    else if (support === "module")
      findings.push(fine("Kernel", name, "as a module, loaded when it is needed"));
    else {
      const status = name === "overlay" ? "stop" : "lack";
      const mend = `modprobe ${name}, or boot a kernel that has it`;
      findings.push({ area: "Kernel", name, status, found: "not there", cost: costs[name], mend });
    }
  }
  if (erofsFromFile === true)
    findings.push(fine("Kernel", "erofs from a file", "works without a loop device"));
  if (erofsFromFile === false && fileSystems.erofs !== "no")
    findings.push({
      area: "Kernel",
      name: "erofs from a file",
      status: "lack",
      found: "refused: it wants a block device",
      cost: costs.erofs,
      mend: "boot Linux 6.12 or newer",
    });
  findings.push(
    seccomp
      ? fine("Kernel", "seccomp", "filters system calls")
      : {
          area: "Kernel",
          name: "seccomp",
          status: "lack",
          found: "not there",
          cost: "containers may use every system call",
          mend: "boot a kernel with CONFIG_SECCOMP_FILTER",
        },
  );
  return findings;
}

function user(facts: HostFacts): Finding[] {
  const { uid, name, subuid, subgid } = facts.user;
  const { trial, settings } = facts.userNamespaces;
  const isRoot = uid === 0;
  const findings: Finding[] = [fine("User", "you", isRoot ? "root" : `${name}, an ordinary user`)];
  // Root needs no user namespace; to an ordinary user it is the ground that everything stands on.
  const status = isRoot ? "lack" : "stop";
  findings.push(
    trial.works
      ? fine("User", "user namespaces", "work")
      : {
          area: "User",
          name: "user namespaces",
          status,
          found: `refused: ${trial.why}`,
          cost: isRoot ? "`--userns` is refused" : "you cannot run containers",
          mend: mendUserNamespaces(settings),
        },
  );
  if (isRoot) return findings;
  const ids = (ranges: typeof subuid) => ranges.reduce((sum, range) => sum + range.count, 0);
  for (const [file, ranges, flag] of [
    ["/etc/subuid", subuid, "--add-subuids"],
    ["/etc/subgid", subgid, "--add-subgids"],
  ] as const) {
    findings.push(
      ids(ranges) >= 65536
        ? fine("User", file, `${ids(ranges)} ids from ${ranges[0]?.start}`)
        : {
            area: "User",
            name: file,
            status: ranges.length === 0 ? "stop" : "lack",
            found: ranges.length === 0 ? "you have no range of ids" : `${ids(ranges)} ids, fewer than 65536`,
            cost:
              ranges.length === 0
                ? "containers are refused, and in what `vial build` makes all new files are root's; the profile hpc needs none"
                : "images with more users than that cannot be unpacked and run",
            mend: `sudo usermod ${flag} 100000-165535 ${name}`,
          },
    );
  }
  return findings;
}

function mendUserNamespaces(settings: HostFacts["userNamespaces"]["settings"]): string {
  if (settings["kernel.unprivileged_userns_clone"] === "0")
    return "sudo sysctl kernel.unprivileged_userns_clone=1";
  if (settings["kernel.apparmor_restrict_unprivileged_userns"] === "1")
    return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  return "sudo sysctl user.max_user_namespaces=15000";
}

function controlGroups(facts: HostFacts): Finding[] {
  const { mode, controllers } = facts.cgroup;
  const area: Area = "Control groups";
  if (mode === "none")
    return [
      {
        area,
        name: "mode",
        status: "lack",
        found: "none is mounted",
        cost: "memory, cpu and process limits are refused",
        mend: "mount -t cgroup2 none /sys/fs/cgroup",
      },
    ];
  const words = {
    v1: "v1",
    v2: "v2, unified",
    hybrid: "hybrid: v1 with an unused v2 beside it, which Vial hides from the runtime",
  };
  const findings: Finding[] = [fine(area, "mode", words[mode])];
  const costs = {
    memory: "`--memory` is refused",
    cpu: "`--cpus` is refused",
    pids: "`--pids-limit` is refused",
  };
  const missing = (["memory", "cpu", "pids"] as const).filter((name) => !controllers.includes(name));
  if (controllers.length > 0) findings.push(fine(area, "controllers", controllers.join(" ")));
  for (const name of missing) {
    const mend =
      mode === "v2"
        ? `boot with cgroup_enable=${name}, or delegate it: systemctl edit user@.service, with Delegate=yes`
        : `mount -t cgroup -o ${name} ${name} /sys/fs/cgroup/${name}`;
    findings.push({ area, name, status: "lack", found: "not there", cost: costs[name], mend });
  }
  return findings;
}

function devices(facts: HostFacts): Finding[] {
  const costs: Readonly<Record<string, string>> = {
    "/dev/fuse": "file systems in user space (fuse-overlayfs, squashfuse) cannot be used",
    "/dev/kvm": "virtual machines run by emulation, 20 to 30 times slower",
    "/dev/net/tun": "ordinary users' containers have no way to the network",
    "/dev/loop-control": "squashfs images are mounted through FUSE",
  };
  const absentMend: Readonly<Record<string, string>> = {
    "/dev/fuse": "modprobe fuse",
    "/dev/kvm": "turn virtualisation on in the firmware, then: modprobe kvm",
    "/dev/net/tun": "modprobe tun",
    "/dev/loop-control": "modprobe loop",
  };
  return Object.entries(facts.devices).map(([path, state]): Finding => {
    if (state === "open") return fine("Devices", path, "open to you");
    // Loop devices are root's own on every system: nothing is missing.
    if (path === "/dev/loop-control" && state === "closed")
      return fine("Devices", path, "there, for root alone");
    const mend =
      state === "absent"
        ? (absentMend[path] ?? "")
        : path === "/dev/kvm"
          ? "sudo usermod -aG kvm $USER, then log in again"
          : `sudo chmod 666 ${path}`;
    const found = state === "absent" ? "not there" : "there, and closed to you";
    return { area: "Devices", name: path, status: "lack", found, cost: costs[path] ?? "", mend };
  });
}

function security(facts: HostFacts): Finding[] {
  const modules = facts.securityModules;
  const { openFiles, mayRaise } = facts.limits;
  const limit = Number.isNaN(openFiles) ? "unlimited" : String(openFiles);
  return [
    fine("Security", "modules", modules?.join(" ") ?? "not told: securityfs is not mounted"),
    mayRaise || openFiles >= 1048576
      ? fine("Security", "open files", `up to ${limit}${mayRaise ? ", and Vial may raise it" : ""}`)
      : {
          area: "Security",
          name: "open files",
          status: openFiles < 4096 ? "lack" : "fine",
          found: `up to ${limit}; \`--ulimit nofile\` cannot go above it`,
          ...(openFiles < 4096
            ? {
                cost: "programs with many connections run out of descriptors",
                mend: "ulimit -Hn 1048576, as root",
              }
            : {}),
        },
  ];
}

interface Advisory {
  readonly program: string;
  readonly names: string;
  /** The versions that have the fix, one per release line, newest line last. */
  readonly fixed: readonly string[];
}

const advisories: readonly Advisory[] = [
  { program: "runc", names: "CVE-2024-21626", fixed: ["1.1.12"] },
  {
    program: "runc",
    names: "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881",
    fixed: ["1.2.8", "1.3.3", "1.4.0"],
  },
  // The three of 2025 do not work against crun, say its authors (containers/crun, issue 1906).
  { program: "crun", names: "CVE-2022-27650", fixed: ["1.4.4"] },
];

function programFindings(program: ProgramFact, facts: HostFacts): Finding[] {
  const { need, path, version } = program;
  if (path === undefined) {
    const ofUsersOnly = ["newuidmap", "unshare", "nsenter"].includes(need.program);
    const stops = need.level === "required" || (need.program === "newuidmap" && facts.user.uid !== 0);
    return [
      {
        area: "Programs",
        name: need.program,
        status: stops && !(ofUsersOnly && facts.user.uid === 0) ? "stop" : "lack",
        found: `not there; it ${need.use}`,
        cost: need.cost,
        mend: `apt-get install ${need.package}`,
      },
    ];
  }
  const known = advisories.filter(
    (advisory) =>
      advisory.program === need.program && version !== undefined && isBefore(version, advisory.fixed),
  );
  const found = [version, path].filter((part) => part !== undefined).join("  ");
  if (known.length === 0) return [fine("Programs", need.program, found)];
  return [
    {
      area: "Programs",
      name: need.program,
      status: "lack",
      found,
      cost: `older than the fixes for ${known.map((advisory) => advisory.names).join("; ")}, unless the distribution patched it`,
      mend: `look with \`apt-get changelog ${need.package}\`, and apt-get install --only-upgrade ${need.package}`,
    },
  ];
}

/** Whether a version lacks a fix that came with `fixed`: compared inside its own release line (major.minor). */
export function isBefore(version: string, fixed: readonly string[]): boolean {
  const numbers = (text: string) => (/^[\d.]+/.exec(text)?.[0] ?? "0").split(".").map(Number);
  const compare = (a: readonly number[], b: readonly number[]) => {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
      const difference = (a[index] ?? 0) - (b[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const own = numbers(version);
  const line = fixed.map(numbers).find((entry) => entry[0] === own[0] && entry[1] === own[1]);
  if (line !== undefined) return compare(own, line) < 0;
  const newest = fixed.map(numbers).reduce((best, entry) => (compare(entry, best) > 0 ? entry : best), [0]);
  return compare(own, newest) < 0;
}

function store(facts: HostFacts): Finding[] {
  const { root, fileSystem, freeBytes, locks, noOverlays } = facts.store;
  const found = `${root}, on ${fileSystem}, ${printBinarySize(freeBytes)} free`;
  const little = freeBytes < 1 << 30;
  return [
    little
      ? {
          area: "Store",
          name: "folder",
          status: "lack",
          found,
          cost: "larger images do not fit",
          mend: "vial image prune --all, or set VIAL_ROOT to a folder with more space",
        }
      : fine("Store", "folder", found),
    ...(noOverlays === undefined || facts.user.uid === 0
      ? []
      : [
          {
            area: "Store" as const,
            name: "file system",
            status: "lack" as const,
            found: noOverlays,
            cost: "`vial build` and containers fail, or are slow",
            mend: "set VIAL_ROOT, or VIAL_TMPDIR, to a folder of your own on a local disk",
          },
        ]),
    locks.works
      ? fine("Store", "locks", "work")
      : {
          area: "Store",
          name: "locks",
          status: "stop",
          found: locks.why,
          cost: "Vial does not write where two processes could destroy each other's work",
          mend: "set VIAL_ROOT to a folder of your own on a local file system",
        },
  ];
}
