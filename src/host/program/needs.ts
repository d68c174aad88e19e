/** A program of the field that Vial uses. */
export interface Need {
  readonly program: string;
  /** Debian/Ubuntu package. */
  readonly package: string;
  /** What Vial uses it for. */
  readonly use: string;
  /** What is lost without it. */
  readonly cost: string;
  /** `required`: nothing runs without it. */
  readonly level: "required" | "recommended" | "optional";
  readonly versionArgs: readonly string[];
}

/** Every program that Vial calls. `vial doctor` prints it, `npm start` installs from it, program-missing advises by it. */
export const needs: readonly Need[] = [
  {
    program: "crun",
    package: "crun",
    use: "starts containers",
    cost: "no container can run",
    level: "required",
    versionArgs: ["--version"],
  },
  {
    program: "conmon",
    package: "conmon",
    use: "watches detached containers and keeps their logs",
    cost: "no detached or interactive container can run",
    level: "required",
    versionArgs: ["--version"],
  },
  {
    program: "zstd",
    package: "zstd",
    use: "unpacks zstd layers",
    cost: "images with zstd layers cannot be unpacked",
    level: "required",
    versionArgs: ["--version"],
  },
  {
    program: "igzip",
    package: "isal",
    use: "unpacks gzip layers at four times the speed of gzip",
    cost: "pulling gzip layers takes longer (gzip is used)",
    level: "recommended",
    versionArgs: ["--version"],
  },
  {
    program: "mmdebstrap",
    package: "mmdebstrap",
    use: "makes Debian base images (`vial bootstrap`)",
    cost: "`vial bootstrap` cannot run",
    level: "recommended",
    versionArgs: ["--version"],
  },
  {
    program: "fakechroot",
    package: "fakechroot",
    use: "makes Debian base images for a user without a range of ids",
    cost: "`Bootstrap: debootstrap` and `vial bootstrap` are refused to users without a range in /etc/subuid",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "fakeroot",
    package: "fakeroot",
    use: "remembers owners for a user without a range of ids, together with fakechroot",
    cost: "`Bootstrap: debootstrap` and `vial bootstrap` are refused to users without a range in /etc/subuid",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "newuidmap",
    package: "uidmap",
    use: "gives an ordinary user's containers a range of users",
    cost: "ordinary users cannot run containers",
    level: "recommended",
    versionArgs: [],
  },
  {
    program: "unshare",
    package: "util-linux",
    use: "opens the user namespace of an ordinary user",
    cost: "ordinary users cannot run containers",
    level: "required",
    versionArgs: ["--version"],
  },
  {
    program: "nsenter",
    package: "util-linux",
    use: "joins the user namespace of an ordinary user's container",
    cost: "ordinary users cannot run containers",
    level: "required",
    versionArgs: ["--version"],
  },
  {
    program: "dumb-init",
    package: "dumb-init",
    use: "is the parent and process 1 of `vial exec --pid`, and passes signals on",
    cost: "SIGTERM does not reach a program that runs with --pid or in an instance",
    level: "recommended",
    versionArgs: ["--version"],
  },
  {
    program: "catatonit",
    package: "catatonit",
    use: "is process 1 in a container with --init",
    cost: "`--init` is refused",
    level: "recommended",
    versionArgs: ["--version"],
  },
  {
    program: "xz",
    package: "xz-utils",
    use: "unpacks archives of ADD and build contexts that xz has packed",
    cost: "such archives cannot be unpacked",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "bzip2",
    package: "bzip2",
    use: "unpacks archives of ADD and build contexts that bzip2 has packed",
    cost: "such archives cannot be unpacked",
    level: "optional",
    versionArgs: ["--help"],
  },
  {
    program: "fuse-overlayfs",
    package: "fuse-overlayfs",
    use: "stacks layers for ordinary users where the kernel refuses to",
    cost: "ordinary users on kernels before 5.11 copy every layer",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "runc",
    package: "runc",
    use: "starts containers with `--runtime runc`",
    cost: "`--runtime runc` is refused",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "disorderfs",
    package: "disorderfs",
    use: "varies the order of files for `vial build --check-reproducible`",
    cost: "`vial build --check-reproducible` does not vary the order of files",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "squashfuse_ll",
    package: "squashfuse",
    use: "mounts one-file images for ordinary users",
    cost: "ordinary users unpack a one-file image before it runs",
    level: "recommended",
    versionArgs: [],
  },
  {
    program: "unsquashfs",
    package: "squashfs-tools",
    use: "unpacks one-file images",
    cost: "SIF files cannot be taken into the store",
    level: "optional",
    versionArgs: ["-version"],
  },
  {
    program: "mksquashfs",
    package: "squashfs-tools",
    use: "packs one-file images",
    cost: "SIF files cannot be written",
    level: "optional",
    versionArgs: ["-version"],
  },
  {
    program: "tar2sqfs",
    package: "squashfs-tools-ng",
    use: "packs one-file images straight from layers, in half the time",
    cost: "SIF files from registries take longer (mksquashfs is used)",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "sqfs2tar",
    package: "squashfs-tools-ng",
    use: "reads one-file images as a stream",
    cost: "SIF files cannot be converted to other forms",
    level: "optional",
    versionArgs: ["--version"],
  },
  {
    program: "mkfs.ext3",
    package: "e2fsprogs",
    use: "makes file system images that keep changes",
    cost: "`vial overlay create` is refused",
    level: "optional",
    versionArgs: ["-V"],
  },
  {
    program: "nft",
    package: "nftables",
    use: "sets the rules for networks and published ports where its library is missing",
    cost: "containers have no network but the host's",
    level: "recommended",
    versionArgs: ["--version"],
  },
];
