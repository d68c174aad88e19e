import {
  architectures,
  type DataType,
  dataTypes,
  fileSystems,
  hashTypes,
  type NewExtra,
  partitionTypes,
  type SifLink,
  sbomFormats,
} from "#sif";
import { flagValueInvalid, sifFlagForeign, sifFlagMissing } from "./error.ts";
import type { Flags } from "./parse.ts";

// The flags of `vial sif add`, which are siftool's: each value is siftool's number, or our word for it.

/** The types that are added by hand: those of an OCI-SIF hang together, and are written by whoever writes the image. */
const addable = dataTypes.words.filter((word) => !word.startsWith("oci-"));

const flagsOfType: Readonly<Partial<Record<DataType, readonly string[]>>> = {
  partition: ["parttype", "partfs", "partarch"],
  signature: ["signhash", "signentity"],
  sbom: ["sbomformat"],
};

interface Words<Word extends string> {
  readonly words: readonly Word[];
  parse(text: string): Word | undefined;
}

export function sifTypeOf(flags: Flags): DataType {
  const type = wordOf(flags, "datatype", dataTypes, addable);
  if (type === undefined) throw sifFlagMissing("--datatype", "an object", addable);
  return type;
}

/** What the type needs beside the data. Flags of other types are refused, not dropped. */
export function sifExtraOf(flags: Flags, type: DataType): NewExtra {
  const needed = flagsOfType[type] ?? [];
  for (const [other, names] of Object.entries(flagsOfType))
    for (const name of names)
      if (!needed.includes(name) && flags.has(name)) throw sifFlagForeign(`--${name}`, other, type);
  switch (type) {
    case "partition":
      return {
        kind: "partition",
        partition: neededWord(flags, "parttype", partitionTypes, type),
        fileSystem: neededWord(flags, "partfs", fileSystems, type),
        architecture: neededWord(flags, "partarch", architectures, type),
      };
    case "signature": {
      const hash = neededWord(flags, "signhash", hashTypes, type);
      const fingerprint = flags.filled("signentity");
      if (fingerprint === undefined) throw sifFlagMissing("--signentity", "a signature", []);
      return { kind: "signature", hash, fingerprint };
    }
    case "sbom":
      return { kind: "sbom", format: neededWord(flags, "sbomformat", sbomFormats, type) };
    case "deffile":
    case "environment":
    case "labels":
    case "generic-json":
    case "generic":
    // siftool has no flags for what a cryptographic message is, and leaves the field empty.
    case "crypto-message":
    case "oci-root-index":
    case "oci-blob":
      return { kind: "none" };
    default:
      return type satisfies never;
  }
}

/** From this number on a link means a group (sif/pkg/sif/descriptor.go, descrGroupMask). */
const groupMask = 0xf0000000;

export function sifLinkOf(flags: Flags): SifLink {
  const link = sifNumberOf(flags, "link") ?? 0;
  if (link === 0) return { kind: "none" };
  return link >= groupMask ? { kind: "group", group: link - groupMask } : { kind: "object", id: link };
}

export function sifNumberOf(flags: Flags, name: string): number | undefined {
  const text = flags.filled(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 0xffffffff)) throw flagValueInvalid(`--${name}`, text, "a number below 2^32");
  return number;
}

/** The ids that flags of the same meaning give, none where none is given. Throws flag-value-invalid. */
export function sifNumbersOf(flags: Flags, names: readonly string[]): readonly number[] {
  const numbers = names.flatMap((name) => {
    const number = sifNumberOf(flags, name);
    if (number === 0) throw flagValueInvalid(`--${name}`, "0", "a number from 1 on");
    return number ?? [];
  });
  return [...new Set(numbers)];
}

function neededWord<Word extends string>(flags: Flags, name: string, table: Words<Word>, type: string): Word {
  const word = wordOf(flags, name, table, table.words);
  if (word === undefined) throw sifFlagMissing(`--${name}`, `the data type "${type}"`, table.words);
  return word;
}

function wordOf<Word extends string>(
  flags: Flags,
  name: string,
  table: Words<Word>,
  allowed: readonly Word[],
): Word | undefined {
  const text = flags.filled(name);
  if (text === undefined) return undefined;
  const word = table.parse(text);
  if (word === undefined || !allowed.includes(word))
    throw flagValueInvalid(`--${name}`, text, `one of ${allowed.join(", ")}, or its number`);
  return word;
}
