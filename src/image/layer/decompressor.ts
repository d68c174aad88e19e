import { findProgram } from "#host";
import type { Compression } from "#spec";

/** The program that undoes a compression, from its standard input to its standard output. Undefined: none is needed. */
export function decompressCommand(compression: Compression): readonly string[] | undefined {
  switch (compression) {
    case "none":
      return undefined;
    case "gzip":
      // igzip (package isal) is four times as fast.
      return [findProgram("igzip") === undefined ? "gzip" : "igzip", "-dc"];
    case "zstd":
      // Large windows are allowed up to 128 MiB, which bounds its memory.
      return ["zstd", "-dcq", "--memory=128MB"];
    default:
      return compression satisfies never;
  }
}
