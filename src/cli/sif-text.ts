import { jsonText, showControls } from "#kit";
import {
  cryptoFormats,
  cryptoMessages,
  dataTypes,
  type Extra,
  fileSystems,
  hashTypes,
  nilId,
  partitionTypes,
  printSifTime,
  sbomFormats,
  type SifFile,
  type SifObject,
} from "#sif";

// What `vial sif list`, `header` and `info` print: the lines of siftool and `apptainer sif`, which people read and scripts
// cut; and the same as JSON.

type Line = readonly [name: string, value: string | number | undefined];

const rule = "-".repeat(78);

export function printSifList(file: SifFile): string {
  const head = [rule, "ID   |GROUP   |LINK    |SIF POSITION (start-end)  |TYPE", rule];
  const rows = file.objects.map((object) =>
    [
      String(object.id).padEnd(4),
      `|${printGroup(object).padEnd(7)}`,
      `|${(object.linkIsGroup ? `${String(object.link).padEnd(3)} (G)` : printLink(object)).padEnd(7)}`,
      `|${object.offset}-${object.offset + object.size} `.padEnd(26),
      `|${printKind(object)}`,
    ].join(" "),
  );
  return [...head, ...rows].map((line) => `${line}\n`).join("");
}

function printKind({ type, extra }: SifObject): string {
  const name = dataTypes.shownOf(type);
  switch (extra.kind) {
    case "partition": {
      const fileSystem = fileSystems.shownOf(extra.fileSystem);
      return `${name} (${fileSystem}/${partitionTypes.shownOf(extra.partition)}/${extra.architecture})`;
    }
    case "signature":
      return `${name} (${hashTypes.shownOf(extra.hash)})`;
    case "crypto-message":
      return `${name} (${cryptoFormats.shownOf(extra.format)}/${cryptoMessages.shownOf(extra.message)})`;
    case "sbom":
      return `${name} (${sbomFormats.shownOf(extra.format)})`;
    case "oci":
    case "none":
      return name;
    default:
      return extra satisfies never;
  }
}

export function printSifHeader({ header }: SifFile): string {
  return align("", " ", [
    ["Launch Script", header.launch === "" ? undefined : showControls(header.launch.replace(/\n$/, ""))],
    ["Version", "01"],
    ["Primary Architecture", header.architecture === "unknown" ? undefined : header.architecture],
    ["ID", header.id === nilId ? undefined : header.id],
    ["Created At", printTime(header.createdAt)],
    ["Modified At", printTime(header.modifiedAt)],
    ["Descriptors Free", header.descriptorsFree],
    ["Descriptors Total", header.descriptorsTotal],
    ["Descriptors Offset", header.descriptorsOffset],
    ["Descriptors Size", printRoundSize(header.descriptorsSize)],
    ["Data Offset", header.dataOffset],
    ["Data Size", printRoundSize(header.dataSize)],
  ]);
}

export function printSifObject(object: SifObject): string {
  return align("  ", "  ", [
    ["Data Type", dataTypes.shownOf(object.type)],
    ["ID", object.id],
    ["Group ID", printGroup(object)],
    ["Linked ID", printLink(object)],
    ["Offset", object.offset],
    ["Size", object.size],
    ["Created At", printTime(object.createdAt)],
    ["Modified At", printTime(object.modifiedAt)],
    ["Name", object.name === "" ? undefined : showControls(object.name)],
    ...linesOf(object.extra),
  ]);
}

function linesOf(extra: Extra): readonly Line[] {
  switch (extra.kind) {
    case "partition":
      return [
        ["Filesystem Type", fileSystems.shownOf(extra.fileSystem)],
        ["Partition Type", partitionTypes.shownOf(extra.partition)],
        ["Architecture", extra.architecture],
      ];
    case "signature":
      return [
        ["Hash Type", hashTypes.shownOf(extra.hash)],
        ["Entity", extra.fingerprint],
      ];
    case "crypto-message":
      return [
        ["Format Type", cryptoFormats.shownOf(extra.format)],
        ["Message Type", cryptoMessages.shownOf(extra.message)],
      ];
    case "sbom":
      return [["Format", sbomFormats.shownOf(extra.format)]];
    case "oci":
      return [["Digest", extra.digest]];
    case "none":
      return [];
    default:
      return extra satisfies never;
  }
}

/** Lines with a value, the values below each other as wide as the longest name wants it. */
function align(indent: string, gap: string, lines: readonly Line[]): string {
  const shown = lines.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}${gap}${value}\n`).join("");
}

function printGroup({ group }: SifObject): string {
  return group === 0 ? "NONE" : String(group);
}

function printLink({ link, linkIsGroup }: SifObject): string {
  return link === 0 ? "NONE" : `${link}${linkIsGroup ? " (G)" : ""}`;
}

/** Go's time.Time.String() in UTC: "2020-06-30 00:01:56 +0000 UTC". */
function printTime(seconds: number): string | undefined {
  return printSifTime(seconds)?.replace(/T(.*)Z$/, " $1 +0000 UTC");
}

/** "27 KiB": powers of 1024 without digits behind the point. */
function printRoundSize(bytes: number): string {
  let unit = 1;
  let index = -1;
  for (; bytes >= unit * 1024 && index < 5; unit *= 1024) index++;
  return index < 0 ? `${bytes} B` : `${Math.round(bytes / unit)} ${"KMGTPE"[index]}iB`;
}

export function sifHeaderJson({ header, size }: SifFile): string {
  const { createdAt, modifiedAt, id, ...others } = header;
  return document({
    version: "01",
    ...others,
    id: id === nilId ? null : id,
    createdAt: printSifTime(createdAt) ?? null,
    modifiedAt: printSifTime(modifiedAt) ?? null,
    fileSize: size,
  });
}

export function sifListJson(file: SifFile): string {
  return document(file.objects.map(documentOf));
}

export function sifObjectJson(object: SifObject): string {
  return document(documentOf(object));
}

function documentOf(object: SifObject): object {
  const { extra, link, linkIsGroup, group } = object;
  const { kind: _, ...fields } = extra;
  return {
    id: object.id,
    type: object.type,
    typeCode: object.typeCode,
    group: group === 0 ? null : group,
    link: link === 0 ? null : { kind: linkIsGroup ? "group" : "object", id: link },
    offset: object.offset,
    size: object.size,
    sizeWithPadding: object.sizeWithPadding,
    createdAt: printSifTime(object.createdAt) ?? null,
    modifiedAt: printSifTime(object.modifiedAt) ?? null,
    uid: object.uid,
    gid: object.gid,
    name: object.name,
    ...fields,
  };
}

function document(value: object): string {
  return `${jsonText(value, 2)}\n`;
}
