import { filterVolumes, openEngine, sweepVolumes, type Volume, volumeFilters } from "#engine";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag, listFormatFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "volume ls",
  usage: "[OPTIONS]",
  summary: "List the volumes",
  flags: [
    listFlag(
      "filter",
      "filter",
      "Show only volumes that fit: dangling=true|false, driver=NAME,\nlabel=KEY[=VALUE], name=PART",
      "f",
    ),
    listFormatFlag,
    boolFlag("quiet", "Print names alone", "q"),
  ],
  args: [0, 0],
  run(flags) {
    const engine = openEngine();
    sweepVolumes(engine);
    const volumes = filterVolumes(engine, parseFilters(flags.list("filter"), volumeFilters));
    const format = flags.text("format") ?? (flags.bool("quiet") ? "{{.Name}}" : undefined);
    const listing = flags.bool("quiet") ? quietListing : plainListing;
    out(
      printList(
        listing,
        volumes.map((volume) => rowOf(volume, `${engine.place.root}/volumes/${volume.name}/_data`)),
        format,
      ),
    );
    return 0;
  },
};

const headers = {
  Availability: "AVAILABILITY",
  Driver: "DRIVER",
  Group: "GROUP",
  Label: (name: string) => (name.split(".").at(-1) ?? "").replaceAll(/[-_]/g, " "),
  Labels: "LABELS",
  Links: "LINKS",
  Mountpoint: "MOUNTPOINT",
  Name: "VOLUME NAME",
  Scope: "SCOPE",
  Size: "SIZE",
  Status: "STATUS",
};
export const plainListing: Listing = { headers, table: "{{.Driver}}\t{{.Name}}" };
const quietListing: Listing = { headers, table: "{{.Name}}" };

/** The fields of clusters and of sizes stay as Docker prints what it does not know. */
function rowOf(volume: Volume, mountpoint: string): Row {
  const labels = Object.entries(volume.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    Availability: "N/A",
    Driver: volume.driver,
    Group: "N/A",
    Label: (name: string) => volume.labels[name] ?? "",
    Labels: labels.map(([name, value]) => `${name}=${value}`).join(","),
    Links: "N/A",
    Mountpoint: mountpoint,
    Name: volume.name,
    Scope: "local",
    Size: "N/A",
    Status: "N/A",
  };
}
