import { readFileSync } from "node:fs";
import { type TarEntry, TarReader } from "#image";
import type { Command } from "../command.ts";
import { readAllBytes } from "../ask.ts";
import { fileUnreadable } from "../error.ts";
import { errLine, outLine } from "../print.ts";
import { ContextStore, parseContext, type TlsFiles, tlsFileNames } from "../remote/context-store.ts";
import { parseAddress } from "../remote/endpoint.ts";
import { contextFileInvalid } from "../remote/error.ts";

export const command: Command = {
  name: "context import",
  usage: "CONTEXT FILE|-",
  summary: "Read the address of an engine from a tar archive",
  flags: [],
  args: [2, 2],
  run(_flags, [name = "", source = ""]) {
    const members = readMembers(source, readSource(source));
    const meta = members.get("meta.json");
    if (meta === undefined) throw contextFileInvalid(source, "it has no meta.json");
    const context = { ...parseContext(source, meta), name };
    const tls: TlsFiles = Object.fromEntries(
      tlsFileNames.flatMap((file) => {
        const bytes = members.get(`tls/docker/${file}`);
        return bytes === undefined ? [] : [[file, bytes]];
      }),
    );
    if (context.host !== "") parseAddress(context.host, Object.keys(tls).length > 0);
    new ContextStore().create(context, tls);
    outLine(name);
    errLine(`Successfully imported context "${name}"`);
    return 0;
  },
};

/** Docker's own limit. */
const maxBytes = 10 * 1024 * 1024;

function readSource(source: string): Uint8Array {
  try {
    const bytes = source === "-" ? readAllBytes() : readFileSync(source);
    if (bytes.length > maxBytes) throw contextFileInvalid(source, `it has more than ${maxBytes} bytes`);
    if (bytes[0] === 0x50 && bytes[1] === 0x4b)
      throw contextFileInvalid(source, "it is a zip archive, and a tar archive is wanted");
    return bytes;
  } catch (error) {
    if (error instanceof Error && "code" in error && "errno" in error)
      throw fileUnreadable("context import", source, error.message);
    throw error;
  }
}

/** Members by name; names are looked up here alone, never on the file system. */
function readMembers(source: string, bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const members = new Map<string, Uint8Array>();
  let current: { readonly entry: TarEntry; readonly parts: Buffer[] } | undefined;
  const reader = new TarReader(
    {
      entry: (entry) => {
        if (members.size > 100) throw contextFileInvalid(source, "it has more than 100 members");
        current = { entry, parts: [] };
      },
      data: (part) => void current?.parts.push(Buffer.from(part)),
      end: () => {
        if (current?.entry.type === "file") members.set(current.entry.name, Buffer.concat(current.parts));
      },
    },
    { subject: source, refuse: (reason) => contextFileInvalid(source, reason) },
  );
  reader.push(bytes);
  reader.finish();
  return members;
}
