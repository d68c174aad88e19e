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
  summary: "Show what images, containers, volumes and builds take on the disk",
  // Files of sub-ids in folders of their own are counted too.
  mapped: "any",
  flags: [
    listFormatFlag,
    boolFlag("verbose", "Show every image, container, volume and step of a build", "v"),
  ],
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
  const { volumes, buildCache } = usage;
  const containerBytes = sizeOf(usage.containers);
  const stoppedBytes = sizeOf(usage.containers.filter(({ running }) => !running));
  return [
    row("Images", usage.images.length, usage.images.filter(({ containers }) => containers > 0).length, {
      size: usage.imageBytes,
      reclaimable: usage.reclaimableImageBytes,
    }),
    row("Containers", usage.containers.length, usage.containers.filter(({ running }) => running).length, {
      size: containerBytes,
      reclaimable: stoppedBytes,
    }),
    row("Local Volumes", volumes.length, volumes.filter(({ users }) => users > 0).length, {
      size: sizeOf(volumes),
      reclaimable: sizeOf(volumes.filter(({ users }) => users === 0)),
    }),
    row("Build Cache", buildCache.entries.length, 0, {
      size: buildCache.bytes,
      reclaimable: buildCache.reclaimableBytes,
    }),
  ];
}

function sizeOf(list: readonly { readonly size: number }[]): number {
  return list.reduce((sum, { size }) => sum + size, 0);
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
const volumeListing: Listing = {
  table: "{{.Name}}\t{{.Links}}\t{{.Size}}",
  headers: { Links: "LINKS", Name: "VOLUME NAME", Size: "SIZE" },
};
const cacheListing: Listing = {
  table: "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.LastUsedSince}}\t{{.Shared}}\t{{.Description}}",
  headers: {
    CacheType: "CACHE TYPE",
    Description: "DESCRIPTION",
    ID: "CACHE ID",
    LastUsedSince: "LAST USED",
    Shared: "SHARED",
    Size: "SIZE",
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
  const volumes = usage.volumes.map(
    (entry): Row => ({
      Links: String(entry.users),
      Name: entry.volume.name,
      Size: printSize(entry.size),
    }),
  );
  const cache = usage.buildCache.entries.map(
    (entry): Row => ({
      CacheType: entry.type,
      Description: entry.description,
      ID: entry.id.slice(0, 12),
      LastUsedSince: printAge(new Date(entry.usedAt).toISOString()),
      Shared: String(entry.shared),
      Size: printSize(entry.size),
    }),
  );
  return (
    `Images space usage:\n\n${printList(imageListing, images, undefined)}\n` +
    `Containers space usage:\n\n${printList(containerListing, containers, undefined)}\n` +
    `Local Volumes space usage:\n\n${printList(volumeListing, volumes, undefined)}\n` +
    `Build cache usage: ${printSize(usage.buildCache.bytes)}\n\n${printList(cacheListing, cache, undefined)}`
  );
}
