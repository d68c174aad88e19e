import { hostPlatform, printPlatform } from "#spec";
import type { Command } from "../../command.ts";
import { listFormatFlag } from "../../flag.ts";
import { printList } from "../../format.ts";
import { out } from "../../print.ts";
import { version } from "../../version.ts";

export const command: Command = {
  name: "buildx ls",
  usage: "[OPTIONS]",
  summary: "List the builders: there is one",
  flags: [listFormatFlag],
  args: [0, 0],
  run(flags) {
    const listing = {
      table: "{{.Name}}\t{{.DriverEndpoint}}\t{{.Status}}\t{{.Buildkit}}\t{{.Platforms}}",
      headers: {
        Buildkit: "BUILDKIT",
        DriverEndpoint: "DRIVER/ENDPOINT",
        Name: "NAME/NODE",
        Platforms: "PLATFORMS",
        Status: "STATUS",
      },
    };
    const row = {
      Buildkit: `none; vial ${version}`,
      DriverEndpoint: "vial",
      Name: "default*",
      Platforms: printPlatform(hostPlatform()),
      Status: "running",
    };
    out(printList(listing, [row], flags.text("format")));
    return 0;
  },
};
