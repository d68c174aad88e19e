import type { Flags } from "../../parse.ts";

// What becomes of Docker's words that no command of Vial has. docs/docker.md shows this table.

/** Options that are taken, because Vial is so anyway. */
export interface Taken {
  readonly commands: readonly string[];
  readonly options: readonly string[];
  readonly note: string;
  /** Whether what was given is what Vial does anyway; all is when left out. */
  readonly fits?: (flags: Flags, option: string) => boolean;
}

const making = ["run", "create"];

const isTrue = (flags: Flags, option: string): boolean => flags.bool(option);

/** Both of the program's outputs, as without the option; the input comes by -i. */
function joinsOutput(flags: Flags, option: string): boolean {
  const streams = flags.list(option).map((name) => name.toLowerCase());
  return streams.includes("stdout") && streams.includes("stderr");
}

const isFalse = (flags: Flags, option: string): boolean =>
  /^(false|0|mode=none)$/i.test(flags.text(option) ?? "");

export const taken: readonly Taken[] = [
  {
    commands: [...making, "build", "pull", "push"],
    options: ["disable-content-trust"],
    note: "signatures of Docker's kind are not asked for; digests are verified always",
    fits: isTrue,
  },
  {
    commands: making,
    options: ["attach"],
    note: "both outputs are joined in the foreground, and the input by -i; one of them alone cannot be had",
    fits: joinsOutput,
  },
  {
    commands: ["build"],
    options: ["rm", "force-rm"],
    note: "no container is left of a step",
    fits: isTrue,
  },
  { commands: ["build"], options: ["load"], note: "the image is in the store anyway" },
  { commands: ["build"], options: ["compress"], note: "nothing is sent: the context is read where it is" },
  {
    commands: ["build"],
    options: ["provenance", "sbom"],
    note: "images are written without attestations; they can only be switched off",
    fits: isFalse,
  },
  { commands: ["build"], options: ["builder"], note: "there is one builder, named default", fits: isDefault },
  { commands: ["logs"], options: ["details"], note: "a log has no more attributes than are shown" },
];

function isDefault(flags: Flags, option: string): boolean {
  return ["", "default"].includes(flags.text(option) ?? "");
}

/** Why other options are not here; those of Vial's own commands are in ../../docker-flags.ts. */
const absent: readonly {
  readonly commands: readonly string[];
  readonly options: readonly string[];
  readonly note: string;
}[] = [
  {
    commands: making,
    options: ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"],
    note: "it is for Windows alone",
  },
  {
    commands: making,
    options: ["use-api-socket"],
    note: "a container is not given this engine's socket by one word; bind it with -v",
  },
  {
    commands: ["network connect"],
    options: ["gw-priority", "link", "link-local-ip"],
    note: "a container has its gateway in its first network, and is found by names alone",
  },
  { commands: ["rmi"], options: ["platform"], note: "an image is removed with all its platforms" },
  {
    commands: ["rm"],
    options: ["link"],
    note: "there are no links between containers, but names in networks",
  },
  { commands: ["images"], options: ["tree"], note: "each image is listed for one platform" },
  {
    commands: ["volume create", "volume ls"],
    options: [
      "availability",
      "cluster",
      "group",
      "limit-bytes",
      "required-bytes",
      "scope",
      "secret",
      "sharing",
      "topology-preferred",
      "topology-required",
      "type",
    ],
    note: "it is for the volumes of a swarm",
  },
];

export function absentNote(command: string, option: string): string | undefined {
  return absent.find(({ commands, options }) => commands.includes(command) && options.includes(option))?.note;
}

const noSwarm = "Vial has no swarm: containers run on one machine; a Slurm cluster places work on many";

/** Commands, and groups of them, that are not carried out: `not-yet` and `refused` with the reason. */
export const withoutCommand: Readonly<
  Record<string, { readonly is: "not-yet" | "refused"; readonly note: string }>
> = {
  checkpoint: { is: "not-yet", note: "this version of Vial makes no checkpoints of containers" },
  compose: {
    is: "not-yet",
    note: "this version of Vial reads no compose files; `vial serve` and docker-compose do it, by DOCKER_HOST",
  },
  config: { is: "refused", note: noSwarm },
  manifest: { is: "not-yet", note: "this version of Vial makes no lists of manifests" },
  node: { is: "refused", note: noSwarm },
  plugin: { is: "refused", note: "Vial takes no plugins of Docker's engine" },
  search: { is: "not-yet", note: "this version of Vial asks no registry for names; look at its web page" },
  secret: { is: "refused", note: noSwarm },
  service: { is: "refused", note: noSwarm },
  stack: { is: "refused", note: noSwarm },
  swarm: { is: "refused", note: noSwarm },
  trust: {
    is: "refused",
    note: "Docker's trust is given up by its makers; Vial signs SIF files, by `vial sign`",
  },
  "volume update": { is: "refused", note: noSwarm },
};
