import { always, notYet, type Option, type PersonaCommand, refused, works } from "../option.ts";
import { encryption, fakerootWays, noHttps, reaching } from "./shared.ts";

// exec, run, shell, test and run-help; instances take most of these too. From cmd/internal/cli/action_flags.go of Apptainer.

const virtualMachine =
  "Apptainer itself has taken its virtual machines out; `vial run` of another isolation is to come";
const limits =
  "root; a user where a control group is his, as in `systemd-run --user --scope`; what the kernel cannot do is refused";
const capabilities = "a user has none to give; root keeps all of them, or none with --no-privs";

/** Vial reads the variable itself: an image that the driver does not fit runs without it, where the option is an error. */
const byDefault = { addsVariables: true } as const;

/** What all of them take, instances too. */
export const startOptions: readonly Option[] = [
  refused.text(["add-caps"], "Capabilities to add", {
    value: "list",
    variables: ["ADD_CAPS"],
    note: capabilities,
  }),
  refused.bool(["allow-setuid"], "Let setuid programs of the image act", {
    variables: ["ALLOW_SETUID"],
    note: "what is mounted is nosuid, for the image may be anybody's",
  }),
  works.text(["app"], "Run this app of the image", { value: "name", variables: ["APP", "APPNAME"] }),
  works.text(["apply-cgroups"], "File with limits", {
    value: "path",
    variables: ["APPLY_CGROUPS"],
    note: limits,
  }),
  works.list(["bind", "B"], "Show a file or folder of the host inside", {
    value: "source[:target[:options]]",
    variables: ["BIND", "BINDPATH"],
    addsVariables: true,
    note: "options are ro and rw; parts of image files (image-src, id) are not bound yet",
  }),
  works.text(["blkio-weight"], "Share of block I/O", {
    value: "number",
    variables: ["BLKIO_WEIGHT"],
    note: limits,
  }),
  works.list(["blkio-weight-device"], "Share of block I/O of a device", {
    value: "device:weight",
    variables: ["BLKIO_WEIGHT_DEVICE"],
    note: limits,
  }),
  notYet.list(["cdi-dirs"], "Folders with device definitions", {
    value: "path",
    note: "devices are not found by CDI yet; bind them, with the driver's files",
  }),
  works.bool(["cleanenv", "e"], "Pass no variables of the host on", { variables: ["CLEANENV"] }),
  works.bool(["compat"], "As Docker would: --containall, --no-init, --no-umask, --writable-tmpfs", {
    variables: ["COMPAT"],
  }),
  works.bool(["contain", "c"], "Empty home and /tmp, a /dev without hardware", { variables: ["CONTAIN"] }),
  works.bool(["containall", "C"], "As --contain, with its own processes and IPC, and --cleanenv", {
    variables: ["CONTAINALL"],
  }),
  works.list(["containlibs"], "Files of the host that are put into /.singularity.d/libs", {
    value: "path",
    variables: ["CONTAINLIBS"],
    becomes: "bind",
    translate: libraryBinds,
    isHidden: true,
  }),
  works.text(["cpu-shares"], "Share of the processors", {
    value: "number",
    variables: ["CPU_SHARES"],
    note: limits,
  }),
  works.text(["cpus"], "How many processors", { value: "number", variables: ["CPUS"], note: limits }),
  works.text(["cpuset-cpus"], "Which processors", {
    value: "list",
    variables: ["CPUSET_CPUS"],
    note: limits,
  }),
  works.text(["cpuset-mems"], "Which memory nodes", {
    value: "list",
    variables: ["CPUSET_MEMS"],
    note: limits,
  }),
  notYet.list(["device"], "Devices by their CDI names", {
    value: "vendor/class=name",
    note: "devices are not found by CDI yet; bind them, with the driver's files",
  }),
  notYet.bool(["disable-cache"], "Keep nothing of what is fetched", {
    variables: ["DISABLE_CACHE"],
    warnsByVariable: true,
    note: "an image runs from the cache, which `cache clean` empties; `pull` keeps nothing",
  }),
  refused.text(["dmtcp-launch"], "Checkpoint to write", {
    value: "name",
    variables: ["DMTCP_LAUNCH"],
    note: "Vial makes no checkpoints",
  }),
  refused.text(["dmtcp-restart"], "Checkpoint to go on from", {
    value: "name",
    variables: ["DMTCP_RESTART"],
    note: "Vial makes no checkpoints",
  }),
  works.text(["dns"], "Name servers, in place of the host's", { value: "list", variables: ["DNS"] }),
  refused.text(["drop-caps"], "Capabilities to take away", {
    value: "list",
    variables: ["DROP_CAPS"],
    note: capabilities,
  }),
  works.list(["env"], "Set a variable inside; several with commas", { value: "name=value" }),
  works.list(["env-file"], "Set variables by a file that a shell reads", {
    value: "path",
    variables: ["ENV_FILE"],
  }),
  works.bool(["fakeroot", "f"], "Be root inside", {
    variables: ["FAKEROOT"],
    note: "root alone is mapped; a range of /etc/subuid is not used",
  }),
  notYet.list(["fusemount"], "Mount by a FUSE program", {
    value: "spec",
    variables: ["FUSESPEC"],
    note: "mount it on the host, and bind that",
  }),
  works.text(["home", "H"], "Another home", { value: "source[:target]", variables: ["HOME"] }),
  works.text(["hostname"], "Host name inside", { value: "name", variables: ["HOSTNAME"] }),
  notYet.bool(["intel-hpu"], "Give Intel's Gaudi accelerators", {
    note: "they are in /dev unless --contain is given; with it, bind them",
  }),
  works.bool(["ipc", "i"], "Its own IPC namespace", { variables: ["IPC", "UNSHARE_IPC"] }),
  always.bool(["keep-privs"], "Let root keep its capabilities", {
    variables: ["KEEP_PRIVS"],
    note: "root keeps them",
  }),
  works.text(["memory"], "Limit of memory", { value: "bytes", variables: ["MEMORY"], note: limits }),
  works.text(["memory-reservation"], "Soft limit of memory", {
    value: "bytes",
    variables: ["MEMORY_RESERVATION"],
    note: limits,
  }),
  works.text(["memory-swap"], "Limit of memory and swap", {
    value: "bytes",
    variables: ["MEMORY_SWAP"],
    note: limits,
  }),
  works.list(["mount"], "Show a file or folder of the host inside", {
    value: "type=bind,src=,dst=",
    variables: ["MOUNT"],
    addsVariables: true,
  }),
  works.bool(["net", "n"], "Its own network", {
    variables: ["NET", "UNSHARE_NET"],
    note: "with nothing but its own loopback, as with --network none; Apptainer gives root a bridge",
  }),
  notYet.text(["netns-path"], "Join this network namespace", {
    value: "path",
    variables: ["NETNS_PATH"],
    note: "start it there: nsenter --net=PATH apptainer ...",
  }),
  works.text(["network"], "The kind of its own network", {
    value: "none",
    variables: ["NETWORK"],
    note: "none alone; other kinds are refused",
  }),
  notYet.list(["network-args"], "Words for the network's set-up", {
    value: "args",
    variables: ["NETWORK_ARGS"],
    note: "there is no network but the host's and none",
  }),
  works.list(["no-env"], "Do not pass these variables of the host on", {
    value: "list",
    variables: ["NO_ENV", "NOENV"],
  }),
  always.bool(["no-eval"], "Take values of variables as they are", {
    variables: ["NO_EVAL"],
    note: "no value is evaluated by a shell again",
  }),
  works.bool(["no-home"], "Do not show the home inside", { variables: ["NO_HOME"] }),
  works.bool(["no-init"], "No init process with --pid", { variables: ["NOSHIMINIT", "NO_INIT"] }),
  works.list(["no-mount"], "Leave a mount out", { value: "name", variables: ["NO_MOUNT"] }),
  works.bool(["no-nv"], "Do not give NVIDIA's graphics cards", {
    variables: ["NV_OFF", "NO_NV"],
    becomes: "nv",
    negates: true,
    isHidden: true,
  }),
  works.bool(["no-privs"], "Take all capabilities from root", { variables: ["NO_PRIVS"] }),
  works.bool(["no-rocm"], "Do not give AMD's graphics cards", {
    variables: ["ROCM_OFF", "NO_ROCM"],
    becomes: "rocm",
    negates: true,
    isHidden: true,
  }),
  works.bool(["no-umask"], "Begin with the umask 0022", { variables: ["NO_UMASK"] }),
  works.bool(["nv"], "Give NVIDIA's graphics cards", { variables: ["NV"], ...byDefault }),
  refused.bool(["nvccli"], "Set graphics cards up by nvidia-container-cli", {
    variables: ["NVCCLI"],
    note: "that program is not used",
  }),
  works.bool(["oom-kill-disable"], "Do not end processes when memory is short", {
    variables: ["OOM_KILL_DISABLE"],
    note: limits,
  }),
  works.list(["overlay", "o"], "Keep changes in this folder", {
    value: "folder[:ro]",
    variables: ["OVERLAY", "OVERLAYIMAGE"],
    note: "a folder; for root, files with ext3 and squashfs too",
  }),
  works.text(["pids-limit"], "Limit of processes", {
    value: "number",
    variables: ["PIDS_LIMIT"],
    note: limits,
  }),
  works.bool(["rocm"], "Give AMD's graphics cards", { variables: ["ROCM"], ...byDefault }),
  always.text(["runscript-timeout"], "Time for the image's scripts", {
    value: "time",
    variables: ["RUNSCRIPT_TIMEOUT"],
    note: "the scripts are read in the process of the program, and have all the time they need",
  }),
  works.list(["scratch", "S"], "An empty folder inside, gone at the end", {
    value: "path",
    variables: ["SCRATCH", "SCRATCHDIR"],
  }),
  refused.list(["security"], "SELinux, AppArmor, seccomp", {
    value: "feature",
    variables: ["SECURITY"],
    note: "the profile hpc sets none of them; `vial run --security-opt` does",
  }),
  works.text(["tmpdir"], "Where an image is unpacked that cannot be mounted", {
    value: "path",
    // Who has no room at home says so by either.
    variables: ["TMPDIR", "CACHEDIR"],
    isHidden: true,
  }),
  always.bool(["underlay"], "Make mount points without an overlay", {
    variables: ["UNDERLAY"],
    note: "mount points are made where they are missing",
  }),
  notYet.bool(["unsquash"], "Unpack the image before it runs", {
    variables: ["UNSQUASH"],
    note: "an image that cannot be mounted is unpacked without it",
  }),
  works.bool(["userns", "u"], "Run in a user namespace", { variables: ["USERNS", "UNSHARE_USERNS"] }),
  works.bool(["uts"], "Its own host name", { variables: ["UTS", "UNSHARE_UTS"] }),
  works.text(["workdir", "W"], "Where the empty folders of --contain and --scratch lie", {
    value: "path",
    variables: ["WORKDIR"],
  }),
  works.bool(["writable", "w"], "Write into the image", {
    variables: ["WRITABLE"],
    note: "a folder; for root, the overlay in a SIF file too",
  }),
  works.bool(["writable-tmpfs"], "Changes go into memory, and are lost at the end", {
    variables: ["WRITABLE_TMPFS"],
  }),
  always.bool(["ignore-subuid"], "Be root inside without a range of /etc/subuid", {
    variables: ["IGNORE_SUBUID"],
    note: "no range is used",
    isHidden: true,
  }),
  always.bool(["ignore-fakeroot-command"], "Be root inside without the command fakeroot", {
    variables: ["IGNORE_FAKEROOT_COMMAND"],
    note: "that command is not used",
    isHidden: true,
  }),
  ...fakerootWays,
  ...encryption,
  ...reaching,
  ...noHttps,
];

/** What an instance does not take. */
const ownStart: readonly Option[] = [
  works.text(["cwd"], "Working folder inside", { value: "path", variables: ["CWD", "TARGET_CWD"] }),
  works.text(["pwd"], "Old name of --cwd", {
    value: "path",
    variables: ["PWD", "TARGET_PWD"],
    isHidden: true,
  }),
  works.bool(["pid", "p"], "Its own process ids", { variables: ["PID", "UNSHARE_PID"] }),
  works.bool(["no-pid"], "Keep the host's process ids with --containall", { variables: ["NO_PID"] }),
  notYet.bool(["sharens"], "Share one container among those that the same parent starts", {
    variables: ["SHARENS"],
    note: "each start has its own mounts; they cost a few milliseconds",
  }),
  ...["vm", "vm-err"].map((name) =>
    refused.bool([name], "Run in a virtual machine", {
      variables: [name === "vm" ? "VM" : "VMERROR"],
      note: virtualMachine,
      isHidden: true,
    }),
  ),
  ...["vm-cpu", "vm-ip", "vm-ram"].map((name) =>
    refused.text([name], "Settings of a virtual machine", {
      value: "text",
      variables: [name.toUpperCase().replace("-", "_")],
      note: virtualMachine,
      isHidden: true,
    }),
  ),
];

const actionOptions = [...startOptions, ...ownStart];

/** APPTAINER_CONTAINLIBS is a list with commas; so is the option. */
function libraryBinds(paths: string): string {
  return paths
    .split(",")
    .filter((path) => path !== "")
    .map((path) => `${path}:/.singularity.d/libs/${path.slice(path.lastIndexOf("/") + 1)}`)
    .join(",");
}

const many = Number.POSITIVE_INFINITY;
const isWorking = { is: "works" } as const;

export const actions: readonly PersonaCommand[] = [
  {
    name: "exec",
    usage: "[exec options...] <container> <command>",
    summary: "Run a command within a container",
    args: [2, many],
    interspersed: false,
    state: isWorking,
    options: actionOptions,
  },
  {
    name: "run",
    usage: "[run options...] <container> [args...]",
    summary: "Run what the image says, within a container",
    args: [1, many],
    interspersed: false,
    state: isWorking,
    options: actionOptions,
  },
  {
    name: "shell",
    usage: "[shell options...] <container>",
    summary: "Run a shell within a container",
    args: [1, many],
    interspersed: false,
    state: isWorking,
    options: [
      ...actionOptions,
      works.text(["shell", "s"], "Shell inside", { value: "path", variables: ["SHELL"] }),
      refused.bool(["syos"], "Open a SyOS shell", {
        variables: ["SYOS"],
        note: "there is no such shell",
        isHidden: true,
      }),
    ],
  },
  {
    name: "test",
    usage: "[exec options...] <container> [args...]",
    summary: "Run the image's test within a container",
    args: [1, many],
    interspersed: false,
    state: isWorking,
    options: actionOptions,
  },
  {
    name: "run-help",
    usage: "<container>",
    summary: "Show the help text of an image",
    args: [1, 1],
    state: isWorking,
    options: [
      works.text(["app"], "Show the help text of this app", { value: "name", variables: ["APP", "APPNAME"] }),
    ],
  },
];
