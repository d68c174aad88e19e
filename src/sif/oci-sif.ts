import type { SifFile } from "./file.ts";

/** Whether a SIF file is an OCI-SIF, as SingularityCE writes them: it has a root index. */
export function isOciSif(file: SifFile): boolean {
  return file.objects.some(({ type }) => type === "oci-root-index");
}
