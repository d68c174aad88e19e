import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Digester } from "#spec";
import { codeOfDataType, dataTypeOf } from "./data-type.ts";
import { cryptoFormats, cryptoMessages } from "./extra.ts";
import { openSif, type SifFile } from "./file.ts";
import type { SifObject } from "./object.ts";
import { testFile } from "./testing/files.ts";

// What an independent reader, written from the format's facts, found in real files. See testdata/README.md.

interface ExpectedFile {
  readonly size: number;
  readonly header: Readonly<Record<string, unknown>>;
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

const expected = JSON.parse(readFileSync(testFile("expected.json"), "utf8")) as Record<string, ExpectedFile>;

function digestOfObject(file: SifFile, object: SifObject): string {
  const digester = new Digester();
  for (const bytes of file.read(object)) digester.update(bytes);
  return digester.digest().slice("sha256:".length);
}

/** An object in the words of expected.json. */
function describeObject(file: SifFile, object: SifObject): Record<string, unknown> {
  const { slot, raw: _raw, extra, ...others } = object;
  const sha256 = digestOfObject(file, object);
  return { index: slot, ...others, ...describeExtra(extra), sha256 };
}

function describeExtra(extra: SifObject["extra"]): Record<string, unknown> {
  switch (extra.kind) {
    case "partition":
      return { fs: extra.fileSystem, part: extra.partition, arch: extra.architecture };
    case "signature":
      return { hash: extra.hash, fingerprint: extra.fingerprint ?? null };
    case "crypto-message":
      return {
        cryptoFormat: cryptoFormats.codeOf(extra.format as "pem"),
        cryptoMessage: cryptoMessages.codeOf(extra.message as "rsa-oaep"),
      };
    case "sbom":
      return { sbom: extra.format };
    case "oci":
      return { digest: extra.digest };
    case "none":
      return {};
    default:
      return extra satisfies never;
  }
}

describe("openSif() reads what an independent reader found in", () => {
  for (const [name, wanted] of Object.entries(expected))
    test(name, () => {
      using file = openSif(testFile(name));
      expect(file.size).toBe(wanted.size);
      const { architecture, ...header } = file.header;
      expect({ ...header, arch: architecture, magic: "SIF_MAGIC", version: "01" } as object).toEqual(
        wanted.header,
      );
      expect(file.objects.map((object) => describeObject(file, object))).toEqual([...wanted.objects]);
    });
});

test("the data types are those of the format, and others are kept as unknown", () => {
  expect(codeOfDataType("deffile")).toBe(0x4001);
  expect(codeOfDataType("oci-blob")).toBe(0x400b);
  expect(dataTypeOf(0x400c)).toBe("unknown");
  expect(dataTypeOf(-1)).toBe("unknown");
});
