import { release } from "node:os";
import { hostPlatform } from "#spec";
import type { Command } from "../command.ts";
import { inspectFormatFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { out } from "../print.ts";
import { printVersion, version } from "../version.ts";

export const command: Command = {
  name: "version",
  usage: "[OPTIONS]",
  summary: "Show the version of Vial",
  flags: [inspectFormatFlag],
  args: [0, 0],
  run(flags) {
    const { os, architecture } = hostPlatform();
    const half = { Version: version, Os: os, Arch: architecture, BunVersion: Bun.version };
    // Scripts ask Docker for both halves. Here they are one program.
    out(
      printDocument(
        { Client: half, Server: { ...half, KernelVersion: release() } },
        flags.text("format"),
        printVersion,
      ),
    );
    return 0;
  },
};
