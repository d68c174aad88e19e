import { importImage, openEngine } from "#engine";
import { parseChanges, readDescriptor, readPath } from "#image";
import { parsePlatform, parseReference } from "#spec";
import type { Command } from "../command.ts";
import { archiveFromTerminal, archiveUnreachable } from "../error.ts";
import { listFlag, textFlag } from "../flag.ts";
import { isTerminal, outLine } from "../print.ts";
import { checkReadable } from "../readable.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "import",
  usage: "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]",
  summary: "Make an image of a root file system in a tar",
  flags: [
    listFlag(
      "change",
      "instruction",
      "Apply a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL,\nSTOPSIGNAL, USER, VOLUME, WORKDIR",
      "c",
    ),
    textFlag("message", "text", "Comment for the image's history", "m"),
    textFlag("platform", "os/arch", "Platform of the programs inside (default: this machine's)"),
  ],
  args: [1, 2],
  async run(flags, [source = "", name]) {
    const wanted = flags.text("platform");
    const message = flags.text("message");
    const change = parseChanges(flags.list("change"));
    const reference = name === undefined ? undefined : parseReference(name);
    if (source === "-" && isTerminal(0)) throw archiveFromTerminal("import", "FILE");
    const { id } = await importImage(openEngine(), open(source), {
      subject: source === "-" ? "the archive on standard input" : `the archive "${source}"`,
      created: new Date().toISOString(),
      change,
      warn: voice().warn,
      ...(message === undefined ? {} : { message }),
      ...(reference === undefined ? {} : { reference }),
      ...(wanted === undefined ? {} : { platform: parsePlatform(wanted) }),
    });
    outLine(id);
    return 0;
  },
};

function open(source: string): AsyncIterable<Uint8Array> {
  if (source === "-") return readDescriptor(0);
  if (/^https?:\/\//.test(source)) return download(source);
  checkReadable("FILE", source);
  return readPath(source);
}

async function* download(address: string): AsyncGenerator<Uint8Array, void> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw archiveUnreachable(address, (error as Error).message);
  }
  if (!response.ok || response.body === null)
    throw archiveUnreachable(address, `the server answered ${response.status} ${response.statusText}`);
  yield* response.body;
}
