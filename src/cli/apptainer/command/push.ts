import type { Command } from "../../command.ts";
import { boolFlag } from "../../flag.ts";
import { pushFile } from "../../push-file.ts";

// `apptainer push FILE URI`: as `vial push`, with nothing on standard output.

export const command: Command = {
  name: "push",
  usage: "[OPTIONS] FILE URI",
  summary: "Send an image file to a registry",
  flags: [
    boolFlag("no-https", "Let the registry be spoken to without TLS"),
    boolFlag("quiet", "Show no progress"),
  ],
  args: [2, 2],
  async run(flags, [path = "", uri = ""]) {
    const [insecure, quiet] = [flags.bool("no-https"), flags.bool("quiet")];
    await pushFile(path, uri, { insecure, quiet, platform: undefined });
    return 0;
  },
};
