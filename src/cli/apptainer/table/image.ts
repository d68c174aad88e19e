import { always, notYet, type Option, type PersonaCommand, refused, works } from "../option.ts";
import { encryption, fakerootWays, force, library, noHttps, reaching } from "./shared.ts";

// Commands that make, fetch and look into images: build, pull, push, inspect, sif, overlay, cache.

const isWorking = { is: "works" } as const;

const build: PersonaCommand = {
  name: "build",
  usage: "[local options...] <IMAGE PATH> <BUILD SPEC>",
  summary: "Build an image",
  args: [2, 2],
  state: isWorking,
  options: [
    force,
    works.bool(["sandbox", "s"], "Make a folder and not a SIF file", { variables: ["SANDBOX"] }),
    works.bool(["notest", "T"], "Leave %test out", { variables: ["NOTEST"] }),
    works.list(["build-arg"], "Value of a {{ variable }} of the definition", { value: "name=value" }),
    works.text(["build-arg-file"], "File with lines of name=value", { value: "path" }),
    works.bool(["disable-cache"], "Do every step anew", {
      variables: ["DISABLE_CACHE"],
      becomes: "no-cache",
    }),
    always.bool(["fakeroot", "f"], "Build as root of a user namespace", {
      variables: ["FAKEROOT"],
      note: "a user builds so without being asked to; root builds as root",
    }),
    always.bool(["userns"], "Build without setuid", {
      variables: ["USERNS"],
      note: "nothing of Vial is setuid",
    }),
    always.bool(["no-cleanup"], "Leave what a failed build has made", {
      variables: ["NO_CLEANUP", "NOCLEANUP"],
      note: "finished steps stay in the cache; `vial build --debug-shell` opens a shell in a step that fails",
    }),
    notYet.bool(["update", "u"], "Run the definition over a sandbox", {
      variables: ["UPDATE"],
      note: "build anew: steps that are as they were come from the cache",
    }),
    notYet.list(["section"], "Run these sections alone", {
      value: "name",
      variables: ["SECTION"],
      note: "all sections are run; unchanged steps come from the cache",
    }),
    refused.bool(["json"], "The definition is JSON", {
      variables: ["JSON"],
      note: "no reader of that form is in Vial",
    }),
    notYet.bool(["fix-perms"], "Let the owner read, write and enter all of it", {
      variables: ["FIXPERMS"],
      note: "do it in %post: chmod -R u+rwX /",
    }),
    refused.bool(["encrypt", "e"], "Encrypt the file system", {
      note: "Vial reads and writes no encrypted images",
    }),
    notYet.list(["bind", "B"], "Show a file or folder of the host in %post", {
      value: "source[:target]",
      note: "copy it in by %files",
    }),
    notYet.list(["mount"], "Show a file or folder of the host in %post", {
      value: "type=bind,src=,dst=",
      variables: ["MOUNT"],
      note: "copy it in by %files",
    }),
    notYet.bool(["nv"], "Give NVIDIA's graphics cards to %post", { note: "none is given to builds yet" }),
    notYet.bool(["rocm"], "Give AMD's graphics cards to %post", { note: "none is given to builds yet" }),
    refused.bool(["nvccli"], "Set graphics cards up by nvidia-container-cli", {
      variables: ["NVCCLI"],
      note: "that program is not used",
    }),
    notYet.bool(["writable-tmpfs"], "Let %test write", {
      variables: ["WRITABLE_TMPFS"],
      note: "%test can write into a folder of its own, in /tmp",
    }),
    notYet.bool(["warn-unused-build-args"], "Warn of a build argument that no {{ variable }} takes", {
      note: "such an argument is an error",
    }),
    notYet.text(["mksquashfs-args"], "Options of mksquashfs", {
      value: "text",
      variables: ["MKSQUASHFS_ARGS"],
      note: "the packing is chosen by `vial build -o type=sif,dest=FILE,compression=zstd:LEVEL`",
    }),
    notYet.text(["tmpdir"], "Folder for what is made on the way", {
      value: "path",
      variables: ["TMPDIR"],
      warnsByVariable: true,
      note: "builds lie in the store; VIAL_ROOT says where that is",
      isHidden: true,
    }),
    refused.bool(["remote"], "Build elsewhere", {
      note: "Apptainer itself has taken it out",
      isHidden: true,
    }),
    always.bool(["ignore-subuid"], "Build without a range of /etc/subuid", {
      variables: ["IGNORE_SUBUID"],
      note: "a range is used where there is one, and the image is the same",
      isHidden: true,
    }),
    always.bool(["ignore-fakeroot-command"], "Build without the command fakeroot", {
      variables: ["IGNORE_FAKEROOT_COMMAND"],
      note: "that command is not used",
      isHidden: true,
    }),
    ...fakerootWays,
    library,
    ...encryption,
    ...reaching,
    ...["no-https", "nohttps"].map((name) =>
      notYet.bool([name], "Speak HTTP and not HTTPS with the registry", {
        variables: name === "nohttps" ? [] : ["NOHTTPS", "NO_HTTPS"],
        note: 'write insecure = true under [registry."HOST"] in ~/.config/vial/registries.toml',
        ...(name === "nohttps" ? { isHidden: true } : {}),
      }),
    ),
  ],
};

const pull: PersonaCommand = {
  name: "pull",
  usage: "[pull options...] [output file] <URI>",
  summary: "Fetch an image into a file",
  args: [1, 2],
  state: isWorking,
  options: [
    force,
    works.text(["arch"], "Architecture to fetch", { value: "name", variables: ["PULL_ARCH"] }),
    works.text(["arch-variant"], "Variant of the architecture", {
      value: "name",
      variables: ["PULL_ARCH_VARIANT"],
    }),
    works.text(["dir"], "Folder for the file", { value: "path", variables: ["PULLDIR", "PULLFOLDER"] }),
    works.text(["name"], "Name of the file", { value: "name", variables: ["PULL_NAME"], isHidden: true }),
    always.bool(["disable-cache"], "Keep nothing of what is fetched", {
      variables: ["DISABLE_CACHE"],
      note: "layers are packed as they come, and nothing else of them is kept",
    }),
    works.bool(["sandbox"], "Make a folder", { variables: ["SANDBOX"] }),
    always.bool(["no-cleanup"], "Leave what a failed fetch has made", {
      variables: ["NO_CLEANUP", "NOCLEANUP"],
      note: "a fetch that broke off is taken up where it was",
    }),
    always.bool(["allow-unsigned", "U"], "Take an image without a signature", {
      variables: ["ALLOW_UNSIGNED"],
      note: "a signature is not asked for",
    }),
    always.bool(["allow-unauthenticated"], "Old name of --allow-unsigned", {
      variables: ["ALLOW_UNAUTHENTICATED"],
      note: "a signature is not asked for",
      isHidden: true,
    }),
    works.text(["tmpdir"], "Folder for what is made on the way", {
      value: "path",
      variables: ["TMPDIR"],
      isHidden: true,
    }),
    library,
    ...reaching,
    ...noHttps,
  ],
};

const push: PersonaCommand = {
  name: "push",
  usage: "[push options...] <image> <URI>",
  summary: "Send an image file to a registry",
  args: [2, 2],
  state: isWorking,
  options: [
    always.bool(["allow-unsigned", "U"], "Send an image without a signature", {
      variables: ["ALLOW_UNSIGNED"],
      note: "a signature is not asked for",
    }),
    refused.text(["description", "D"], "Text for a library", {
      value: "text",
      note: "the library protocol is not spoken",
    }),
    library,
    ...reaching.filter(({ name }) => name !== "docker-login"),
    ...noHttps,
  ],
};

const inspect: PersonaCommand = {
  name: "inspect",
  usage: "[inspect options...] <image path>",
  summary: "Show what an image says of itself",
  args: [1, 1],
  state: isWorking,
  options: [
    works.bool(["all"], "Show all of it, as JSON"),
    works.text(["app"], "Look at this app", { value: "name" }),
    works.bool(["deffile", "d"], "Show the definition that it was built from"),
    works.bool(["environment", "e"], "Show the scripts that set variables"),
    works.bool(["helpfile", "H"], "Show the help text"),
    works.bool(["json", "j"], "Print JSON"),
    works.bool(["labels", "l"], "Show the labels (default)"),
    works.bool(["list-apps"], "List the apps"),
    works.bool(["runscript", "r"], "Show the runscript"),
    works.bool(["startscript", "s"], "Show the startscript"),
    works.bool(["test", "t"], "Show the test"),
  ],
};

/** As siftool has them. */
const sifAdd: readonly Option[] = [
  works.text(["alignment"], "Begin at a multiple of this", { value: "bytes" }),
  works.text(["datatype"], "Type of the object: 1 deffile, 2 environment, 3 labels, 4 partition, ...", {
    value: "type",
  }),
  works.text(["filename"], "Name of the object", { value: "name" }),
  works.text(["groupid"], "Group of the object", { value: "id" }),
  works.text(["link"], "Object or group that it belongs to", { value: "id" }),
  works.text(["partarch"], "Architecture of a partition", { value: "arch" }),
  works.text(["partfs"], "File system of a partition", { value: "type" }),
  works.text(["parttype"], "Type of a partition", { value: "type" }),
  works.text(["signentity"], "Who signs", { value: "fingerprint" }),
  works.text(["signhash"], "Hash of a signature", { value: "type" }),
];

function sif(
  name: string,
  usage: string,
  summary: string,
  count: number,
  options: readonly Option[] = [],
): PersonaCommand {
  return { name: `sif ${name}`, usage, summary, args: [count, count], state: isWorking, options };
}

const cacheTypes =
  "oci-tmp, oras and, of images that could not be mounted, unpacked; of other types there is none";

export const images: readonly PersonaCommand[] = [
  build,
  pull,
  push,
  inspect,
  sif("list", "<path>", "List the objects of a SIF file", 1),
  sif("header", "<path>", "Show the header of a SIF file", 1),
  sif("info", "<id> <path>", "Show an object of a SIF file", 2),
  sif("dump", "<id> <path>", "Write the data of an object", 2),
  sif("new", "<path>", "Make a SIF file without objects", 1),
  sif("add", "[add options...] <path> <object path>", "Add an object to a SIF file", 2, sifAdd),
  sif("del", "<id> <path>", "Remove an object from a SIF file", 2),
  sif("setprim", "<id> <path>", "Choose the partition that runs", 2),
  {
    name: "overlay create",
    usage: "[options] <path>",
    summary: "Make a file system image that keeps changes",
    args: [1, 1],
    state: isWorking,
    options: [
      works.text(["size", "s"], "Size", { value: "MiB" }),
      works.list(["create-dir"], "Folder to make in it", { value: "path" }),
      works.bool(["sparse", "S"], "Take disk space only when it is used", { variables: ["SPARSE"] }),
      always.bool(["fakeroot", "f"], "For use with --fakeroot", {
        variables: ["FAKEROOT"],
        note: "the folders in it are the caller's, who is root inside",
      }),
    ],
  },
  {
    name: "cache list",
    usage: "[list options...]",
    summary: "Show what is kept of fetched images",
    args: [0, 0],
    state: isWorking,
    options: [
      works.list(["type", "T"], "Of this type", { value: "name", note: cacheTypes }),
      works.bool(["verbose", "v"], "Each entry"),
    ],
  },
  {
    name: "cache clean",
    usage: "[clean options...]",
    summary: "Throw away what is kept of fetched images",
    args: [0, 0],
    state: isWorking,
    options: [
      works.text(["days", "D"], "Older than this", { value: "days" }),
      works.bool(["dry-run", "n"], "Only say what would go"),
      works.bool(["force", "f"], "Do not ask"),
      works.list(["type", "T"], "Of this type", { value: "name", note: cacheTypes }),
    ],
  },
];
