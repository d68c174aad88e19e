/** Where programs are looked for in an image that says nothing about it: Docker's, BuildKit's and Apptainer's. */
export const defaultSearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The same as an entry of an image's environment. */
export const defaultPathEntry = `PATH=${defaultSearchPath}`;

/** Seconds since 1970 as image configs have them (RFC 3339): "2026-11-25T10:00:00Z". */
export function printTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
