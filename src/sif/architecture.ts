import { CodeTable } from "./code-table.ts";

// Architectures, by Go's names. In the file two digits and a NUL (SIF 1.0: sif/pkg/sif/arch.go); "00" is none or unknown.

export type SifArchitecture =
  | "386"
  | "amd64"
  | "arm"
  | "arm64"
  | "ppc64"
  | "ppc64le"
  | "mips"
  | "mipsle"
  | "mips64"
  | "mips64le"
  | "s390x"
  | "riscv64"
  | "loong64";

export const architectureBytes = 3;

const names: readonly SifArchitecture[] = [
  "386",
  "amd64",
  "arm",
  "arm64",
  "ppc64",
  "ppc64le",
  "mips",
  "mipsle",
  "mips64",
  "mips64le",
  "s390x",
  "riscv64",
  "loong64",
];

export const architectures = new CodeTable<SifArchitecture>(
  ...names.map((name, index) => [index + 1, name, name] as const),
);

export function architectureAt(bytes: Buffer, offset: number): SifArchitecture | "unknown" {
  const text = bytes.toString("latin1", offset, offset + architectureBytes);
  return /^\d\d\0$/.test(text) ? architectures.wordOf(Number(text.slice(0, 2))) : "unknown";
}

export function writeArchitecture(
  bytes: Buffer,
  offset: number,
  architecture: SifArchitecture | "unknown",
): void {
  const code = architecture === "unknown" ? 0 : architectures.codeOf(architecture);
  bytes.write(`${String(code).padStart(2, "0")}\0`, offset, "latin1");
}

/** The code for an architecture of the OCI, whose names are Go's too. Undefined where SIF has none. */
export function architectureOfPlatform(name: string): SifArchitecture | undefined {
  return names.find((known) => known === name);
}
