import { printSize } from "#spec";
import { listing as historyListing } from "../../command/history.ts";
import {
  digestListing,
  plainListing as imageListing,
  quietListing as imageQuiet,
} from "../../command/images.ts";
import { listing as networkListing } from "../../command/network-ls.ts";
import { plainListing, quietListing, sizeListing } from "../../command/ps.ts";
import { plainListing as volumeListing } from "../../command/volume-ls.ts";
import { type Listing, printList, type Row } from "../../format.ts";
import { printAge, printGoTime } from "../../moment.ts";
import type { Flags } from "../../parse.ts";
import { out } from "../../print.ts";
import { printFilters } from "../filters.ts";
import type { RemoteCommand } from "../remote-command.ts";
import {
  type Document,
  documentOf,
  documentsOf,
  numberOf,
  shortId,
  shorten,
  textOf,
  textsOf,
} from "../row.ts";

// The lists of another engine, in the tables of our own.

export const ps: RemoteCommand = {
  flags: ["all", "filter", "format", "last", "latest", "no-trunc", "quiet", "size"],
  async run(engine, flags) {
    const last = flags.bool("latest") ? 1 : Number(flags.text("last") ?? -1);
    const withSize = flags.bool("size") || flags.text("format")?.includes(".Size") === true;
    const answer = await engine.ask("GET", "/containers/json", {
      query: {
        all: flags.bool("all") || last > 0,
        limit: last > 0 ? last : undefined,
        size: withSize,
        filters: printFilters(flags.list("filter")),
      },
    });
    const rows = documentsOf(answer).map((entry) => containerRow(entry, flags.bool("no-trunc")));
    const listing = flags.bool("quiet") ? quietListing : flags.bool("size") ? sizeListing : plainListing;
    printRows(flags, listing, rows, "{{.ID}}");
    return 0;
  },
};

function printRows(flags: Flags, listing: Listing, rows: readonly Row[], quiet: string): void {
  out(printList(listing, rows, flags.text("format") ?? (flags.bool("quiet") ? quiet : undefined)));
}

function containerRow(entry: Document, full: boolean): Row {
  const id = textOf(entry.Id);
  const created = new Date(numberOf(entry.Created) * 1000).toISOString();
  const mounts = documentsOf(entry.Mounts);
  const sources = mounts.map((mount) => textOf(mount.Name) || textOf(mount.Source));
  const written = numberOf(entry.SizeRw);
  const labels = documentOf(entry.Labels);
  return {
    Command: JSON.stringify(full ? textOf(entry.Command) : shorten(textOf(entry.Command), 20)),
    CreatedAt: printGoTime(created),
    ID: full ? id : shortId(id),
    Image: textOf(entry.Image),
    Label: (name: string) => textOf(labels[name]),
    Labels: printLabels(labels),
    LocalVolumes: String(mounts.filter((mount) => mount.Type === "volume").length),
    Mounts: sources.map((source) => (full ? source : shorten(source, 15))).join(","),
    // A name with a second slash is that of a link.
    Names: textsOf(entry.Names)
      .map((name) => name.replace(/^\//, ""))
      .filter((name) => !name.includes("/"))
      .join(","),
    Networks: Object.keys(documentOf(documentOf(entry.NetworkSettings).Networks)).join(","),
    Platform: "",
    Ports: printPorts(documentsOf(entry.Ports)),
    RunningFor: printAge(created),
    Size: `${printSize(written)} (virtual ${printSize(numberOf(entry.SizeRootFs))})`,
    State: textOf(entry.State),
    Status: textOf(entry.Status),
  };
}

function printLabels(labels: Document): string {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join(",");
}

/** "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp" */
export function printPorts(ports: readonly Document[]): string {
  return ports
    .map((port) => {
      const inside = `${numberOf(port.PrivatePort)}/${textOf(port.Type)}`;
      const address = textOf(port.IP);
      const shown = address.includes(":") ? `[${address}]` : address;
      return numberOf(port.PublicPort) === 0 ? inside : `${shown}:${numberOf(port.PublicPort)}->${inside}`;
    })
    .join(", ");
}

export const images: RemoteCommand = {
  flags: ["all", "digests", "filter", "format", "no-trunc", "quiet"],
  async run(engine, flags, [name]) {
    const wanted = [...flags.list("filter"), ...(name === undefined ? [] : [`reference=${name}`])];
    const answer = await engine.ask("GET", "/images/json", {
      query: { all: flags.bool("all"), filters: printFilters(wanted) },
    });
    const rows = documentsOf(answer).flatMap((image) =>
      imageRows(image, flags.bool("no-trunc"), flags.bool("digests")),
    );
    const listing = flags.bool("quiet") ? imageQuiet : flags.bool("digests") ? digestListing : imageListing;
    printRows(flags, listing, rows, "{{.ID}}");
    return 0;
  },
};

function imageRows(image: Document, full: boolean, digests: boolean): readonly Row[] {
  const created = new Date(numberOf(image.Created) * 1000).toISOString();
  const digestOf = new Map(textsOf(image.RepoDigests).map((text) => text.split("@", 2) as [string, string]));
  const tags = textsOf(image.RepoTags).filter((tag) => tag !== "<none>:<none>");
  const names =
    tags.length > 0
      ? tags.map((tag) => [tag.slice(0, tag.lastIndexOf(":")), tag.slice(tag.lastIndexOf(":") + 1)] as const)
      : [[[...digestOf.keys()][0] ?? "<none>", "<none>"] as const];
  return names.map(([repository, tag]) => ({
    Containers: "N/A",
    CreatedAt: printGoTime(created),
    CreatedSince: printAge(created),
    Digest: digests ? (digestOf.get(repository) ?? "<none>") : "<none>",
    ID: full ? textOf(image.Id) : shortId(textOf(image.Id)),
    Repository: repository,
    SharedSize: "N/A",
    Size: printSize(numberOf(image.Size)),
    Tag: tag,
    UniqueSize: "N/A",
    VirtualSize: printSize(numberOf(image.Size)),
  }));
}

export const networkLs: RemoteCommand = {
  flags: ["filter", "format", "no-trunc", "quiet"],
  async run(engine, flags) {
    const answer = await engine.ask("GET", "/networks", {
      query: { filters: printFilters(flags.list("filter")) },
    });
    const rows = documentsOf(answer).map(
      (entry): Row => ({
        CreatedAt: textOf(entry.Created),
        Driver: textOf(entry.Driver),
        ID: flags.bool("no-trunc") ? textOf(entry.Id) : shortId(textOf(entry.Id)),
        IPv6: String(entry.EnableIPv6 === true),
        Internal: String(entry.Internal === true),
        Label: (name: string) => textOf(documentOf(entry.Labels)[name]),
        Labels: printLabels(documentOf(entry.Labels)),
        Name: textOf(entry.Name),
        Scope: textOf(entry.Scope),
      }),
    );
    printRows(
      flags,
      networkListing,
      rows.sort((a, b) => (textOf(a.Name) < textOf(b.Name) ? -1 : 1)),
      "{{.ID}}",
    );
    return 0;
  },
};

export const volumeLs: RemoteCommand = {
  flags: ["filter", "format", "quiet"],
  async run(engine, flags) {
    const answer = await engine.ask("GET", "/volumes", {
      query: { filters: printFilters(flags.list("filter")) },
    });
    const rows = documentsOf(documentOf(answer).Volumes).map(
      (entry): Row => ({
        Availability: "N/A",
        Driver: textOf(entry.Driver),
        Group: "N/A",
        Label: (name: string) => textOf(documentOf(entry.Labels)[name]),
        Labels: printLabels(documentOf(entry.Labels)),
        Links: "N/A",
        Mountpoint: textOf(entry.Mountpoint),
        Name: textOf(entry.Name),
        Scope: textOf(entry.Scope),
        Size: "N/A",
        Status: "N/A",
      }),
    );
    printRows(
      flags,
      volumeListing,
      rows.sort((a, b) => (textOf(a.Name) < textOf(b.Name) ? -1 : 1)),
      "{{.Name}}",
    );
    return 0;
  },
};

export const history: RemoteCommand = {
  flags: ["format", "human", "no-trunc", "quiet"],
  async run(engine, flags, [name = ""]) {
    const full = flags.bool("no-trunc");
    const human = flags.boolOr("human", true);
    const answer = await engine.ask("GET", `/images/${encodeURI(name)}/history`);
    const rows = documentsOf(answer).map((entry): Row => {
      const created = new Date(numberOf(entry.Created) * 1000).toISOString();
      const by = textOf(entry.CreatedBy).replaceAll("\t", " ");
      const id = textOf(entry.Id);
      return {
        Comment: textOf(entry.Comment),
        CreatedAt: created,
        CreatedBy: full ? by : shorten(by, 45),
        CreatedSince: human ? printAge(created) : created,
        ID: id === "<missing>" || full ? id : shortId(id),
        Size: human ? printSize(numberOf(entry.Size)) : String(numberOf(entry.Size)),
      };
    });
    printRows(flags, historyListing, rows, "{{.ID}}");
    return 0;
  },
};
