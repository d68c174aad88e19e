import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { exportContainer, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { exportToTerminal } from "../error.ts";
import { textFlag } from "../flag.ts";
import { isTerminal, out } from "../print.ts";

export const command: Command = {
  name: "export",
  usage: "[OPTIONS] CONTAINER",
  summary: "Write a container's files as a tar archive",
  mapped: "range",
  meets: (_flags, [name]) => name,
  flags: [textFlag("output", "file", "Write to a file instead of standard output", "o")],
  args: [1, 1],
  run(flags, [name = ""]) {
    const file = flags.text("output");
    const stream = exportContainer(openEngine(), name);
    if (file === undefined) {
      if (isTerminal(1)) throw exportToTerminal(name);
      for (const bytes of stream) out(bytes);
      return 0;
    }
    const part = `${file}.part-${process.pid}`;
    const fd = openSync(part, "wx", 0o600);
    try {
      for (const bytes of stream)
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      renameSync(part, file);
    } finally {
      closeSync(fd);
      rmSync(part, { force: true });
    }
    return 0;
  },
};
