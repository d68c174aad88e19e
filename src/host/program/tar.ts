import { programFailed } from "../error.ts";
import { startProgram } from "../run.ts";

/**
 * Unpacks a tar that Vial itself has written, from an open descriptor into a folder. Not for those of strangers: this
 * program follows the names that it reads. An ordinary user gets all files for his own.
 */
export async function unpackOwnTar(tar: number, folder: string): Promise<void> {
  const owners = process.getuid?.() === 0 ? "--same-owner" : "--no-same-owner";
  const kept = ["--preserve-permissions", "--numeric-owner", owners, "--xattrs", "--xattrs-include=*"];
  const child = startProgram(["tar", "--extract", ...kept, "--file", "-", "--directory", folder], {
    stdin: tar,
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = new Response(child.stderr as ReadableStream<Uint8Array>).text();
  const [exitCode, stderr] = await Promise.all([child.exited, said]);
  const signal = child.signalCode === null ? undefined : String(child.signalCode);
  if (exitCode !== 0) throw programFailed("unpack the image", "tar", { exitCode, signal, stderr });
}
