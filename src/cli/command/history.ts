import { openEngine } from "#engine";
import { findImage, imageHistory, shortImageId } from "#image";
import { parsePlatform, printSize } from "#spec";
import type { Command } from "../command.ts";
import { boolFlag, listFormatFlag, textFlag } from "../flag.ts";
import { type Listing, printList } from "../format.ts";
import { printAge } from "../moment.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "history",
  usage: "[OPTIONS] IMAGE",
  summary: "Show the steps that made an image",
  flags: [
    listFormatFlag,
    boolFlag("human", "Print sizes and dates for people (default true)", "H"),
    boolFlag("no-trunc", "Print IDs and commands in full"),
    textFlag("platform", "os/arch", "Show the image of this platform"),
    boolFlag("quiet", "Print IDs alone", "q"),
  ],
  args: [1, 1],
  run(flags, [name = ""]) {
    const { store } = openEngine();
    const wanted = flags.text("platform");
    const image = findImage(store, name, wanted === undefined ? undefined : parsePlatform(wanted));
    const full = flags.bool("no-trunc");
    const human = flags.boolOr("human", true);
    const rows = imageHistory(store, image).map((row) => {
      const created = row.created ?? "";
      return {
        Comment: row.comment,
        CreatedAt: created,
        CreatedBy: full ? row.createdBy : shorten(row.createdBy.replaceAll("\t", " "), 45),
        CreatedSince: created === "" ? "N/A" : human ? printAge(created) : created,
        ID: row.id === undefined ? "<missing>" : full ? row.id : shortImageId(row.id),
        Size: human ? printSize(row.size) : String(row.size),
      };
    });
    out(printList(listing, rows, flags.text("format") ?? (flags.bool("quiet") ? "{{.ID}}" : undefined)));
    return 0;
  },
};

export const listing: Listing = {
  table: "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
  headers: {
    Comment: "COMMENT",
    CreatedAt: "CREATED AT",
    CreatedBy: "CREATED BY",
    CreatedSince: "CREATED",
    ID: "IMAGE",
    Size: "SIZE",
  },
};

function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
