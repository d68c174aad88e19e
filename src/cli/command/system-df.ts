import { type DiskUsage, measureDisk, openEngine } from "#engine";
import { shortImageId } from "#image";
import { familiarName, parseNamed, printSize } from "#spec";
import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { boolFlag, listFormatFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { printAge } from "../moment.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "system df",
  usage: "[OPTIONS]",
  summary: "Show what images and containers take on the disk",
  flags: [listFormatFlag, boolFlag("verbose", "Show every image and container", "v")],
  args: [0, 0],
  run(flags) {
    const format = flags.text("format");
    const verbose = flags.bool("verbose");
    if (verbose && format !== undefined)
      throw optionsConflict("--verbose", "--format", "the long form has no template");
    const usage = measureDisk(openEngine());
    out(verbose ? printVerbose(usage) : printList(listing, summaryRows(usage), format));
    return 0;
  },
};

const listing: Listing = {
  table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
  headers: {
    Active: "ACTIVE",
    Reclaimable: "RECLAIMABLE",
    Size: "SIZE",
    TotalCount: "TOTAL",
    Type: "TYPE",
  },
};

function summaryRows(usage: DiskUsage): Row[] {
  const containerBytes = usage.containers.reduce((sum, { size }) => sum + size, 0);
  const stoppedBytes = usage.containers.reduce((sum, { running, size }) => sum + (running ? 0 : size), 0);
  return [
    row("Images", usage.images.length, usage.images.filter(({ containers }) => containers > 0).length, {
      size: usage.imageBytes,
      reclaimable: usage.reclaimableImageBytes,
    }),
    row("Containers", usage.containers.length, usage.containers.filter(({ running }) => running).length, {
      size: containerBytes,
      reclaimable: stoppedBytes,
    }),
  ];
}

function row(
  Type: string,
  total: number,
  active: number,
  bytes: { readonly size: number; readonly reclaimable: number },
): Row {
  const percent = bytes.size === 0 ? "" : ` (${Math.floor((bytes.reclaimable * 100) / bytes.size)}%)`;
  return {
    Active: String(active),
    Reclaimable: `${printSize(bytes.reclaimable)}${percent}`,
    Size: printSize(bytes.size),
    TotalCount: String(total),
    Type,
  };
}

const imageListing: Listing = {
  table:
    "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
  headers: {
    Containers: "CONTAINERS",
    CreatedSince: "CREATED",
    ID: "IMAGE ID",
    Repository: "REPOSITORY",
    SharedSize: "SHARED SIZE",
    Size: "SIZE",
    Tag: "TAG",
    UniqueSize: "UNIQUE SIZE",
  },
};
const containerListing: Listing = {
  table: "{{.ID}}\t{{.Image}}\t{{.Size}}\t{{.CreatedSince}}\t{{.Status}}\t{{.Names}}",
  headers: {
    CreatedSince: "CREATED",
    ID: "CONTAINER ID",
    Image: "IMAGE",
    Names: "NAMES",
    Size: "SIZE",
    Status: "STATUS",
  },
};

function printVerbose(usage: DiskUsage): string {
  const images = usage.images.map(({ image, containers, size, shared }): Row => {
    const name = image.names[0] === undefined ? undefined : parseNamed(image.names[0]);
    return {
      Containers: String(containers),
      CreatedSince: image.created === undefined ? "N/A" : printAge(image.created),
      ID: shortImageId(image.id),
      Repository: name === undefined ? "<none>" : familiarName(name),
      SharedSize: printSize(shared),
      Size: printSize(size),
      Tag: name?.tag ?? "<none>",
      UniqueSize: printSize(size - shared),
    };
  });
  const containers = usage.containers.map(
    ({ entry, size }): Row => ({
      CreatedSince: printAge(entry.spec.created),
      ID: entry.spec.id.slice(0, 12),
      Image: entry.spec.imageName,
      Names: entry.spec.name,
      Size: printSize(size),
      Status: entry.state.status,
    }),
  );
  return (
    `Images space usage:\n\n${printList(imageListing, images, undefined)}\n` +
    `Containers space usage:\n\n${printList(containerListing, containers, undefined)}`
  );
}
