import { notYet, type Option, type PersonaCommand, works } from "../option.ts";

// Commands around the images: registries, and what administers an installation of Apptainer itself.

const isWorking = { is: "works" } as const;
const many = Number.POSITIVE_INFINITY;

const authfile = notYet.text(["authfile"], "File with the credentials", {
  value: "path",
  variables: ["AUTHFILE"],
  warnsByVariable: true,
  note: "they are kept where Docker keeps them; DOCKER_CONFIG names the folder",
});

const signIn: readonly Option[] = [
  works.text(["username", "u"], "User name", { value: "name", variables: ["LOGIN_USERNAME"] }),
  works.text(["password", "p"], "Password or token; others on this machine can see it", {
    value: "text",
    variables: ["LOGIN_PASSWORD"],
  }),
  works.bool(["password-stdin"], "Read the password from standard input"),
  notYet.bool(["insecure", "i"], "Speak HTTP", {
    variables: ["LOGIN_INSECURE"],
    note: 'write insecure = true under [registry."HOST"] in ~/.config/vial/registries.toml',
  }),
];

/** A group of commands that is refused as a whole; `options` are not told apart. */
function group(
  name: string,
  commands: Readonly<Record<string, string>>,
  note: string,
): readonly PersonaCommand[] {
  return Object.entries(commands).map(([word, summary]) => ({
    name: name === "" ? word : `${name} ${word}`,
    usage: "[options...]",
    summary,
    args: [0, many],
    state: { is: "refused", note },
    options: [],
  }));
}

const ofSetuid = "it grants what Apptainer's setuid part gives, and nothing of Vial is setuid";
const noLibrary = "the library protocol is not spoken; images come from registries, by docker:// and oras://";
const noPlugins = "Vial loads no code of others into itself";
const noCheckpoints = "Vial makes no checkpoints";
const viaVial =
  "containers of the OCI are what `vial` itself is for: vial run, create, start, exec, kill, rm";

export const others: readonly PersonaCommand[] = [
  {
    name: "registry login",
    usage: "[login options...] <registry>",
    summary: "Sign in to a registry",
    args: [1, 1],
    state: isWorking,
    options: [...signIn, authfile],
  },
  {
    name: "registry logout",
    usage: "<registry>",
    summary: "Sign out of a registry",
    args: [1, 1],
    state: isWorking,
    options: [authfile],
  },
  {
    name: "registry list",
    usage: "",
    summary: "List the registries that one has signed in to",
    args: [0, 0],
    state: isWorking,
    options: [],
  },
  {
    name: "version",
    usage: "",
    summary: "Show the version",
    args: [0, 0],
    state: isWorking,
    options: [],
  },
  {
    name: "completion",
    usage: "<shell>",
    summary: "Print the completion for a shell",
    args: [1, 1],
    state: { is: "works", note: "bash, zsh and fish" },
    options: [works.bool(["no-descriptions"], "Without descriptions")],
  },
  ...group(
    "capability",
    {
      add: "Let a user have capabilities",
      avail: "List the capabilities",
      drop: "Take capabilities back",
      list: "List who has which",
    },
    ofSetuid,
  ),
  ...group(
    "config",
    { fakeroot: "Give users ranges for --fakeroot", global: "Change apptainer.conf" },
    "there is no apptainer.conf here; ranges of users are in /etc/subuid, by usermod --add-subuids",
  ),
  ...group(
    "checkpoint",
    {
      create: "Make a checkpoint",
      delete: "Remove a checkpoint",
      instance: "Checkpoint an instance",
      list: "List checkpoints",
    },
    noCheckpoints,
  ),
  ...group("", { delete: "Delete an image of a library", search: "Search a library" }, noLibrary),
  ...group(
    "keyserver",
    {
      add: "Add a key server",
      list: "List key servers",
      login: "Sign in to a key server",
      logout: "Sign out of a key server",
      remove: "Remove a key server",
    },
    "Vial asks no key server; keys come from files, by `key import`",
  ),
  ...group(
    "oci",
    Object.fromEntries(
      [
        "attach",
        "create",
        "delete",
        "exec",
        "kill",
        "mount",
        "pause",
        "resume",
        "run",
        "start",
        "state",
        "umount",
        "update",
      ].map((word) => [word, "Work with an OCI bundle"]),
    ),
    viaVial,
  ),
  ...group(
    "plugin",
    Object.fromEntries(
      ["compile", "create", "disable", "enable", "inspect", "install", "list", "uninstall"].map((word) => [
        word,
        "Work with a plug-in",
      ]),
    ),
    noPlugins,
  ),
  ...group(
    "remote",
    Object.fromEntries(
      [
        "add",
        "add-keyserver",
        "get-login-password",
        "list",
        "login",
        "logout",
        "remove",
        "remove-keyserver",
        "status",
        "use",
      ].map((word) => [word, "Work with the services of a library"]),
    ),
    `${noLibrary}; \`registry login\` signs in to a registry`,
  ),
];
