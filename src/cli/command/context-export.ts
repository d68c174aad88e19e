import { writeFileSync } from "node:fs";
import { tarEnd, tarHeader, tarPadding } from "#image";
import type { Command } from "../command.ts";
import { archiveToTerminal, fileUnwritable } from "../error.ts";
import { errLine, isTerminal, out } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";

export const command: Command = {
  name: "context export",
  usage: "CONTEXT [FILE|-]",
  summary: "Write the address of an engine, with its keys, to a tar archive",
  flags: [],
  args: [1, 2],
  run(_flags, [name = "", target = `${name}.dockercontext`]) {
    if (target === "-" && isTerminal(1))
      throw archiveToTerminal("context export", "vial context export NAME FILE");
    const store = new ContextStore();
    const { document } = store.read(name);
    const members: [string, Uint8Array][] = [
      ["meta.json", Buffer.from(JSON.stringify(document))],
      ...Object.entries(store.tls(name)).map(([file, bytes]): [string, Uint8Array] => [
        `tls/docker/${file}`,
        bytes,
      ]),
    ];
    const bytes = Buffer.concat([
      ...members.flatMap(([path, content]) => [
        tarHeader({ type: "file", name: path, size: content.length, mode: 0o600, mtime: 0 }),
        content,
        tarPadding(content.length),
      ]),
      tarEnd(),
    ]);
    if (target === "-") {
      out(bytes);
      return 0;
    }
    try {
      // It may hold a key; and what is there already is not written over.
      writeFileSync(target, bytes, { mode: 0o600, flag: "wx" });
    } catch (error) {
      throw fileUnwritable("context export", target, (error as Error).message);
    }
    errLine(`Written file "${target}"`);
    return 0;
  },
};
