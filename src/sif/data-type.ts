import { CodeTable } from "./code-table.ts";

// What an object of a SIF file is (SIF 1.0: sif/pkg/sif/descriptor.go, DataType). The file holds 0x4000 + the number that
// siftool takes for --datatype.

const base = 0x4000;

export type DataType =
  | "deffile"
  | "environment"
  | "labels"
  | "partition"
  | "signature"
  | "generic-json"
  | "generic"
  | "crypto-message"
  | "sbom"
  | "oci-root-index"
  | "oci-blob";

export const dataTypes = new CodeTable<DataType>(
  [1, "deffile", "Def.FILE"],
  [2, "environment", "Env.Vars"],
  [3, "labels", "JSON.Labels"],
  [4, "partition", "FS"],
  [5, "signature", "Signature"],
  [6, "generic-json", "JSON.Generic"],
  [7, "generic", "Generic/Raw"],
  [8, "crypto-message", "Cryptographic Message"],
  [9, "sbom", "SBOM"],
  [10, "oci-root-index", "OCI.RootIndex"],
  [11, "oci-blob", "OCI.Blob"],
);

export function dataTypeOf(code: number): DataType | "unknown" {
  return dataTypes.wordOf(code - base);
}

export function codeOfDataType(type: DataType): number {
  return base + dataTypes.codeOf(type);
}
