import { closeSync, fstatSync, openSync } from "node:fs";
import { basename } from "node:path";
import { addObject, architectures, noTime } from "#sif";
import type { Command } from "../command.ts";
import { archiveFromTerminal, fileUnreadable } from "../error.ts";
import { textFlag } from "../flag.ts";
import { isTerminal } from "../print.ts";
import { checkReadable } from "../readable.ts";
import { sifExtraOf, sifLinkOf, sifNumberOf, sifTypeOf } from "../sif-object-wish.ts";
import { sifTimeFlag, sifTimeOf } from "../sif-words.ts";

export const command: Command = {
  name: "sif add",
  usage: "[OPTIONS] FILE OBJECT|-",
  summary: "Add a file to a SIF file as an object",
  flags: [
    textFlag("alignment", "bytes", "Begin at a multiple of this (default 4096 for partitions, else 1)"),
    textFlag(
      "datatype",
      "type",
      "Needed: 1 deffile, 2 environment, 3 labels, 4 partition, 5 signature,\n6 generic-json, 7 generic, 8 crypto-message, 9 sbom",
    ),
    textFlag("filename", "name", "Name of the object (default: that of the file)"),
    textFlag("groupid", "id", "Put it into this group (default 0, none)"),
    textFlag("link", "id", "Link it to an object, or to a group by 4026531840 plus its id"),
    textFlag(
      "partarch",
      "arch",
      `Needed with a partition: ${architectures.words.map((word, index) => `${index + 1} ${word}`).join(", ")}`.replace(
        "6 ppc64le, ",
        "6 ppc64le,\n",
      ),
    ),
    textFlag(
      "partfs",
      "type",
      "Needed with a partition: 1 squashfs, 2 ext3, 3 archive, 4 raw,\n5 encrypted-squashfs, 6 gocryptfs-squashfs",
    ),
    textFlag("parttype", "type", "Needed with a partition: 1 system, 2 primary-system, 3 data, 4 overlay"),
    textFlag(
      "sbomformat",
      "format",
      "Needed with an SBOM: cyclonedx-json, cyclonedx-xml, github-json,\nspdx-json, spdx-rdf, spdx-tag-value, spdx-yaml, syft-json",
    ),
    textFlag("signentity", "fingerprint", "Needed with a signature: who signs, 40 hexadecimal digits"),
    textFlag(
      "signhash",
      "type",
      "Needed with a signature: 1 sha256, 2 sha384, 3 sha512, 4 blake2s-256,\n5 blake2b-256",
    ),
    sifTimeFlag,
  ],
  examples: [
    "vial sif add --datatype 1 image.sif recipe.def",
    "vial sif add --datatype 4 --parttype 2 --partfs 1 --partarch 2 --groupid 1 image.sif root.squashfs",
    "produce-sbom | vial sif add --datatype sbom --sbomformat spdx-json image.sif -",
  ],
  args: [2, 2],
  run(flags, [path = "", source = ""]) {
    const type = sifTypeOf(flags);
    const extra = sifExtraOf(flags, type);
    const alignment = sifNumberOf(flags, "alignment");
    const time = sifTimeOf(flags) ?? noTime;
    const wish = {
      type,
      extra,
      group: sifNumberOf(flags, "groupid") ?? 0,
      link: sifLinkOf(flags),
      name: flags.text("filename") ?? (source === "-" ? "" : basename(source)),
      time,
      ...(alignment === undefined || alignment === 0 ? {} : { alignment }),
    };
    if (source === "-" && isTerminal(0)) throw archiveFromTerminal("sif add", "OBJECT");
    if (source !== "-") checkReadable("OBJECT", source);
    const fd = source === "-" ? 0 : openSync(source, "r");
    try {
      if (fstatSync(fd).isDirectory()) throw fileUnreadable("OBJECT", source, "it is a folder");
      addObject(path, { ...wish, content: { kind: "descriptor", fd } }, time);
    } finally {
      if (fd !== 0) closeSync(fd);
    }
    return 0;
  },
};
