import {
  type ContainerEntry,
  containerFilters,
  describeStatus,
  filterContainers,
  type MountWish,
  networkNames,
  openEngine,
  portsOfId,
  type PublishedPort,
  sweepContainers,
  writableBytes,
} from "#engine";
import { printSize } from "#spec";
import type { Command } from "../command.ts";
import { wholeNumber } from "../container-wish.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag, listFormatFlag, textFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { printAge, printGoTime } from "../moment.ts";
import { printPorts } from "../ports-text.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "ps",
  usage: "[OPTIONS]",
  summary: "List the containers",
  flags: [
    boolFlag("all", "Also those that do not run", "a"),
    listFlag(
      "filter",
      "filter",
      "Show only containers that fit: status=STATE, name=PATTERN, id=ID,\nlabel=KEY[=VALUE], exited=CODE, ancestor=IMAGE, before=CONTAINER,\nsince=CONTAINER, health=STATE, network=NAME, volume=NAME|PATH",
      "f",
    ),
    listFormatFlag,
    textFlag("last", "number", "Show the newest ones, whatever their state", "n"),
    boolFlag("latest", "Show the newest one, whatever its state", "l"),
    boolFlag("no-trunc", "Print IDs and commands in full"),
    boolFlag("quiet", "Print IDs alone", "q"),
    boolFlag("size", "Show what each container has written", "s"),
  ],
  args: [0, 0],
  async run(flags) {
    const engine = openEngine();
    const filters = parseFilters(flags.list("filter"), containerFilters);
    const last = flags.bool("latest") ? 1 : readLast(flags.text("last"));
    const all = flags.bool("all") || last !== undefined || filters.has("status") || filters.has("exited");
    const fitting = await filterContainers(engine, sweepContainers(engine), filters);
    const shown = fitting.filter((entry) => all || isUp(entry)).slice(0, last);
    const format = flags.text("format") ?? (flags.bool("quiet") ? "{{.ID}}" : undefined);
    const withSize = flags.bool("size") || format?.includes(".Size") === true;
    const rows = shown.map((entry) =>
      rowOf(entry, {
        ports: isUp(entry) ? portsOfId(engine, entry.spec.id) : [],
        full: flags.bool("no-trunc"),
        bytes: withSize ? writableBytes(engine, entry.spec) : undefined,
      }),
    );
    const listing = flags.bool("quiet") ? quietListing : flags.bool("size") ? sizeListing : plainListing;
    out(printList(listing, rows, format));
    return 0;
  },
};

function readLast(text: string | undefined): number | undefined {
  const count = text === undefined ? -1 : wholeNumber("--last", text, -1);
  return count < 0 ? undefined : count;
}

function isUp(entry: ContainerEntry): boolean {
  return entry.isRestarting || entry.state.status === "running" || entry.state.status === "paused";
}

const headers = {
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Label: (name: string) => (name.split(".").at(-1) ?? "").replaceAll(/[-_]/g, " "),
  Labels: "LABELS",
  LocalVolumes: "LOCAL VOLUMES",
  Mounts: "MOUNTS",
  Names: "NAMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
  Ports: "PORTS",
  RunningFor: "CREATED",
  Size: "SIZE",
  State: "STATE",
  Status: "STATUS",
};
const columns = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
export const plainListing: Listing = { headers, table: columns };
export const sizeListing: Listing = { headers, table: `${columns}\t{{.Size}}` };
export const quietListing: Listing = { headers, table: "{{.ID}}" };

function rowOf(
  entry: ContainerEntry,
  options: {
    readonly full: boolean;
    readonly ports: readonly PublishedPort[];
    readonly bytes: { readonly written: number; readonly image: number } | undefined;
  },
): Row {
  const { spec } = entry;
  const { word, text } = describeStatus(entry);
  const { bytes, full, ports } = options;
  const [program = "", ...args] = [...spec.entrypoint, ...spec.command];
  // As Docker does: an argument with a space in it is shown in quotes.
  const words = [program, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
  const mounts = spec.mounts.map(mountLabel);
  const labels = Object.entries(spec.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    Command: JSON.stringify(full ? words : shorten(words, 20)),
    CreatedAt: printGoTime(spec.created),
    ID: full ? spec.id : spec.id.slice(0, 12),
    Image: spec.imageName,
    Label: (name: string) => spec.labels[name] ?? "",
    Labels: labels.map(([name, value]) => `${name}=${value}`).join(","),
    LocalVolumes: String(spec.mounts.filter((mount) => mount.kind === "volume").length),
    Mounts: mounts.map((path) => (full ? path : shorten(path, 15))).join(","),
    Names: spec.name,
    Networks: networkNames(spec).join(","),
    Platform: spec.image.platform,
    Ports: isUp(entry) ? printPorts(ports, entry.spec.exposedPorts) : "",
    RunningFor: printAge(spec.created),
    Size:
      bytes === undefined
        ? "0B"
        : `${printSize(bytes.written)} (virtual ${printSize(bytes.written + bytes.image)})`,
    State: word,
    Status: text,
  };
}

/** As Docker shows a mount in a list: where it comes from. */
function mountLabel(mount: MountWish): string {
  switch (mount.kind) {
    case "bind":
      return mount.source;
    case "volume":
      return mount.name;
    case "image":
      return mount.image;
    case "tmpfs":
      return mount.target;
    default:
      return mount satisfies never;
  }
}

function shorten(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}
