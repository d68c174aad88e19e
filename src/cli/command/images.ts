import { filterImages, imageFilters, openEngine } from "#engine";
import { diskSize, listImages, shortImageId, type StoredImage, type Store } from "#image";
import { familiarName, parseNamed, printSize } from "#spec";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag, listFormatFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { printAge, printGoTime } from "../moment.ts";
import { errLine, out } from "../print.ts";

export const command: Command = {
  name: "images",
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  summary: "List the images that are here",
  flags: [
    boolFlag("all", "Show all images (there are no hidden ones; taken for Docker's sake)", "a"),
    boolFlag("digests", "Show digests"),
    listFlag(
      "filter",
      "filter",
      "Show only images that fit: dangling=true, label=KEY[=VALUE],\nbefore=IMAGE, since=IMAGE, until=TIME, reference=PATTERN",
      "f",
    ),
    listFormatFlag,
    boolFlag("no-trunc", "Print IDs in full"),
    boolFlag("quiet", "Print IDs alone", "q"),
  ],
  args: [0, 1],
  run(flags, [pattern]) {
    const { store } = openEngine();
    const list = listImages(store);
    for (const { name, why } of list.damaged)
      errLine(`vial: the image "${name}" is left out, because it is damaged (${why}) [next: vial check]`);
    const texts = [...flags.list("filter"), ...(pattern === undefined ? [] : [`reference=${pattern}`])];
    const images = filterImages(store, list, parseFilters(texts, imageFilters));
    const rows = images.flatMap((image) =>
      rowsOf(store, image, { digests: flags.bool("digests"), full: flags.bool("no-trunc") }),
    );
    const listing = flags.bool("quiet") ? quietListing : flags.bool("digests") ? digestListing : plainListing;
    const format = flags.text("format") ?? (flags.bool("quiet") ? "{{.ID}}" : undefined);
    out(printList(listing, rows, format));
    return 0;
  },
};

const headers = {
  Containers: "CONTAINERS",
  CreatedAt: "CREATED AT",
  CreatedSince: "CREATED",
  Digest: "DIGEST",
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  SharedSize: "SHARED SIZE",
  Size: "SIZE",
  Tag: "TAG",
  UniqueSize: "UNIQUE SIZE",
  VirtualSize: "SIZE",
};
export const plainListing: Listing = {
  headers,
  table: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
};
export const digestListing: Listing = {
  headers,
  table: "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
};
export const quietListing: Listing = { headers, table: "{{.ID}}" };

const none = "<none>";

/** A row per name, as Docker has it; an image without names gets one with <none>. */
function rowsOf(
  store: Store,
  image: StoredImage,
  options: { readonly digests: boolean; readonly full: boolean },
): Row[] {
  const size = printSize(diskSize(store, image));
  const row = (Repository: string, Tag: string, Digest: string): Row => ({
    Containers: "N/A",
    CreatedAt: image.created === undefined ? "N/A" : printGoTime(image.created),
    CreatedSince: image.created === undefined ? "N/A" : printAge(image.created),
    Digest,
    ID: options.full ? image.id : shortImageId(image.id),
    Repository,
    SharedSize: "N/A",
    Size: size,
    Tag,
    UniqueSize: "N/A",
    VirtualSize: size,
  });
  const digestsOf = new Map<string, string>();
  for (const text of image.repoDigests) {
    const [repository = "", digest = ""] = text.split("@");
    digestsOf.set(repository, digest);
  }
  const named = new Set<string>();
  const rows = image.names.map((name) => {
    const reference = parseNamed(name);
    const repository = familiarName(reference);
    named.add(repository);
    return row(repository, reference.tag ?? none, digestsOf.get(repository) ?? none);
  });
  for (const [repository, digest] of digestsOf)
    if (!named.has(repository)) rows.push(row(repository, none, digest));
  return rows.length === 0 ? [row(none, none, options.digests ? image.target.digest : none)] : rows;
}
